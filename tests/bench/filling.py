"""What has to be there before: sealed actions recorded over HTTP, plain ones on the intake topic."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from deploy.local.commands.publish import recorder
from deploy.local.publishing.answers import Answers
from deploy.local.publishing.poster import Poster
from services.common.settings import Settings
from tests.bench.workload import Json
from tests.support.access import as_admin

_OFFICES_AT_ONCE: Final = 8
_A_POST: Final = 100
_HEADERS: Final = [("content-type", b"application/cloudevents+json")]
_BATCH_BYTES: Final = 400_000


class Refused(Exception):
    """The recorder refused what it should have recorded: the figures would not mean what they say."""


async def post(settings: Settings, offices: dict[str, list[Json]]) -> int:
    """Record actions over HTTP, an office's in their order; how many."""
    answers, at_once = Answers(), asyncio.Semaphore(_OFFICES_AT_ONCE)
    async with recorder(settings) as http, asyncio.TaskGroup() as posting:
        for actions in offices.values():
            posting.create_task(_post_office(http, answers, at_once, actions))
    if answers.refused:
        raise Refused(answers.refused, answers.examples)
    return answers.done


async def _post_office(
    http: httpx.AsyncClient, answers: Answers, at_once: asyncio.Semaphore, actions: list[Json]
) -> None:
    poster = Poster(http, answers)
    async with at_once:
        for begin in range(0, len(actions), _A_POST):
            await poster.post(actions[begin : begin + _A_POST])


async def fill(settings: Settings, actions: Iterable[tuple[str, bytes]]) -> None:
    """Put actions onto the intake topic, keyed by office, each partition in order."""
    topic = settings.topic("actions")
    producer = AIOKafkaProducer(**as_admin(settings), enable_idempotence=True, max_batch_size=_BATCH_BYTES)
    await producer.start()
    try:
        partitions = sorted(await producer.partitions_for(topic))
        lanes: dict[int, deque[tuple[bytes, bytes]]] = {partition: deque() for partition in partitions}
        choose = DefaultPartitioner()
        for office, body in actions:
            key = office.encode()
            lanes[choose(key, partitions, partitions)].append((key, body))
        await asyncio.gather(*(_send(producer, topic, partition, lane) for partition, lane in lanes.items()))
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, lane: deque[tuple[bytes, bytes]]) -> None:
    while lane:
        batch = producer.create_batch()
        while lane and batch.append(key=lane[0][0], value=lane[0][1], timestamp=None, headers=_HEADERS):
            lane.popleft()
        await (await producer.send_batch(batch, topic, partition=partition))
