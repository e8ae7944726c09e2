"""The recorder at work: what waits on the intake topic → committed to the ledger and published, events and receipts.

One recorder a processor, two at most, side by side in one consumer group, as an installation scales. They start with
everything waiting. The clock runs from the moment when the first ``WARM_UP`` actions are committed until the last
record is on its topic, for the actions and events of that time. The projector doesn't run.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.common.settings import Settings
from tests.bench.filling import Refused
from tests.bench.stack import RECORDER, SERVERS, Bench, watched
from tests.support.access import as_admin

WARM_UP: Final = 3_000  # actions
RECORDERS: Final = min(2, os.cpu_count() or 1)
_LOOK: Final = 0.25  # seconds
_STUCK: Final = 60.0
_SIZES: Final = "SELECT sum(size)::bigint AS events, sum(next_receipt)::bigint AS receipts FROM ledger.shard"
_REJECTED: Final = 'SELECT receipt FROM ledger.receipt WHERE position(\'"outcome":"accepted"\'::bytea IN receipt) = 0'


@dataclass(frozen=True, slots=True)
class Rate:
    """What the recorders did; ``rss_mb`` is the larger one's, ``cores`` theirs together."""

    actions_per_s: float
    events_per_s: float
    actions: int
    seconds: float
    rss_mb: float
    cores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Stand:
    """How far ledger and topics are at a moment."""

    at: float
    events: int
    receipts: int
    published_events: int
    published_receipts: int

    @property
    def published(self) -> bool:
        """Whether all that is committed is published."""
        return self.published_events >= self.events and self.published_receipts >= self.receipts


class Ledger:
    """Looks at ledger and topics, cheaply."""

    def __init__(
        self,
        settings: Settings,
        connection: asyncpg.Connection[asyncpg.Record],
        consumer: AIOKafkaConsumer,
    ) -> None:
        self._connection = connection
        self._consumer = consumer
        self._partitions = {
            topic: [TopicPartition(settings.topic(topic), shard) for shard in range(settings.shards)]
            for topic in ("events", "receipts")
        }

    async def stand(self) -> Stand:
        """How far they are; the ledger is asked first."""
        row = await self._connection.fetchrow(_SIZES)
        assert row is not None
        ends = await self._consumer.end_offsets([tp for topic in self._partitions.values() for tp in topic])
        events, receipts = (sum(ends[tp] for tp in self._partitions[topic]) for topic in ("events", "receipts"))
        return Stand(time.monotonic(), row["events"], row["receipts"], events, receipts)

    async def until(self, receipts: int) -> list[Stand]:
        """Look until that many receipts are there and everything is published; all stands from now on."""
        stands = [await self.stand()]
        moved = time.monotonic()
        while stands[-1].receipts < receipts or not stands[-1].published:
            if time.monotonic() - moved > _STUCK:
                quarantined = await self._connection.fetchval("SELECT count(*) FROM ledger.quarantine")
                raise TimeoutError(
                    f"nothing moves: {stands[-1]}, {receipts} receipts wanted, {quarantined} quarantined"
                )
            await asyncio.sleep(_LOOK)
            stand = await self.stand()
            if (stand.receipts, stand.published_events) != (stands[-1].receipts, stands[-1].published_events):
                moved = stand.at
            stands.append(stand)
        return stands

    async def check(self) -> None:
        """Raise Refused unless everything was accepted."""
        refused = await self._connection.fetch(_REJECTED)
        if refused:
            raise Refused(len(refused), refused[0]["receipt"].decode())


@asynccontextmanager
async def ledger(settings: Settings) -> AsyncIterator[Ledger]:
    """Connect to where the ledger and its topics are."""
    connection = await asyncpg.connect(settings.database_url)
    consumer = AIOKafkaConsumer(**as_admin(settings), enable_auto_commit=False)
    try:
        await consumer.start()
        yield Ledger(settings, connection, consumer)
    finally:
        await consumer.stop()
        await connection.close()


async def record(bench: Bench, actions: int) -> Rate:
    """Start the recorders on what waits (``actions`` of them), measure, stop them."""
    others = [f"{RECORDER}-{number}" for number in range(2, RECORDERS + 1)]
    async with ledger(bench.settings) as looking, watched(bench, (RECORDER, *others, *SERVERS)) as usage:
        before = await looking.stand()
        async with side_by_side(bench):
            stands = await looking.until(before.receipts + actions)
    async with ledger(bench.settings) as looking:
        await looking.check()
    first = next(stand for stand in stands if stand.receipts >= before.receipts + WARM_UP)
    last = stands[-1]
    seconds = last.at - first.at
    done, events = last.receipts - first.receipts, last.events - first.events
    cores = usage.cores(first.at, last.at)
    cores[RECORDER] += sum(cores.pop(name, 0) for name in others)
    rss = max(usage.rss_mb[name] for name in (RECORDER, *others))
    return Rate(done / seconds, events / seconds, done, seconds, rss, cores)


@asynccontextmanager
async def side_by_side(bench: Bench) -> AsyncIterator[None]:
    """All recorders, begun together."""
    others = [await bench.start_beside(RECORDER, number) for number in range(2, RECORDERS + 1)]
    starting = asyncio.create_task(bench.start(RECORDER))
    try:
        yield
    finally:
        await starting
        for name in (RECORDER, *others):
            await bench.stop(name)
