"""A partition and the ledger: held against it, record by record, and filled from it.

What is wrong with a partition is said of the first record that is. Records are published one batch in flight, each
where it is expected.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.common.faults import fault
from services.common.kafka.macs import Macs
from services.common.settings import Settings
from services.common.telling.both import Both
from services.recorder.errors import Unavailable
from services.recorder.kafka import fetching, sending, topics
from services.recorder.kafka.fetching import Stretch, consuming
from services.recorder.kafka.marks import Marks
from services.recorder.kafka.sending import Producer, Record
from services.recorder.ledger import archived
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.ledger.rows import UNREADABLE, answered, event_row
from services.recorder.recovery.refusals import refused, said
from services.recorder.recovery.subject import ending
from services.recorder.relay.relay import read

AT_ONCE: Final = 2000
State = Literal["whole", "behind", "damaged", "ahead"]
_AHEAD: Final = frozenset({"beyond", "other-bytes"})  # else it is damaged


@dataclass(frozen=True, slots=True)
class Partition:
    """What a partition has of the ledger's ``size`` records: those before ``next``; ``why`` says what is wrong."""

    kind: str
    shard: int
    state: State
    next: int
    size: int
    why: str = ""
    why_zh: str = ""


@dataclass(slots=True)
class Records:
    """What must be on a partition."""

    settings: Settings
    pool: Pool
    ledger: Ledger
    kind: str
    shard: int
    macs: Macs
    _ahead: deque[Record] = field(default_factory=deque)  # of the ledger's
    _following: int = 0  # what was found on the topic, each once and in order

    @property
    def place(self) -> TopicPartition:
        """The partition."""
        return TopicPartition(self.settings.topic(self.kind), self.shard)

    async def assess(self) -> Partition:
        """Read all of the partition. Raises Unavailable, Refused."""
        self._ahead.clear()
        self._following = 0
        why: Both | None = None
        marks = Marks(self.macs, self.kind, self.place.topic, self.shard)
        async with consuming(self.settings) as consumer:
            stretch = await Stretch.begun(consumer, self.place, 0)
            while why is None and (found := await stretch.fetch(AT_ONCE)):
                for record in found:
                    why = why or await self._judged(marks, record)
        size = await ending(self.pool, self.shard, self.kind)
        if why is not None:
            state: State = "ahead" if why.word in _AHEAD else "damaged"
            return Partition(self.kind, self.shard, state, self._following, size, why.en, why.zh)
        state = "whole" if self._following >= size else "behind"
        return Partition(self.kind, self.shard, state, self._following, size)

    async def publish(self, first: int, told: Callable[[int], None]) -> int:
        """Publish all from ``first`` on that the ledger has by now; how many. Raises Unavailable, Refused."""
        size = await ending(self.pool, self.shard, self.kind)
        try:
            producer = await sending.connected(self.settings)
            try:
                at = first
                while at < size and (portion := await self._read(at, min(AT_ONCE, size - at))):
                    await _send(producer, self.place, portion, at, self.macs)
                    at += len(portion)
                    told(len(portion))
                    fault("after-portion")
                return at - first
            finally:
                await topics.let_go(producer)
        except (KafkaError, TimeoutError) as error:
            why = type(error).__name__
            raise Unavailable(
                f"Kafka went away ({why}). Run the command again: it goes on.",
                f"Kafka 中断（{why}）。请再执行一次，将从中断处继续。",
            ) from error

    async def _read(self, first: int, count: int) -> list[Record]:
        """These, as many as there are. Raises Refused where one has left the ledger for the archive."""
        async with self.pool.acquire() as connection:
            if self.kind == "events" and (file := await archived.file_at(connection, self.shard, first)):
                raise refused("archived", shard=self.shard, position=first, file=file)
            return await read(connection, self.ledger, self.kind, self.shard, first, count)

    async def _judged(self, marks: Marks, record: fetching.Record) -> Both | None:
        if not marks.is_ours(record):
            return said("foreign-at", what=marks.strangers.last)
        return await self._unlike(record.offset, (record.key or b"", record.value or b""))

    async def _unlike(self, offset: int, record: Record) -> Both | None:
        """What is wrong with the topic's next record; None where nothing is, or it is a repeat.

        Readers pass a repeat over whatever it says; whoever verifies doesn't.
        """
        try:
            at = event_row(record[1])[1] if self.kind == "events" else answered(record[1]).at
        except UNREADABLE as error:
            raise refused("unreadable", kind=self.kind, shard=self.shard, offset=offset) from error
        if at < self._following:
            same = await self._read(at, 1) == [record]
            return None if same else said("other-repeat", offset=offset, shard=self.shard, at=at)
        if at > self._following:
            return said("missing-at", shard=self.shard, wanted=self._following, offset=offset, at=at)
        if not self._ahead:
            self._ahead.extend(await self._read(at, AT_ONCE))
        if not self._ahead:
            return said("beyond", shard=self.shard, at=at)
        if self._ahead.popleft() != record:
            return said("other-bytes", shard=self.shard, at=at)
        self._following += 1
        return None


async def _send(producer: Producer, place: TopicPartition, records: Sequence[Record], first: int, macs: Macs) -> None:
    left = list(records)
    marks = macs.writing(place.topic, place.partition)
    expected: int | None = None
    while left:
        batch, count = sending.filled(producer, left, first, marks)
        if not count:
            raise refused("too-large", bytes=len(left[0][1]))
        offset = await sending.sent(producer, batch, place)
        if expected not in {None, offset}:
            raise refused("others-write", kind=place.topic, shard=place.partition, why="")
        expected = offset + count
        first += count
        left = left[count:]
