"""What each principal may do on Kafka, and must not: tried by librdkafka, a client of other people's making."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Iterator
from typing import Any, Final

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from deploy.local.access import clients, principals
from services.common.settings import Settings
from services.recorder.kafka import topics
from tests.support.patience import PATIENCE
from tests.support.stack import OwnServers

_SECONDS: Final = 30.0
_DENIED: Final = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)
_OWN: Final = ("events", "receipts", "checkpoints", "quarantine")
_TOPICS: Final = ("actions", "actions.one", "actions.two", *_OWN)
MAY: Final = {
    "recorder": {("read", topic) for topic in _TOPICS} | {("write", topic) for topic in _OWN},
    "projector": {("read", "events")},
    "auditor": {("read", "events"), ("read", "receipts"), ("read", "checkpoints")},
    "publisher": {("write", "actions"), ("read", "receipts")},
    "operator": {("read", "quarantine")},
    "one": {("write", "actions.one")},
    "two": {("write", "actions.two")},
}
Conf = dict[str, str]


class World:
    """An installation's topics, a record in each, and everybody's way to log in."""

    def __init__(self, servers: OwnServers, settings: Settings) -> None:
        self.settings = settings
        self._servers = servers
        self._passwords = {name: secrets.token_urlsafe(9) for name in ("one", "two")}

    def begin(self) -> None:
        broker = self._servers.broker()
        for name in self._passwords:
            broker.make_topic(self.settings.topic(f"actions.{name}"), 1, 1, {})
            rules = principals.of_app(self.settings.topic_prefix, name)
            broker.set_rules([name], rules, self.settings.topic_prefix)
        broker.set_logins(self._passwords)
        for topic in _TOPICS:
            assert self.write("admin", topic) is None

    def conf(self, name: str) -> Conf:
        password = self._passwords.get(name) or (self.settings.kafka_passwords / name).read_text().strip()
        return clients.librdkafka(clients.Address(self.settings.kafka), name, password)

    def write(self, name: str, topic: str) -> int | None:
        """The error's code; None where it is written."""
        said: list[KafkaError | None] = []
        producer = Producer({**self.conf(name), "message.timeout.ms": int(PATIENCE * 1000), "log_level": 0})
        producer.produce(
            self.settings.topic(topic), b"{}", partition=0,
            on_delivery=lambda error, _: said.append(error),
        )  # fmt: skip
        producer.flush(PATIENCE)
        return None if said[0] is None else int(said[0].code())

    def read(self, name: str, topic: str) -> int | None:
        """The same of reading one record, without a group."""
        conf = {**self.conf(name), "group.id": "none", "enable.auto.commit": False, "log_level": 0}
        consumer = Consumer(conf)
        try:
            known = consumer.list_topics(self.settings.topic(topic), PATIENCE).topics[self.settings.topic(topic)]
            if known.error is not None:
                return int(known.error.code())
            consumer.assign([TopicPartition(self.settings.topic(topic), 0, 0)])
            while (code := _code(consumer)) == KafkaError.GROUP_AUTHORIZATION_FAILED:
                pass  # whose group doesn't matter here
            return code
        finally:
            consumer.close()

    def join(self, name: str, group: str, topic: str) -> int | None:
        """The same of reading as a member of a group."""
        conf = {**self.conf(name), "group.id": group, "auto.offset.reset": "earliest", "log_level": 0}
        consumer = Consumer(conf)
        try:
            consumer.subscribe([self.settings.topic(topic)])
            return _code(consumer)
        finally:
            consumer.close()


def _code(consumer: Consumer) -> int | None:
    message = consumer.poll(_SECONDS)
    assert message is not None, "neither a record nor a refusal"
    error = message.error()
    return None if error is None else error.code()


@pytest.fixture
async def world(process_servers: OwnServers, settings: Settings) -> World:
    await topics.ensure(settings)
    made = World(process_servers, settings)
    await asyncio.to_thread(made.begin)
    return made


async def test_nobody_does_what_is_not_theirs(world: World) -> None:
    def tried() -> Iterator[tuple[str, str, str]]:
        for name, topic in itertools.product(MAY, _TOPICS):
            for way, act in (("read", world.read), ("write", world.write)):
                code = act(name, topic)
                assert code in {None, *_DENIED}, (name, way, topic, code)
                if code is None:
                    yield name, way, topic

    found = await asyncio.to_thread(lambda: set(tried()))
    assert found == {(name, *what) for name, may in MAY.items() for what in may}


async def test_an_auditor_has_any_group_but_the_services_own(world: World) -> None:
    prefix = world.settings.topic_prefix
    assert await asyncio.to_thread(world.join, "auditor", "a-tool-of-mine", "events") is None
    for group in (f"{prefix}-recorder", f"{prefix}-projector"):
        code = await asyncio.to_thread(world.join, "auditor", group, "events")
        assert code == KafkaError.GROUP_AUTHORIZATION_FAILED, group
    assert await asyncio.to_thread(world.join, "publisher", "publisher-1", "receipts") is None


@pytest.mark.parametrize("changed", [{"security.protocol": "PLAINTEXT"}, {"sasl.password": "wrong"}])
async def test_who_proves_nothing_gets_nothing(world: World, changed: Conf) -> None:
    conf: dict[str, Any] = {**world.conf("publisher"), **changed, "log_level": 0}
    with pytest.raises(KafkaException):
        await asyncio.to_thread(Producer(conf).list_topics, timeout=5)


async def test_the_controller_asks_too(world: World, process_servers: OwnServers) -> None:
    """The other port of the broker is no way around."""
    port = process_servers.state.ports.controller
    conf: dict[str, Any] = {"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0}
    with pytest.raises(KafkaException):
        await asyncio.to_thread(Producer(conf).list_topics, timeout=5)
    conf = {**world.conf("recorder"), "bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0}
    with pytest.raises(KafkaException):
        await asyncio.to_thread(Producer(conf).list_topics, timeout=5)
