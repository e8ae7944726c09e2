"""A partition and the ledger: held against it, record by record, and filled from it.

What is wrong with a partition is said of the first record that is. Records are published one batch in flight, each
where it is expected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.common.both import Both
from services.common.faults import fault
from services.common.settings import Settings
from services.recorder.errors import Unavailable
from services.recorder.kafka import sending, topics
from services.recorder.kafka.fetching import Stretch, consuming
from services.recorder.kafka.sending import Producer, Record
from services.recorder.ledger import archived
from services.recorder.ledger.database import QUERIES, Ledger, Pool
from services.recorder.ledger.rows import UNREADABLE, answered, event_row
from services.recorder.recovery.refusals import refused, said
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


class Records:
    """The ledger's side: what must be on the topic. ``following``: what was found there, each once and in order."""

    def __init__(self, pool: Pool, ledger: Ledger, kind: str, shard: int) -> None:
        self._pool = pool
        self._ledger = ledger
        self._kind = kind
        self._shard = shard
        self._ahead: deque[Record] = deque()
        self.following = 0

    async def size(self) -> int:
        """How many there are now."""
        async with self._pool.acquire() as connection:
            async for row in QUERIES.sizes(connection, shards=[self._shard]):
                return int(row["size"] if self._kind == "events" else row["next_receipt"])
        raise Unavailable(f"the ledger has no shard {self._shard}.", f"账本没有分片 {self._shard}。")

    async def read(self, first: int, count: int) -> list[Record]:
        """These, as many as there are. Raises Refused where one has left the ledger for the archive."""
        async with self._pool.acquire() as connection:
            if self._kind == "events" and (file := await archived.file_at(connection, self._shard, first)):
                raise refused("archived", shard=self._shard, position=first, file=file)
            return await read(connection, self._ledger, self._kind, self._shard, first, count)

    async def unlike(self, offset: int, record: Record) -> Both | None:
        """What is wrong with the topic's next record; None where nothing is, or it is a repeat.

        Readers pass a repeat over whatever it says; whoever verifies doesn't.
        """
        try:
            at = event_row(record[1])[1] if self._kind == "events" else answered(record[1]).at
        except UNREADABLE:
            return said("foreign-at", offset=offset)
        if at < self.following:
            same = await self.read(at, 1) == [record]
            return None if same else said("other-repeat", offset=offset, shard=self._shard, at=at)
        if at > self.following:
            return said("missing-at", shard=self._shard, wanted=self.following, offset=offset, at=at)
        if not self._ahead:
            self._ahead.extend(await self.read(at, AT_ONCE))
        if not self._ahead:
            return said("beyond", shard=self._shard, at=at)
        if self._ahead.popleft() != record:
            return said("other-bytes", shard=self._shard, at=at)
        self.following += 1
        return None


async def assess(settings: Settings, pool: Pool, ledger: Ledger, kind: str, shard: int) -> Partition:
    """Read all of it. Raises Unavailable, Refused."""
    records = Records(pool, ledger, kind, shard)
    place = TopicPartition(settings.topic(kind), shard)
    async with consuming(settings.kafka) as consumer:
        stretch = await Stretch.begun(consumer, place, 0)
        why: Both | None = None
        while why is None and (found := await stretch.fetch(AT_ONCE)):
            for record in found:
                why = why or await records.unlike(record.offset, (record.key or b"", record.value or b""))
    size = await records.size()
    if why is not None:
        state: State = "ahead" if why.word in _AHEAD else "damaged"
        return Partition(kind, shard, state, records.following, size, why.en, why.zh)
    return Partition(kind, shard, "whole" if records.following >= size else "behind", records.following, size)


async def publish(  # noqa: PLR0917  # where from, where to
    settings: Settings, pool: Pool, ledger: Ledger, kind: str, shard: int, first: int, told: Callable[[int], None]
) -> int:
    """Publish all from ``first`` on that the ledger has by now; how many. Raises Unavailable, Refused."""
    records = Records(pool, ledger, kind, shard)
    size = await records.size()
    place = TopicPartition(settings.topic(kind), shard)
    try:
        producer = await sending.connected(settings.kafka)
        try:
            at = first
            while at < size and (portion := await records.read(at, min(AT_ONCE, size - at))):
                await _send(producer, place, portion)
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


async def _send(producer: Producer, place: TopicPartition, records: Sequence[Record]) -> None:
    left = list(records)
    expected: int | None = None
    while left:
        batch, count = sending.filled(producer, left)
        if not count:
            raise refused("too-large", bytes=len(left[0][1]))
        offset = await sending.sent(producer, batch, place)
        if expected not in {None, offset}:
            raise refused("others-write", kind=place.topic, shard=place.partition, why="")
        expected = offset + count
        left = left[count:]
