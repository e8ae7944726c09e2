"""A partition of events or receipts as a tape: each position or number once, in order, from a given one on.

A hole ends the tape, as its end does; ``torn`` then says where. Records that no recorder of this ledger wrote (they
carry no MAC of ours) are passed over and counted.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from aiokafka import TopicPartition

from services.common.kafka.macs import Foreign, Strangers
from services.common.settings import Settings
from services.recorder.kafka.fetching import Consumer, Record, Stretch, consuming
from services.recorder.kafka.marks import Marks, macs_of
from services.recorder.ledger.rows import UNREADABLE, Answered, Recorded, answered, recorded
from services.recorder.recovery.refilling.telling import Remark, remark
from services.recorder.recovery.refusals import refused

_FETCHED: Final = 2_000
T = TypeVar("T", Recorded, Answered)


class Tape(Generic[T]):
    """The tape of one partition. ``next`` is the position or number of the record that ``ahead`` gives first."""

    def __init__(
        self, consumer: Consumer, marks: Marks, place: TopicPartition, source: str, read: Callable[[bytes], T]
    ) -> None:
        """See ``opened``."""
        self._consumer = consumer
        self._kind = marks.kind
        self._place = place
        self._source = source
        self._read: Callable[[bytes], T] = read
        self._buffer: deque[T] = deque()
        self._stretch = Stretch(consumer, place, 0, 0)
        self._following = 0
        self.next = 0
        self._marks = marks
        self.torn: Remark | None = None

    @property
    def strangers(self) -> Strangers:
        """The records that were passed over."""
        return self._marks.strangers

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
                    self._hear(record)
        return list(islice(self._buffer, count))

    def take(self, count: int) -> None:
        """These have been dealt with."""
        for _ in range(count):
            self._buffer.popleft()
        self.next += count

    def _hear(self, record: Record) -> None:
        try:
            if not self._marks.is_ours(record):
                return
            each = self._read(record.value or b"")
        except UNREADABLE as error:
            raise refused("unreadable", kind=self._kind, shard=self._place.partition, offset=record.offset) from error
        if each.source != self._source:
            self.strangers.see(Foreign.of(record, "other-ledger"))
        elif each.at > self._following:
            shard, wanted, found = self._place.partition, self._following, each.at
            self.torn = remark(
                f"{self._kind}-missing",
                shard, kind=self._kind, wanted=wanted, last=found - 1, offset=record.offset, found=found,
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
        macs = macs_of(settings)
        marked = [Marks(macs, kind, at.topic, shard) for kind, at in (("events", events), ("receipts", receipts))]
        yield Tapes(Tape(one, marked[0], events, source, recorded), Tape(other, marked[1], receipts, source, answered))
