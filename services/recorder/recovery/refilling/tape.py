"""A partition of events or receipts as a tape: each position or number once, in order, from a given one on.

A hole ends the tape, as its end does; ``torn`` then says where. Records that no recorder of this ledger wrote are
passed over and counted.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from aiokafka import TopicPartition

from services.common.settings import Settings
from services.recorder.kafka.fetching import Consumer, Stretch, consuming
from services.recorder.ledger.rows import UNREADABLE, Answered, Recorded, answered, recorded
from services.recorder.recovery.refilling.telling import Remark, remark

_FETCHED: Final = 2_000
T = TypeVar("T", Recorded, Answered)


class Tape(Generic[T]):
    """The tape of one partition. ``next`` is the position or number of the record that ``ahead`` gives first."""

    def __init__(
        self, consumer: Consumer, kind: str, place: TopicPartition, source: str, read: Callable[[bytes], T]
    ) -> None:
        """See ``opened``."""
        self._consumer = consumer
        self._kind = kind
        self._place = place
        self._source = source
        self._read: Callable[[bytes], T] = read
        self._buffer: deque[T] = deque()
        self._stretch = Stretch(consumer, place, 0, 0)
        self._following = 0
        self.next = 0
        self.foreign = 0
        self.torn: Remark | None = None

    async def begin(self, first: int) -> None:
        """Begin at that position or number: it is at no offset below itself. Raises Unavailable."""
        self.next = self._following = first
        self._stretch = await Stretch.begun(self._consumer, self._place, first)

    def left(self) -> int:
        """About how many records are left: repeats count."""
        return len(self._buffer) + self._stretch.end - self._stretch.at

    async def ahead(self, count: int) -> list[T]:
        """The next records, so many of them, or all that are left. Raises Unavailable."""
        while len(self._buffer) < count and self.torn is None and (found := await self._stretch.fetch(_FETCHED)):
            for record in found:
                if self.torn is None:
                    self._hear(record.value, record.offset)
        return list(islice(self._buffer, count))

    def take(self, count: int) -> None:
        """These have been dealt with."""
        for _ in range(count):
            self._buffer.popleft()
        self.next += count

    def _hear(self, value: bytes | None, offset: int) -> None:
        try:
            each = self._read(value or b"")
        except UNREADABLE:
            self.foreign += 1
            return
        if each.source != self._source or each.row[0] != self._place.partition:
            self.foreign += 1
        elif each.at > self._following:
            shard, wanted, found = self._place.partition, self._following, each.at
            self.torn = remark(
                f"{self._kind}-missing",
                shard, kind=self._kind, wanted=wanted, last=found - 1, offset=offset, found=found,
            )  # fmt: skip
        elif each.at == self._following:
            self._following += 1
            self._buffer.append(each)


@dataclass(slots=True)
class Tapes:
    """Both tapes of a shard."""

    events: Tape[Recorded]
    receipts: Tape[Answered]

    def of(self, kind: str) -> Tape[Any]:
        """That of events, or of receipts."""
        return self.events if kind == "events" else self.receipts


@asynccontextmanager
async def opened(settings: Settings, source: str, shard: int) -> AsyncIterator[Tapes]:
    """The tapes of a shard of the ledger with that CloudEvents source. Raises Unavailable."""
    events, receipts = (TopicPartition(settings.topic(kind), shard) for kind in ("events", "receipts"))
    async with consuming(settings) as one, consuming(settings) as other:
        yield Tapes(Tape(one, "events", events, source, recorded), Tape(other, "receipts", receipts, source, answered))
