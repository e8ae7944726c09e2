"""A ledger held against what was signed of it: where they part, and whether the topic still has what was signed."""

from __future__ import annotations

from schemas.merkle import extended, root_of
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.refilling import tape, telling
from services.recorder.recovery.refilling.shards import Work
from services.recorder.recovery.refilling.telling import Remark
from services.recorder.trust.witness import root_at

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
        fits = [at for at, root in roots.items() if await root_at(connection, shard, at) == root]
    wrong = set(roots) - set(fits)
    if not wrong:
        return None
    first = min(wrong)
    since = max((at for at in fits if at < first), default=0)
    on_topic = await _root_on_topic(work, shard, first)
    return telling.changed(shard, since, first, on_topic=on_topic == roots[first])


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
