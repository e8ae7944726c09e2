"""A ledger held against what was signed of it: where they part, and whether the topic still has what was signed."""

from __future__ import annotations

from schemas.merkle import extended, root_of
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.refilling import tape, telling
from services.recorder.recovery.refilling.shards import Work
from services.recorder.recovery.refilling.telling import Remark
from services.recorder.trust.witness import broken_in

_AT_ONCE = 1000


async def unlike(work: Work, shard: int) -> Remark | None:
    """What is to be said of a shard that isn't what was signed; None where it is. Raises Unavailable."""
    roots = work.witnessed.get(shard, {})
    if not roots:
        return None
    async with work.pool.acquire() as connection:
        size = (await STANDING.stand(connection, shard=shard))["size"]
        if size < max(roots):
            return telling.behind_checkpoint(shard, size, max(roots))
        found = await broken_in(connection, shard, roots)
    if found is None:
        return None
    on_topic = await _root_on_topic(work, shard, found.first)
    return telling.changed(shard, found.good, found.first, on_topic=on_topic == roots[found.first])


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
