"""A projector without its API on a real Kafka, and what a recorder would have published there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner, Result

from schemas.trust.mac import sequence
from services.common.settings import Settings
from services.projector import cli, read_models
from services.projector.following.engine import Engine
from services.projector.following.fetch import Consumer
from services.projector.following.progress import Progress
from services.projector.read_models import ReadModel
from services.projector.rebuilding.rebuild import Rebuild
from services.projector.settings import consumer_name
from tests.integration.projector_world import SHARDS, Record, World
from tests.support.access import as_admin
from tests.support.marked import marked
from tests.support.patience import patient_producer

_SECONDS = 20.0
Models = tuple[ReadModel, ...]
LEDGER = [
    "CREATE SCHEMA ledger",
    "CREATE TABLE ledger.shard (shard int PRIMARY KEY, size bigint NOT NULL)",
    "CREATE TABLE ledger.event (shard int, position bigint, leaf_hash bytea)",
    "CREATE TABLE ledger.tile (shard int, level int, number bigint, hashes bytea)",
]


async def create_topic(settings: Settings) -> None:
    """The events topic, empty."""
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    await admin.create_topics([NewTopic(settings.topic("events"), SHARDS, 1)])
    await admin.close()


async def delete_topic(settings: Settings) -> None:
    """No events topic."""
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    await admin.delete_topics([settings.topic("events")])
    async with asyncio.timeout(_SECONDS):
        while settings.topic("events") in await admin.list_topics():  # noqa: ASYNC110  # the broker tells
            await asyncio.sleep(0.02)
    await admin.close()


async def publish(settings: Settings, records: Iterable[Record]) -> None:
    """As the relay would, with a header that can't be decoded; what says no position is somebody else's."""
    async with patient_producer(settings) as producer:
        for record in records:
            headers: list[tuple[str, Any]] = [("bad", None)]
            if record.value is not None and sequence(record.value) is not None:
                headers += marked(settings, "events", record.partition, record.value)
            await producer.send(settings.topic("events"), record.value, b"stream", record.partition, headers=headers)
        await producer.flush()


@asynccontextmanager
async def running(settings: Settings, models: Models | None = None) -> AsyncIterator[Progress]:
    """A projector without its API."""
    progress = Progress()
    engine = Engine(settings.database_url, consumer_name(settings), models or read_models.load())
    await engine.open(SHARDS)
    task = asyncio.create_task(Consumer(settings, engine, progress).run())
    try:
        yield progress
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(what: Callable[[], bool]) -> None:
    """Wait; a TimeoutError where it never comes."""
    async with asyncio.timeout(_SECONDS):
        while not what():  # noqa: ASYNC110  # what is waited for has no event: it is seen from outside
            await asyncio.sleep(0.02)


def life(office: str = "o-1", people: int = 30) -> World:
    """People, and an output of each."""
    world = World(office=office)
    for number in range(people):
        world.register(f"p-{number}")
        world.output(f"p-{number}")
    return world


def at_end(progress: Progress, *worlds: World) -> Callable[[], bool]:
    """Whether all of that is folded."""
    return lambda: all(progress.next.get(world.shard) == len(world.events) for world in worlds)


def command(settings: Settings, *arguments: str) -> Result:
    """Run ``projector`` in this process."""
    return CliRunner().invoke(cli.cli, [*arguments, "--home", str(settings.home)], env=settings.environment())


async def rebuild(settings: Settings, models: Iterable[ReadModel]) -> AsyncIterator[tuple[int, int]]:
    """All of it, whatever the comparison says; yields (events applied, events to apply)."""
    async with Rebuild(settings, tuple(models)) as work:
        async for counts in work.replay():
            yield counts
        async with work.compared():
            pass
        await work.switch()
