"""A log of actions that lost its end or its beginning: told, and read again, whatever offset was committed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.common.settings import Settings
from services.recorder.intake.from_kafka.places import Sight, committed_places, look
from services.recorder.intake.from_kafka.quarantine import Quarantine
from services.recorder.kafka import topics
from services.recorder.kafka.fetching import Bounds, Consumer
from tests.support.access import as_admin
from tests.support.ledger import bench, section
from tests.support.patience import patient_producer
from tests.support.service import Service


class Reports:
    """What the quarantine was told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    async def gap(self, topic: str, partition: int, committed: int, first: int) -> None:  # noqa: ARG002
        """As the quarantine has it."""
        self.told.append((partition, committed, first))

    async def forgotten(self, topic: str, partition: int, first: int) -> None:  # noqa: ARG002
        """As the quarantine has it."""
        self.told.append((partition, first))

    async def cut_off(self, topic: str, partition: int, committed: int, bounds: Bounds) -> None:  # noqa: ARG002
        """As the quarantine has it."""
        self.told.append((partition, committed, bounds))


@asynccontextmanager
async def _consumer(settings: Settings, partitions: Sequence[TopicPartition]) -> AsyncIterator[Consumer]:
    consumer: Consumer = AIOKafkaConsumer(
        **as_admin(settings), group_id=f"{settings.topic_prefix}-recorder", enable_auto_commit=False,
        auto_offset_reset="none",
    )  # fmt: skip
    await consumer.start()
    try:
        consumer.assign(partitions)
        yield consumer
    finally:
        await consumer.stop()


async def _send(settings: Settings, partition: int, *sections: str) -> None:
    producer: Any = patient_producer(settings)
    await producer.start()
    try:
        for name in sections:
            value = json.dumps(section(name)).encode()
            await producer.send_and_wait(settings.topic("actions"), value, partition=partition)
    finally:
        await producer.stop()


async def _delete(settings: Settings, partition: TopicPartition, before: int) -> None:
    """As retention does it."""
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    await admin.delete_records({partition: RecordsToDelete(before_offset=before)})
    await admin.close()


async def _select(settings: Settings, statement: str) -> list[str]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return [row[0] for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def _until(find: Callable[[], Awaitable[object]], wanted: object) -> None:
    found: object = None
    for _ in range(300):
        found = await find()
        if found == wanted:
            return
        await asyncio.sleep(0.1)
    assert found == wanted


@pytest.fixture
async def partitions(settings: Settings) -> list[TopicPartition]:
    await topics.ensure(settings)
    return [TopicPartition(settings.topic("actions"), p) for p in range(3)]


async def test_the_place_where_reading_goes_on(settings: Settings, partitions: list[TopicPartition]) -> None:
    good, shorter, new = partitions
    for partition in partitions:
        await _send(settings, partition.partition, "a", "b", "c")
    reports = Reports()
    async with _consumer(settings, partitions) as consumer:
        await consumer.commit({good: 2, shorter: 5})
        places = await committed_places(consumer, partitions, reports)
        assert places == {good: (2, False), shorter: (0, True), new: (0, True)}
        assert reports.told == [(shorter.partition, 5, Bounds(0, 3))]


async def test_a_place_that_is_lost_while_running(settings: Settings, partitions: list[TopicPartition]) -> None:
    good, shorter, older = partitions
    for partition in partitions:
        await _send(settings, partition.partition, "a", "b", "c")
    await _delete(settings, older, before=2)
    reports = Reports()
    async with _consumer(settings, partitions) as consumer:
        for partition, place in ((good, 3), (shorter, 4), (older, 1)):
            consumer.seek(partition, place)
        assert await look(consumer, reports) == Sight({shorter: 0, older: 2}, {shorter: 3, older: 1})
        assert set(reports.told) == {(shorter.partition, 4, Bounds(0, 3)), (older.partition, 1, 2)}


async def test_a_forgotten_offset_is_told_where_something_was_recorded(
    settings: Settings, partitions: list[TopicPartition], database: str
) -> None:
    await _send(settings, 1, "a", "b", "c")
    await _delete(settings, partitions[1], before=2)
    async with bench(database) as ledger:
        quarantine = Quarantine(ledger.pool, ledger.ledger, ledger.vault, settings)
        async with _consumer(settings, partitions) as consumer:
            for told in ([], [("offset-forgotten", 1, 1)]):
                places = await committed_places(consumer, partitions, quarantine)
                assert places == {partitions[0]: (0, True), partitions[1]: (2, True), partitions[2]: (0, True)}
                rows = await ledger.rows('SELECT code, partition, "offset" FROM ledger.quarantine')
                assert [tuple(row) for row in rows] == told
                await ledger.accepted(section())


async def test_nothing_is_skipped_where_the_log_is_shorter_than_the_offset(
    settings: Settings, partitions: list[TopicPartition]
) -> None:
    async with _consumer(settings, partitions) as consumer:
        await consumer.commit({partitions[0]: 3, partitions[1]: 1000})
    with Service("recorder", settings) as recorder:
        recorder.wait_ready()
        for number, partition in enumerate((0, 0, 0, 1, 2)):
            await _send(settings, partition, f"s{number}")
        await _until(lambda: _select(settings, "SELECT count(*) FROM ledger.event"), [5])
        told = await _select(settings, "SELECT code FROM ledger.quarantine")
        assert told == ["log-cut-off"] * 2
        async with _consumer(settings, partitions) as consumer:
            await _until(lambda: asyncio.gather(*map(consumer.committed, partitions)), [3, 1, 1])
