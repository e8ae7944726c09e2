"""A partition held against the ledger, record by record: whether it is whole, and if not, what is wrong with it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from aiokafka import TopicPartition

from services.common.settings import Settings
from services.recorder.errors import Unavailable
from services.recorder.kafka.fetching import Stretch, consuming
from services.recorder.kafka.sending import Record
from services.recorder.ledger import archived
from services.recorder.ledger.database import QUERIES, Ledger, Pool
from services.recorder.ledger.rows import UNREADABLE, answered, event_row
from services.recorder.recovery.refusals import refused, said
from services.recorder.relay.relay import wrap_receipt

AT_ONCE: Final = 2000
State = Literal["whole", "behind", "damaged", "ahead"]


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
    """The ledger's side: what must be on the topic, from a position or number on, read ahead of its use."""

    def __init__(self, pool: Pool, ledger: Ledger, kind: str, shard: int) -> None:
        self._pool = pool
        self._ledger = ledger
        self._kind = kind
        self._shard = shard
        self._first = 0
        self._ahead: deque[Record] = deque()

    async def size(self) -> int:
        """How many there are now."""
        async with self._pool.acquire() as connection:
            async for row in QUERIES.sizes(connection, shards=[self._shard]):
                return int(row["size"] if self._kind == "events" else row["next_receipt"])
        raise Unavailable(f"the ledger has no shard {self._shard}.", f"账本没有分片 {self._shard}。")

    async def read(self, first: int, count: int) -> list[Record]:
        """These, as many as there are. Raises Refused where one has left the ledger for the archive."""
        query = QUERIES.events_from if self._kind == "events" else QUERIES.receipts_from
        async with self._pool.acquire() as connection:
            if self._kind == "events" and (file := await archived.file_at(connection, self._shard, first)):
                raise refused("archived", shard=self._shard, position=first, file=file)
            rows = [row async for row in query(connection, shard=self._shard, first=first, count=count)]
        if self._kind == "receipts":
            return [wrap_receipt(self._ledger.source, row["body_digest"], row["body"]) for row in rows]
        return [(row["key"].encode(), row["body"]) for row in rows]

    async def at(self, index: int) -> Record | None:
        """One of them; asked for in order. None where the ledger doesn't have it."""
        while self._first < index and self._ahead:
            self._ahead.popleft()
            self._first += 1
        if not self._ahead:
            self._first = index
            self._ahead.extend(await self.read(index, AT_ONCE))
        return self._ahead[0] if self._ahead else None


async def assess(settings: Settings, pool: Pool, ledger: Ledger, kind: str, shard: int) -> Partition:
    """Read all of it. Raises Unavailable, Refused."""
    records = Records(pool, ledger, kind, shard)
    place = TopicPartition(settings.topic(kind), shard)
    async with consuming(settings.kafka) as consumer:
        return await _Assessing(await Stretch.begun(consumer, place, 0), records, kind).run()


class _Assessing:
    def __init__(self, stretch: Stretch, records: Records, kind: str) -> None:
        self._stretch = stretch
        self._place = stretch.place
        self._records = records
        self._kind = kind
        self._following = 0

    async def run(self) -> Partition:
        wrong: tuple[State, tuple[str, str]] | None = None
        while wrong is None and (found := await self._stretch.fetch(AT_ONCE)):
            for record in found:
                wrong = wrong or await self._wrong(record.offset, (record.key or b"", record.value or b""))
        size = await self._records.size()
        if wrong is not None:
            return self._said(wrong[0], size, *wrong[1])
        return self._said("whole" if self._following >= size else "behind", size)

    async def _wrong(self, offset: int, record: Record) -> tuple[State, tuple[str, str]] | None:
        shard = self._place.partition
        try:
            at = event_row(record[1])[1] if self._kind == "events" else answered(record[1]).at
        except UNREADABLE:
            return "damaged", said("foreign-at", offset=offset)
        if at < self._following:
            return await self._wrong_repeat(offset, at, record)
        if at > self._following:
            return "damaged", said("missing-at", shard=shard, wanted=self._following, offset=offset, at=at)
        mine = await self._records.at(at)
        if mine is None:
            return "ahead", said("beyond", shard=shard, at=at)
        if mine != record:
            return "ahead", said("other-bytes", shard=shard, at=at)
        self._following += 1
        return None

    async def _wrong_repeat(self, offset: int, at: int, record: Record) -> tuple[State, tuple[str, str]] | None:
        """Readers pass it over whatever it says; whoever verifies doesn't."""
        mine = await self._records.read(at, 1)
        if mine and mine[0] == record:
            return None
        return "damaged", said("other-repeat", offset=offset, shard=self._place.partition, at=at)

    def _said(self, state: State, size: int, why: str = "", why_zh: str = "") -> Partition:
        return Partition(self._kind, self._place.partition, state, self._following, size, why, why_zh)
