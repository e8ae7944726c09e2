"""One shard: what ledger and topics both hold is compared, then what the ledger lacks comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson

from services.common.kafka.macs import Macs
from services.common.settings import Settings
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.tails import tails
from services.recorder.ledger.database import QUERIES, Ledger, Pool
from services.recorder.recovery.refilling import tape
from services.recorder.recovery.refilling.filling import Filling, Told
from services.recorder.recovery.refilling.parting import parting
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.portions import Reader, Sources
from services.recorder.recovery.refilling.tape import Tape, Tapes
from services.recorder.recovery.refilling.telling import Report, remark
from services.recorder.recovery.subject import standing
from services.recorder.trust import history
from services.recorder.trust.history import Found
from services.recorder.trust.witness import Witnessed, all_witnessed

_LAST_RECEIPTS: Final = 2000  # they tell which apps there are


@dataclass(slots=True)
class Work:
    """What every shard's filling needs, and what is told of it."""

    settings: Settings
    pool: Pool
    ledger: Ledger
    witnessed: Witnessed
    keys: Keys
    told: Told
    total: Callable[[int], None]  # how many events more there are to do
    report: Report
    macs: Macs

    @classmethod
    async def begun(  # noqa: PLR0917  # what a command asks
        cls, settings: Settings, pool: Pool, ledger: Ledger, keys: Keys, told: Told, total: Callable[[int], None]
    ) -> Work:
        """With all that was signed of this ledger. Raises Misconfigured, Unavailable."""
        signed = await all_witnessed(settings, ledger.id)
        return cls(
            settings, pool, ledger, signed, keys, told, total, Report(ok=True, ledger=str(ledger.id)), macs_of(settings)
        )

    async def tell_of_keys(self) -> None:
        """Say which of the texts that came back can't be opened."""
        keys, texts = await self.keys.unknown(self.pool)
        if keys:
            self.report.add(remark("keys-unknown", keys=keys, texts=texts))

    async def at_end(self, shard: int, kind: str) -> Found:
        """What the end of the topic says of the shard."""
        ends = await tails(self.settings, kind, [shard], self.macs)
        async with self.pool.acquire() as connection:
            return await history.check_tail(connection, self.ledger, kind, shard, ends[shard])


async def fill(work: Work, shard: int) -> bool:
    """Bring back what the shard lacks, or say where its history and the topic's part; whether it has all of that now.

    Raises Unavailable, Refused.
    """
    stand = await standing(work.pool, shard)
    async with tape.opened(work.settings, work.ledger.source, shard) as tapes:
        differs = await _begin(work, shard, tapes, stand)
        if differs is None:
            work.total(tapes.events.left())
            filling = Filling(work.pool, shard, work.witnessed.get(shard, {}), work.keys, work.told)
            remarks = await filling.fill(tapes, Reader(tapes, await _sources(work, shard, stand)))
            filling.done.size = max(filling.done.size, stand["size"])
            filling.done.next_receipt = max(filling.done.next_receipt, stand["next_receipt"])
            work.report.shards.append(filling.done)
            work.report.add(*remarks)
            return filling.whole
    async with tape.opened(work.settings, work.ledger.source, shard) as tapes:
        work.report.add(await parting(work.pool, shard, tapes, differs))
    return False


async def _begin(work: Work, shard: int, tapes: Tapes, stand: asyncpg.Record) -> str | None:
    """Both tapes behind what the ledger holds; or of which kind the last that both hold differs."""
    for kind, end, last in (
        ("events", stand["size"], stand["event"]),
        ("receipts", stand["next_receipt"], stand["receipt"]),
    ):
        one = tapes.of(kind)
        # Where the topic ends before the ledger, the ledger may have another one at the topic's end.
        if await _unlike(one, end, last) or (one.next < end and (await work.at_end(shard, kind)).differs):
            return kind
        one.next = end
    return None


async def _unlike(one: Tape[Any], end: int, last: bytes | None) -> bool:
    """Begin behind the ledger's last; whether the topic has another one there. It may end before, as it should."""
    if last is None:  # there is none yet, or it was archived
        await one.begin(end)
        return False
    await one.begin(end - 1)
    there = await one.ahead(1)
    one.take(len(there))
    return bool(there) and bool(there[0].raw != last)


async def _sources(work: Work, shard: int, stand: asyncpg.Record) -> Sources:
    sources = Sources()
    first = max(stand["next_receipt"] - _LAST_RECEIPTS, 0)
    async with work.pool.acquire() as connection:
        async for row in QUERIES.receipts_from(connection, shard=shard, first=first, count=_LAST_RECEIPTS):
            sources.hear(orjson.loads(row["body"]))
    return sources
