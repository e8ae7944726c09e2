"""The topics: created and checked at start."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.common.commands import Lang, Words
from services.common.kafka import actions, patch
from services.common.kafka import login as logins
from services.common.settings import Settings
from services.common.telling.both import Both, both
from services.recorder.errors import Misconfigured

T = TypeVar("T")
NAME: Final = "recorder"  # on Kafka
login: Final = partial(logins.login, program=NAME)
LEAST_MESSAGE: Final = 1024 * 1024  # what the relay's batches need


_WORDS: Final[Words] = {
    Lang.EN: {
        "retention.ms": "topic {topic} keeps records {found} ms; set its retention.ms to {wanted} or longer.",
        "retention.bytes": "topic {topic} keeps {found} bytes a partition and drops what is older; "
        "set its retention.bytes to {wanted}.",
        "cleanup.policy": "topic {topic} has the cleanup.policy {found}, which drops records that must stay; "
        "set it to {wanted}.",
        "max.message.bytes": "topic {topic} takes {found} bytes at once; "
        "set its max.message.bytes to {wanted} or more.",
    },
    Lang.ZH: {
        "retention.ms": "主题 {topic} 只保留记录 {found} 毫秒；请将其 retention.ms 设为 {wanted} 或更长。",
        "retention.bytes": "主题 {topic} 每个分区只保留 {found} 字节，更早的会被丢弃；"
        "请将其 retention.bytes 设为 {wanted}。",
        "cleanup.policy": "主题 {topic} 的 cleanup.policy 为 {found}，会丢弃必须保留的记录；请设为 {wanted}。",
        "max.message.bytes": "主题 {topic} 一次只接受 {found} 字节；请将其 max.message.bytes 设为 {wanted} 或更大。",
    },
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it must be. ``partitions`` 0: any number will do."""

    name: str
    partitions: int
    fixed: bool
    configs: dict[str, str]


def wanted(settings: Settings) -> tuple[Topic, ...]:
    """The five topics; what was recorded is kept for ever."""
    ever = {
        "retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete",
        "max.message.bytes": str(LEAST_MESSAGE),
    }  # fmt: skip
    return (
        _of_actions(settings.topic("actions")),
        Topic(settings.topic("events"), settings.shards, fixed=True, configs=ever),
        Topic(settings.topic("receipts"), settings.shards, fixed=True, configs=ever),
        Topic(settings.topic("quarantine"), 1, fixed=False, configs=ever),
        Topic(settings.topic("checkpoints"), 1, fixed=False, configs=ever),
    )


def _of_actions(name: str) -> Topic:
    return Topic(name, actions.PARTITIONS, fixed=False, configs=actions.CONFIGS)


async def ensure(settings: Settings) -> None:
    """Create what is missing but for apps' topics; raise Misconfigured where a topic is not as it must be."""
    async with administering(settings) as admin:
        plain = settings.topic("actions")
        apps = (_of_actions(name) for name in await _intake(admin, settings) if name != plain)
        topics = (*wanted(settings), *apps)
        await _create(admin, settings, topics)
        await _check_partitions(admin, topics)
        await _check_configs(admin, topics)


@asynccontextmanager
async def administering(settings: Settings, patience: float = 40) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that makes topics and says how they are; a request may take so many seconds. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**login(settings), request_timeout_ms=int(1000 * patience))
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, settings: Settings, topics: tuple[Topic, ...]) -> None:
    present = set(await admin.list_topics())
    new = [
        NewTopic(t.name, t.partitions, settings.replication_factor, topic_configs=t.configs)
        for t in topics
        if t.name not in present
    ]
    if not new:
        return
    answer = await admin.create_topics(new)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            message = f"topic {name} could not be created: {error.__name__}"
            raise Misconfigured(message)


async def _check_partitions(admin: AIOKafkaAdminClient, topics: tuple[Topic, ...]) -> None:
    for _ in range(50):  # a new topic's partitions are known a moment later
        described = {d["topic"]: d for d in await admin.describe_topics([t.name for t in topics])}
        if all(not described[t.name]["error_code"] and described[t.name]["partitions"] for t in topics):
            break
        await asyncio.sleep(0.1)
    for topic in topics:
        actual = len(described[topic.name]["partitions"])
        if topic.fixed and actual != topic.partitions:
            message = (
                f"topic {topic.name} has {actual} partitions, the ledger {topic.partitions} shards: "
                "they must be equal for ever. Delete the topic, so that it is made and filled again from the ledger."
            )
            raise Misconfigured(message)


async def _check_configs(admin: AIOKafkaAdminClient, topics: tuple[Topic, ...]) -> None:
    """A topic that was made by somebody else may lose what it must keep, or refuse what must fit."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, t.name) for t in topics]
    actual: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for resource in answer.resources:
            actual[resource[3]] = {entry[0]: entry[1] for entry in resource[4]}
    wrong = [fault for topic in topics for fault in _faults(topic, actual[topic.name])]
    if wrong:
        raise Misconfigured(" ".join(each.en for each in wrong), "".join(each.zh for each in wrong))


def _faults(topic: Topic, actual: dict[str, str]) -> Iterator[Both]:
    for config, value in topic.configs.items():
        found = actual[config]
        if not _will_do(config, found, value):
            yield both(_WORDS, config, topic=topic.name, found=found, wanted=value)


def _will_do(config: str, found: str, wanted_: str) -> bool:
    if config == "cleanup.policy":
        return found == wanted_
    if config == "max.message.bytes":
        return int(found) >= int(wanted_)
    return int(found) == -1 or (int(wanted_) != -1 and int(found) >= int(wanted_))  # -1: for ever


async def partitions(settings: Settings, topic: str) -> int:
    """How many partitions a topic has: 0 where there is none of that name."""
    async with administering(settings) as admin:
        described = await admin.describe_topics([topic])
    return sum(len(each["partitions"]) for each in described if not each["error_code"])


async def intake_places(settings: Settings) -> list[TopicPartition]:
    """Every partition that actions come by. Raises KafkaError."""
    async with administering(settings) as admin:
        described = await admin.describe_topics(await _intake(admin, settings))
    return [
        TopicPartition(each["topic"], partition["partition"])
        for each in described
        if not each["error_code"]
        for partition in each["partitions"]
    ]


async def _intake(admin: AIOKafkaAdminClient, settings: Settings) -> list[str]:
    ours = re.compile(actions.pattern(settings))
    return sorted(name for name in await admin.list_topics() if ours.match(name))


async def let_go(producer: AIOKafkaProducer[bytes, bytes], within: float = 2.0) -> None:
    """Stop a producer. What it can't send in time is dropped, so that nothing of it comes late."""
    with contextlib.suppress(KafkaError, TimeoutError, OSError):
        async with asyncio.timeout(within):
            await producer.stop()
            return
    await patch.cut_off(producer, within)
    with contextlib.suppress(KafkaError, TimeoutError, OSError):
        async with asyncio.timeout(within):
            await producer.client.close()


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Cancelled, it finishes first, if that takes a moment only: aiokafka loses a connection that is being made."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
