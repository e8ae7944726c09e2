"""One shard: what ledger and topics both hold is compared, then what the ledger lacks comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from services.common.settings import Settings
from services.recorder.errors import Unavailable
from services.recorder.kafka import fetching
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.queries import QUERIES
from services.recorder.recovery.refilling import tape
from services.recorder.recovery.refilling.filling import Filled, Filling, Told
from services.recorder.recovery.refilling.parting import Fork, parting
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.portions import Reader, Sources
from services.recorder.recovery.refilling.tape import Tape, Tapes
from services.recorder.trust import history
from services.recorder.trust.witness import Witnessed

_LAST_RECEIPTS: Final = 2000


@dataclass(slots=True)
class Work:
    """What every shard's filling needs."""

    settings: Settings
    pool: Pool
    ledger: Ledger
    witnessed: Witnessed
    keys: Keys
    told: Told
    total: Callable[[int], None]  # how many events more there are to do


async def fill(work: Work, shard: int) -> Filled | Fork:
    """Bring back what the shard lacks; or say where its history and the topic's part. Raises Unavailable, Refused."""
    stand = await _stand(work, shard)
    async with tape.opened(work.settings, work.ledger.source, shard) as tapes:
        differs = await _begin(work, shard, tapes, stand)
        if differs is None:
            work.total(tapes.events.left())
            reader = Reader(tapes, await _sources(work, shard, stand))
            filling = Filling(work.pool, shard, work.witnessed.get(shard, {}), work.keys, work.told)
            filled = await filling.fill(tapes, reader)
            filled.size = max(filled.size, stand["size"])
            filled.next_receipt = max(filled.next_receipt, stand["next_receipt"])
            return filled
    async with tape.opened(work.settings, work.ledger.source, shard) as tapes:
        return await parting(work.pool, shard, tapes, differs)


async def _stand(work: Work, shard: int) -> asyncpg.Record:
    async with work.pool.acquire() as connection:
        row: asyncpg.Record | None = await STANDING.stand(connection, shard=shard)
    if row is None:
        raise Unavailable(f"the ledger has no shard {shard}.", f"账本没有分片 {shard}。")
    return row


async def _begin(work: Work, shard: int, tapes: Tapes, stand: asyncpg.Record) -> str | None:
    """Both tapes behind what the ledger holds; or of which kind the last that both hold differs."""
    ends = (
        ("events", tapes.events, stand["size"], stand["event"]),
        ("receipts", tapes.receipts, stand["next_receipt"], stand["receipt"]),
    )
    for kind, one, end, last in ends:
        if await _unlike(one, end, last) or (one.next < end and await _unlike_there(work, shard, kind)):
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


async def _unlike_there(work: Work, shard: int, kind: str) -> bool:
    """Whether the ledger has another one at the topic's end, where that comes before the ledger's own."""
    tail = (await fetching.tails(work.settings.kafka, work.settings.topic(kind), [shard]))[shard]
    async with work.pool.acquire() as connection:
        return (await history.check_tail(connection, work.ledger, kind, shard, tail)).differs


async def _sources(work: Work, shard: int, stand: asyncpg.Record) -> Sources:
    sources = Sources()
    first = max(stand["next_receipt"] - _LAST_RECEIPTS, 0)
    async with work.pool.acquire() as connection:
        async for row in QUERIES.receipts_before(connection, shard=shard, first=first):
            sources.hear(row["receipt"])
    return sources
