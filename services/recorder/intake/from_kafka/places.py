"""Where in the actions topic reading goes on, and whether that place is still there.

A log may lose its beginning before that was read (retention), and its end after it was read (a power cut, an unclean
election, a broker restored from a backup, a topic made anew). An offset that is no longer in it is reported, and the
log is read from its first record on: receipts tell what was recorded. Without that, what is sent until the log has
grown to the old offset would be skipped in silence.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, Protocol

from aiokafka import TopicPartition

from services.recorder.kafka.fetching import Bounds, Consumer, bounds

PATIENCE: Final = 10.0  # seconds until a consumer without a position is asked again later


class Reports(Protocol):
    """The quarantine."""

    async def gap(self, topic: str, partition: int, committed: int, first: int) -> None:
        """Records before ``first`` were lost to retention."""

    async def forgotten(self, topic: str, partition: int, first: int) -> None:
        """It isn't known whether records before ``first`` had been read."""

    async def cut_off(self, topic: str, partition: int, committed: int, bounds: Bounds) -> None:
        """The log ends before ``committed``."""


async def committed_places(
    consumer: Consumer, partitions: Collection[TopicPartition], reports: Reports
) -> dict[TopicPartition, tuple[int, bool]]:
    """Where to begin in newly assigned partitions, and whether that is news to Kafka. Raises KafkaError, TRANSIENT."""
    committed = {tp: await consumer.committed(tp) for tp in partitions}  # before the bounds, so never ahead of them
    found = await bounds(consumer, partitions)
    places: dict[TopicPartition, tuple[int, bool]] = {}
    for tp, offset in committed.items():
        place = found[tp].first if offset is None else await _place(tp, offset, found[tp], reports)
        if offset is None and place > 0:
            await reports.forgotten(tp.topic, tp.partition, place)
        places[tp] = place, place != offset
    return places


class Sight(NamedTuple):
    """What there is to do: places to go back to, where the log lost what would be read next; records to be read."""

    lost: Mapping[TopicPartition, int]
    behind: Mapping[TopicPartition, int]


async def look(consumer: Consumer, reports: Reports) -> Sight:
    """Look at what is assigned. Raises KafkaError, TRANSIENT."""
    before = await _positions(consumer)
    found = await bounds(consumer, before)
    now = await _positions(consumer)
    lost = {
        tp: await _place(tp, position, found[tp], reports)
        for tp, position in before.items()
        if now.get(tp) == position and not found[tp].first <= position <= found[tp].end
    }
    behind = {tp: found[tp].end - lost.get(tp, now[tp]) for tp in before if tp in now}
    return Sight(lost, {tp: count for tp, count in behind.items() if count > 0})


async def _place(tp: TopicPartition, offset: int, bounds: Bounds, reports: Reports) -> int:
    if offset < bounds.first:
        await reports.gap(tp.topic, tp.partition, offset, bounds.first)
        return bounds.first
    if offset > bounds.end:
        await reports.cut_off(tp.topic, tp.partition, offset, bounds)
        return bounds.first
    return offset


async def _positions(consumer: Consumer) -> Mapping[TopicPartition, int]:
    async with asyncio.timeout(PATIENCE):
        return {tp: await consumer.position(tp) for tp in consumer.assignment()}
