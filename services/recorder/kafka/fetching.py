"""Partitions read up to a point, without a group: whoever reads says from where, and keeps count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from services.common.kafka import patch
from services.common.kafka.login import NoLogin
from services.common.settings import Settings
from services.recorder.errors import Misconfigured, silent, unreadable
from services.recorder.kafka import topics
from services.recorder.kafka.topics import login

MOST: Final = 20_000  # records at once
_PARTITION_BYTES: Final = 4 * 1024 * 1024  # fetched ahead
_PATIENCE_MS: Final = 60_000

Consumer: TypeAlias = "AIOKafkaConsumer[bytes, bytes]"
Record: TypeAlias = "ConsumerRecord[bytes, bytes]"


class Bounds(NamedTuple):
    """A partition's first offset, and the next one to be written."""

    first: int
    end: int


async def bounds(consumer: Consumer, places: Collection[TopicPartition]) -> dict[TopicPartition, Bounds]:
    """Of each of these partitions, as they are now. Raises KafkaError."""
    if not places:
        return {}
    firsts = await consumer.beginning_offsets(list(places))
    ends = await consumer.end_offsets(list(places))
    return {place: Bounds(firsts[place], ends[place]) for place in places}


@asynccontextmanager
async def consuming(settings: Settings) -> AsyncIterator[Consumer]:
    """A consumer without a group, which is told what to read. Raises Unavailable."""
    with _told():
        async with reading(settings) as consumer:
            yield consumer


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Consumer]:
    """The same, as Kafka fails it. Raises KafkaError."""
    patch.install()
    consumer: Consumer = AIOKafkaConsumer(
        **login(settings),
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_PARTITION_BYTES,
        check_crcs=True,
    )
    try:
        await consumer.start()
        await asyncio.sleep(0)  # its own task must have begun before it can be stopped well
        yield consumer
    finally:
        await consumer.stop()


@contextmanager
def _told() -> Iterator[None]:
    """What Kafka answers to nobody: Unavailable. What nobody can ask it with: Misconfigured."""
    try:
        yield
    except NoLogin as error:
        raise Misconfigured(*error.words.values()) from error
    except KafkaError as error:
        raise unreadable(error) from error


@dataclass(slots=True)
class Stretch:
    """A partition between two offsets; ``at`` is the next to be read."""

    consumer: Consumer
    place: TopicPartition
    at: int
    end: int

    @classmethod
    async def begun(cls, consumer: Consumer, place: TopicPartition, first: int, end: int | None = None) -> Stretch:
        """From where number ``first`` can be first on, to ``end``, or where it ends now. Raises Unavailable.

        Every number comes at least once, in order: none can be at an offset below itself.
        """
        with _told():
            found = (await bounds(consumer, [place]))[place]
            consumer.assign([place])
            until = found.end if end is None else end
            at = min(max(found.first, first), until)
            consumer.seek(place, at)
            return cls(consumer, place, at, until)

    async def fetch(self, most: int = MOST) -> list[Record]:
        """What one fetch brings; nothing at the end. Raises Unavailable."""
        while self.at < self.end:
            with _told():
                found = await self.consumer.getmany(self.place, timeout_ms=_PATIENCE_MS, max_records=most)
                if not found:
                    raise silent(self.place.topic, self.place.partition)
                self.at = await self.consumer.position(self.place)
            if records := [record for record in found[self.place] if record.offset < self.end]:
                return records
        return []


async def fetches(consumer: Consumer, place: TopicPartition, first: int, end: int) -> AsyncIterator[list[Record]]:
    """All of a stretch, fetch by fetch. Raises Unavailable."""
    if first < end:
        stretch = await Stretch.begun(consumer, place, first, end)
        while records := await stretch.fetch():
            yield records


async def everything(settings: Settings, topic: str, ends: Collection[int]) -> AsyncIterator[list[Record]]:
    """All partitions of a topic, one after the other, each to its end. Raises Unavailable."""
    async with consuming(settings) as consumer:
        for number, end in enumerate(ends):
            async for records in fetches(consumer, TopicPartition(topic, number), 0, end):
                yield records


async def ends_of(settings: Settings, topic: str) -> list[int] | None:
    """Where each partition of a topic ends now; None where there is no such topic. Raises Unavailable."""
    with _told():
        places = [TopicPartition(topic, number) for number in range(await topics.partitions(settings, topic))]
    if not places:
        return None
    async with consuming(settings) as consumer:
        ends = await consumer.end_offsets(places)
    return [ends[place] for place in places]
