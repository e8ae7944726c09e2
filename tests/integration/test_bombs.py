"""A small record that becomes a large one, where the projector and the auditors read: it costs nobody's memory."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from services.common.settings import Settings
from services.recorder.kafka.fetching import consuming, fetches
from tests.integration.projector_running import create_topic, life, publish
from tests.integration.projector_world import SHARDS, World
from tests.support.access import as_admin
from tests.support.memory import MB, resident, watched
from tests.support.patience import PATIENCE
from tests.support.service import Service

_GROWN = 256 * MB
_AT_MOST = 128  # megabytes more, while it is read: half of what it becomes
_AFTERWARDS = 50


async def _send_bomb(settings: Settings, partition: int) -> None:
    async with AIOKafkaProducer(**as_admin(settings), compression_type="zstd", max_request_size=2 * _GROWN) as producer:
        await producer.send_and_wait(settings.topic("events"), bytes(_GROWN), partition=partition)


@pytest.fixture
async def world(settings: Settings) -> World:
    await create_topic(settings)
    return life("o-1", 5)


async def test_the_projector_reads_it_within_bounds_and_serves_the_others(settings: Settings, world: World) -> None:
    bombed = (world.shard + 1) % SHARDS
    await publish(settings, world.records[:6])
    reader = {"Authorization": f"Bearer {json.loads(settings.tokens.read_text())['reader']}"}
    with Service("projector", settings) as projector:
        projector.wait_ready()
        async with httpx.AsyncClient(base_url=projector.url, headers=reader, timeout=PATIENCE) as client:
            await _seen(client, world, 6)
            with watched(projector.process.pid) as peak:
                await _send_bomb(settings, bombed)
                async with asyncio.timeout(PATIENCE):
                    while "foreign-records" not in _told(projector):  # noqa: ASYNC110  # only its log says so
                        await asyncio.sleep(0.05)
                await publish(settings, world.records[6:])
                await _seen(client, world, len(world.events))
            assert peak.grown < _AT_MOST, f"{peak.before} MB before, {peak.most} MB at most"
            async with asyncio.timeout(PATIENCE):
                while resident(projector.process.pid) - peak.before > _AFTERWARDS:  # noqa: ASYNC110  # only looking tells
                    await asyncio.sleep(0.5)


def _told(projector: Service) -> str:
    """What went wrong, by its log."""
    bad = ("warning", "error")
    lines = [line for line in projector.log().splitlines() if json.loads(line)["level"] in bad]
    return "\n".join(lines)


async def _seen(client: httpx.AsyncClient, world: World, count: int) -> None:
    at_least = f"{world.shard}:{count - 1}"
    answer = await client.get(f"/offices/{world.office}/growth-files", params={"at_least": at_least})
    assert answer.status_code == 200, answer.text


async def test_whoever_reads_partitions_for_an_audit_reads_it_within_bounds(settings: Settings, world: World) -> None:
    await publish(settings, world.records)
    await _send_bomb(settings, world.shard)
    place = TopicPartition(settings.topic("events"), world.shard)
    async with consuming(settings) as consumer:
        stretch = fetches(consumer, place, 0, len(world.records) + 1)
        values = [record.value or b"" async for records in stretch for record in records]
    assert values[:-1] == [record.value for record in world.records]
    assert len(values[-1]) < MB, "the batch as it came"
