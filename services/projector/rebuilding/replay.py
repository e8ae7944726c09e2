"""From the events topic into one version of the read models, up to given positions and no further.

A client of its own, outside the projectors' group: they keep their partitions. While a batch is folded, the next one is
fetched and parsed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import Final, Self

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.common.faults import fault
from services.common.kafka import patch
from services.common.kafka.macs import Record
from services.common.settings import Settings
from services.common.telling.log import raised
from services.projector import settings as limits
from services.projector.database import TRANSIENT
from services.projector.errors import Halted, NotRunning, Unreadable
from services.projector.following.batch import Slice
from services.projector.following.engine import Engine, Outcome
from services.projector.following.marks import macs_of
from services.projector.following.topic import FETCHING, Reading, login, partitions, readings

_WAIT_MS: Final = 200
PATIENCE: Final = 10.0  # seconds without a record, though some are missing
_BACKOFF: Final = (0.3, 1.0, 3.0, 10.0)
_log = structlog.get_logger(__name__)


class Replay:
    """Reads and folds; as a context manager it gives the client back."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._topic = settings.topic("events")
        self._shards = range(settings.shards)
        self._engine = engine
        self._macs = macs_of(settings)
        patch.install()
        self._kafka = AIOKafkaConsumer(**login(settings), enable_auto_commit=False, **FETCHING)
        self._readings: dict[int, Reading] = {}
        self._folding: asyncio.Task[int] | None = None

    async def __aenter__(self) -> Self:
        """Raises Unreadable where the topic isn't as it must be, NotRunning where Kafka isn't there."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._kafka.stop)
            with _told():
                await self._assign()
            stack.pop_all()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        if self._folding is not None:
            self._folding.cancel()
            await asyncio.wait([self._folding])
        await self._kafka.stop()

    async def to(self, ends: Mapping[int, int]) -> AsyncIterator[int]:
        """Fold until the shards stand at these positions; yields how many events each batch had.

        Raises Halted where an event doesn't fold, Unreadable where the topic doesn't reach that far, NotRunning where
        Kafka isn't there.
        """
        with _told():
            await self._seek_cursors()
            async for count in self._to(ends):
                yield count

    async def reach(self, ends: Mapping[int, int]) -> None:
        """The same, whatever each batch had."""
        async for _ in self.to(ends):
            pass

    async def _assign(self) -> None:
        found = await partitions(self._settings, self._topic)
        if found != len(self._shards):
            raise Unreadable(
                f"The topic {self._topic} has {found} partitions, the shards are {len(self._shards)}.",
                f"主题 {self._topic} 有 {found} 个分区，而分片数为 {len(self._shards)}。",
            )
        await self._kafka.start()
        self._kafka.assign([self._place(shard) for shard in self._shards])

    async def _seek_cursors(self) -> None:
        """To the events before the cursors, to compare them; to the beginning where nobody knows where that is.

        The cursors are the only truth: what was cut short before is forgotten.
        """
        await self._folded()
        places = {self._place(shard): True for shard in self._shards}
        for place, reading in (await readings(self._kafka, self._engine, self._macs, places)).items():
            self._kafka.seek(place, reading.offset)
            self._readings[place.partition] = reading

    def _place(self, shard: int) -> TopicPartition:
        return TopicPartition(self._topic, shard)

    async def _to(self, ends: Mapping[int, int]) -> AsyncIterator[int]:
        moved = time.monotonic()
        while missing := {s: end for s, end in ends.items() if self._readings[s].expected < end}:
            self._turn_to(missing)
            found = await self._fetch(missing)
            moved = time.monotonic() if found else moved
            if time.monotonic() - moved > PATIENCE:
                await self._kafka.end_offsets([self._place(shard) for shard in missing])  # is Kafka there at all?
                raise self._too_short(missing)
            slices = [await self._parse(shard, records, ends[shard]) for shard, records in found]
            yield await self._folded()
            self._folding = asyncio.create_task(self._fold([slice_ for slice_ in slices if slice_ is not None]))
        yield await self._folded()

    def _turn_to(self, missing: Iterable[int]) -> None:
        """Fetch nothing of the shards that are where they should be."""
        there = {self._place(shard) for shard in self._shards} - {self._place(shard) for shard in missing}
        self._kafka.pause(*there)
        self._kafka.resume(*(self._place(shard) for shard in missing))

    async def _fetch(self, missing: Mapping[int, int]) -> list[tuple[int, list[Record]]]:
        places = [self._place(shard) for shard in missing]
        found = await self._kafka.getmany(*places, timeout_ms=_WAIT_MS, max_records=limits.MAX_RECORDS)
        return [(place.partition, records) for place, records in found.items() if records]

    async def _parse(self, shard: int, records: list[Record], end: int) -> Slice | None:
        """What of these lies before the end. What lies beyond is read again when it is asked for."""
        reading = self._readings[shard]
        slice_ = await reading.take(records)
        await self._engine.tell({shard: found} if (found := reading.marks.taken()).count else {})
        if slice_ is None:
            self._kafka.seek(self._place(shard), 0)
            reading.hinted = False
            return None
        if slice_.gap and slice_.end < end:
            raise Unreadable(
                f"The topic {self._topic} lacks position {slice_.end} of shard {shard}.",
                f"主题 {self._topic} 缺少分片 {shard} 的序号 {slice_.end}。",
            )
        slice_ = slice_.until(end)
        if slice_.end == end and slice_.tail is not None:
            self._kafka.seek(self._place(shard), slice_.tail.offset + 1)
        reading.expected, reading.tail = slice_.end, slice_.tail
        return slice_ if slice_.facts or slice_.broken is not None else None

    async def _folded(self) -> int:
        """Wait for the batch before; how many events it had."""
        folding, self._folding = self._folding, None
        return 0 if folding is None else await folding

    async def _fold(self, slices: list[Slice]) -> int:
        if not slices:
            return 0
        for delay in _BACKOFF:
            try:
                outcomes = await self._engine.apply(slices)
                break
            except TRANSIENT as error:
                _log.warning("batch-postponed", raised=raised(error))
                await asyncio.sleep(delay)
        else:
            outcomes = await self._engine.apply(slices)
        fault("while-replaying")
        return sum(map(_applied, outcomes))

    def _too_short(self, missing: Mapping[int, int]) -> Unreadable:
        where = ", ".join(f"shard {s} up to {self._readings[s].expected} of {end}" for s, end in missing.items())
        there = "，".join(f"分片 {s} 到 {self._readings[s].expected}，应到 {end}" for s, end in missing.items())
        return Unreadable(
            f"The topic {self._topic} doesn't hold what was applied: {where}. Is it being filled, or another history?",
            f"主题 {self._topic} 不含已投影的内容：{there}。它是否正在重新填充，或属于另一段历史？",
        )


@contextmanager
def _told() -> Iterator[None]:
    """What Kafka fails with: nothing can be said of the read models then, least of all that they are wrong."""
    try:
        yield
    except (KafkaError, OSError) as error:
        why = type(error).__name__
        told = f"Kafka can't be reached, or can't be read ({why}).", f"无法连接或读取 Kafka（{why}）。"
        raise NotRunning(*told) from error


def _applied(outcome: Outcome) -> int:
    """Raises Halted; Unreadable where somebody else folds the same version."""
    if outcome.behind:
        shard, position = outcome.cursor.shard, outcome.cursor.next
        raise Unreadable(
            f"shard {shard}: somebody else moved the cursor to {position}", f"分片 {shard}：游标被移到了 {position}"
        )
    if outcome.halted:
        shard, why = outcome.cursor.shard, outcome.cursor.error
        raise Halted(f"shard {shard}: {why}", f"分片 {shard}：{why}")
    return outcome.applied
