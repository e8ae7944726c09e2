"""A partition of events or receipts as a tape: each position or number once, in order, from a given one on.

A hole ends the tape, as its end does; ``torn`` then says where. Records that no recorder of this ledger wrote are
passed over and counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.common.settings import Settings
from services.recorder.errors import silent, unreadable
from services.recorder.ledger.rows import UNREADABLE, Answered, Recorded, answered, recorded

_PATIENCE_MS: Final = 30_000
_FETCHED: Final = 2_000
_LARGEST: Final = 2 * 1024 * 1024
T = TypeVar("T", Recorded, Answered)
Consumer: TypeAlias = "AIOKafkaConsumer[bytes, bytes]"


@dataclass(frozen=True, slots=True)
class Torn:
    """A hole: ``wanted`` is the position or number that the topic lacks, ``found`` what comes instead at ``offset``."""

    wanted: int
    found: int
    offset: int


class Tape(Generic[T]):
    """The tape of one partition. ``next`` is the position or number of the record that ``ahead`` gives first."""

    def __init__(self, consumer: Consumer, place: TopicPartition, source: str, read: Callable[[bytes], T]) -> None:
        """See ``opened``."""
        self._consumer = consumer
        self._place = place
        self._source = source
        self._read: Callable[[bytes], T] = read
        self._buffer: deque[T] = deque()
        self._end = 0
        self._following = 0
        self.next = 0
        self.foreign = 0
        self.torn: Torn | None = None

    async def begin(self, first: int) -> None:
        """Begin at that position or number: it is at no offset below itself. Raises Unavailable."""
        self.next = self._following = first
        try:
            self._end = (await self._consumer.end_offsets([self._place]))[self._place]
            begin = (await self._consumer.beginning_offsets([self._place]))[self._place]
        except KafkaError as error:
            raise unreadable(error) from error
        self._consumer.assign([self._place])
        self._consumer.seek(self._place, min(max(begin, first), self._end))

    async def left(self) -> int:
        """About how many records are left: repeats count. Raises Unavailable."""
        try:
            return len(self._buffer) + self._end - int(await self._consumer.position(self._place))
        except KafkaError as error:
            raise unreadable(error) from error

    async def ahead(self, count: int) -> list[T]:
        """The next records, so many of them, or all that are left. Raises Unavailable."""
        while len(self._buffer) < count and self.torn is None and await self._more():
            pass
        return [self._buffer[index] for index in range(min(count, len(self._buffer)))]

    def take(self, count: int) -> None:
        """These have been dealt with."""
        for _ in range(count):
            self._buffer.popleft()
        self.next += count

    async def _more(self) -> bool:
        """Fetch; False at the end."""
        try:
            if await self._consumer.position(self._place) >= self._end:
                return False
            found = await self._consumer.getmany(self._place, timeout_ms=_PATIENCE_MS, max_records=_FETCHED)
        except KafkaError as error:
            raise unreadable(error) from error
        if not found:
            raise silent(self._place.topic, self._place.partition)
        for record in found[self._place]:
            if record.offset < self._end and self.torn is None:
                self._hear(record.value, record.offset)
        return True

    def _hear(self, value: bytes | None, offset: int) -> None:
        try:
            each = self._read(value or b"")
        except UNREADABLE:
            self.foreign += 1
            return
        if each.source != self._source or each.row[0] != self._place.partition:
            self.foreign += 1
        elif each.at > self._following:
            self.torn = Torn(self._following, each.at, offset)
        elif each.at == self._following:
            self._following += 1
            self._buffer.append(each)


@dataclass(slots=True)
class Tapes:
    """Both tapes of a shard."""

    events: Tape[Recorded]
    receipts: Tape[Answered]


@asynccontextmanager
async def opened(settings: Settings, source: str, shard: int) -> AsyncIterator[Tapes]:
    """The tapes of a shard of the ledger with that CloudEvents source. Raises Unavailable."""
    one, other = (_consumer(settings) for _ in range(2))
    places = [TopicPartition(settings.topic(kind), shard) for kind in ("events", "receipts")]
    try:
        await one.start()
        await other.start()
        yield Tapes(Tape(one, places[0], source, recorded), Tape(other, places[1], source, answered))
    except KafkaError as error:
        raise unreadable(error) from error
    finally:
        await one.stop()
        await other.stop()


def _consumer(settings: Settings) -> Consumer:
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_LARGEST,
        check_crcs=True,
    )
