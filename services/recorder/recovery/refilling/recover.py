"""What a ledger lacks, back from the topics: for a ledger restored from an older backup.

Recorders may run: a shard that is behind its topic is read-only, and becomes writable again by itself a few seconds
after all of it is back.
"""

from collections.abc import Callable, Iterable
from typing import Final

from schemas.trust.merkle import extended, root_of
from services.common.settings import Settings
from services.recorder.ledger.database import Ledger
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.refilling import tape
from services.recorder.recovery.refilling.filling import Told
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.shards import Work, fill
from services.recorder.recovery.refilling.telling import Remark, Report, foreign, remark
from services.recorder.recovery.refusals import refused
from services.recorder.recovery.subject import chosen, leased, opened
from services.recorder.trust import history, marking
from services.recorder.trust.witness import broken_in

KINDS: Final = ("events", "receipts")
_AT_ONCE: Final = 1000


async def recover(settings: Settings, only: Iterable[int], told: Told, total: Callable[[int], None]) -> Report:
    """Bring back what these shards lack, all shards where none is named. Raises Refused, Unavailable."""
    async with opened(settings) as (pool, row):
        if row["ledger"] is None or row["restoring"]:
            raise refused("restoring")
        await marking.checked(pool, settings)
        shards = chosen(only, row["shards"])
        work = await Work.begun(settings, pool, Ledger(row["ledger"], row["shards"]), Keys(), told, total)
        for shard in shards:
            await _recover(work, shard)
            if (unlike := await _unlike_signed(work, shard)) is not None:
                work.report.add(unlike)
        await work.tell_of_keys()
        if any(shard.events or shard.receipts for shard in work.report.shards):
            work.report.add(remark("never-published"))
        if not await leased(pool):  # a recorder that runs notes the mode itself, once it has seen it
            await history.check(pool, work.ledger, settings, shards, alone=True)
        return work.report


async def _recover(work: Work, shard: int) -> None:
    """Fill the shard where a topic holds something at its end that it lacks, or that differs from it.

    Where the topic's end still says so afterwards, that is told: nothing was missing, and something else is wrong.
    """
    ends = [await work.at_end(shard, kind) for kind in KINDS]
    if all(end.reason is None for end in ends):
        work.report.add(*foreign(shard, *(end.strangers for end in ends)))
    elif await fill(work, shard):
        again = [(await work.at_end(shard, kind)).reason for kind in KINDS]
        work.report.add(*(remark("stands", shard, why=why) for why in again if why is not None))


async def _unlike_signed(work: Work, shard: int) -> Remark | None:
    """What is to be said of a shard that isn't what was signed; None where it is. Raises Unavailable."""
    roots = work.witnessed.get(shard, {})
    if not roots:
        return None
    async with work.pool.acquire() as connection:
        size = (await STANDING.stand(connection, shard=shard))["size"]
        if size < max(roots):
            return remark("events-lost", shard, size=size, signed=max(roots))
        found = await broken_in(connection, shard, roots)
    if found is None:
        return None
    on_topic = await _root_on_topic(work, shard, found.first) == roots[found.first]
    word = "changed-topic" if on_topic else "changed-both"
    return remark(word, shard, since=found.good, last=found.first - 1)


async def _root_on_topic(work: Work, shard: int, size: int) -> bytes:
    """The root of the tree over the first events on the topic, as far as it has them."""
    peaks, at = b"", 0
    async with tape.opened(work.settings, work.ledger.source, shard) as tapes:
        await tapes.events.begin(0)
        while at < size and (events := await tapes.events.ahead(min(_AT_ONCE, size - at))):
            peaks = extended(peaks, at, [event.leaf for event in events])
            tapes.events.take(len(events))
            at += len(events)
    return root_of(peaks)
