"""Where the recorder's own records end on its topics; what others have put behind them is told, and passed over."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from aiokafka import TopicPartition

from services.common.kafka.macs import Macs, Strangers
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from services.recorder.kafka import topics
from services.recorder.kafka.fetching import Bounds, Consumer, Record, bounds, reading
from services.recorder.kafka.marks import Marks

_BACK: Final = 256  # records that are looked at where the last is foreign; eight times as many each time they all are
_WAIT_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Tail:
    """A partition's end: the next offset, the last record of ours if there is any, and whose stand behind it.

    ``wrong``: why whose they are can't be told: the file of keys is too old.
    """

    end: int
    last: Record | None
    strangers: Strangers
    wrong: Misconfigured | None = None


async def tails(  # noqa: PLR0917  # what is asked, and of whom
    settings: Settings,
    kind: str,
    shards: Collection[int],
    macs: Macs,
    within: float = 30.0,
    since: Mapping[int, int] = MappingProxyType({}),
) -> dict[int, Tail]:
    """Read back the end of each of these partitions; of some, all from an offset on.

    Raises KafkaError, or TimeoutError where the broker doesn't give it in time.
    """
    topic = settings.topic(kind)
    marks = {TopicPartition(topic, shard): Marks(macs, kind, topic, shard) for shard in shards}
    return await topics.unbroken(_tails(settings, marks, within, since))


async def _tails(
    settings: Settings, marks: dict[TopicPartition, Marks], within: float, since: Mapping[int, int]
) -> dict[int, Tail]:
    """All side by side: a fetch brings the ends of many. Where foreign records stand there, one after the other."""
    async with reading(settings) as consumer, asyncio.timeout(within):
        consumer.assign(list(marks))
        found = await bounds(consumer, list(marks))
        begun = {
            place: max(at.first, min(at.end - 1, since.get(place.partition, at.end))) for place, at in found.items()
        }
        for place, begin in begun.items():
            consumer.seek(place, begin)
        records: dict[TopicPartition, list[Record]] = {place: [] for place in marks}
        while wanted := [at for at in marks if begun[at] < found[at].end and not _reach(records[at], found[at])]:
            for place, more in (await consumer.getmany(*wanted, timeout_ms=_WAIT_MS)).items():
                records[place] += more
        tails = {place: _judged(marks[place], records[place], found[place].end) for place in marks}
        for place, tail in tails.items():
            if tail.last is None and tail.wrong is None and tail.strangers.count:
                tails[place] = await _further_back(
                    consumer, tail, marks[place], place, Bounds(found[place].first, begun[place])
                )
        return {place.partition: tail for place, tail in tails.items()}


def _reach(records: Sequence[Record], at: Bounds) -> bool:
    return bool(records) and records[-1].offset >= at.end - 1


def _judged(marks: Marks, records: Sequence[Record], end: int) -> Tail:
    """The last of ours among these."""
    after = records[-1].offset + 1 if records else end
    try:
        ours = marks.ours(records)
    except Misconfigured as error:
        return Tail(after, None, marks.strangers, error)
    return Tail(after, ours[-1] if ours else None, marks.strangers)


async def _further_back(consumer: Consumer, tail: Tail, marks: Marks, place: TopicPartition, at: Bounds) -> Tail:
    """The same, where all from the end of these bounds on is foreign."""
    step, until, found = _BACK, at.end, tail
    while until > at.first and found.last is None and found.wrong is None:
        begin = max(until - step, at.first)
        found = _judged(marks, await _stretch(consumer, place, begin, until), until)
        step, until = 8 * step, begin
    return replace(found, end=tail.end)


async def _stretch(consumer: Consumer, place: TopicPartition, begin: int, end: int) -> list[Record]:
    consumer.assign([place])
    consumer.seek(place, begin)
    found: list[Record] = []
    while await consumer.position(place) < end:
        for records in (await consumer.getmany(place, timeout_ms=_WAIT_MS)).values():
            found += [record for record in records if record.offset < end]
    return found
