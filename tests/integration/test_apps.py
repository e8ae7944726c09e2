"""Apps on Kafka: each by a topic of its own, which says whose its actions are; what is not theirs is refused."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import asyncpg
import pytest
from aiokafka import TopicPartition
from confluent_kafka import Producer

from deploy.local.access import clients, principals
from deploy.local.access.granting import Broker
from deploy.local.paths import write_private
from services.common.kafka.actions import CONFIGS
from services.common.settings import Settings
from services.common.tokens.store import Store
from services.recorder.kafka.fetching import consuming
from tests.faults.topic import read_topic
from tests.support.ledger import Json, action, person, section
from tests.support.patience import PATIENCE
from tests.support.service import Service
from tests.support.stack import OwnServers

_GRANT: Final = {"role": "publisher", "offices": ["o-1"], "sources": ["/test"], "types": ["chengzhang.people.*"]}


class Office:
    """A running recorder, and apps that are added while it runs."""

    def __init__(self, servers: OwnServers, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.tokens)
        self._address = servers.kafka
        self._broker: Broker = servers.broker()

    def add(self, name: str, grant: Json) -> Producer:
        """An app with that grant, and how it publishes."""
        prefix, password = self.settings.topic_prefix, secrets.token_urlsafe(9)
        self._broker.make_topic(f"{prefix}.actions.{name}", 2, 1, CONFIGS)
        self._broker.set_rules([name], principals.of_app(prefix, name), prefix)
        self._broker.set_logins({name: password})
        self.store.add(name, grant)
        return Producer({**clients.librdkafka(clients.Address(self._address), name, password), "log_level": 0})

    def send(self, producer: Producer, name: str, *actions: Json) -> None:
        """Publish, and see that Kafka has it."""
        for each in actions:
            producer.produce(self.settings.topic(f"actions.{name}"), json.dumps(each).encode(), partition=0)
        assert producer.flush(PATIENCE) == 0

    async def receipts(self, count: int) -> list[Json]:
        """All receipts, in the order of office and number, as soon as there are so many."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await read_topic(self.settings, self.settings.topic("receipts"), self.settings.shards)
                told = [json.loads(record.value)["data"] for records in found.values() for record in records]
                if len(told) >= count:
                    return told
                await asyncio.sleep(0.2)


@pytest.fixture
def office(process_servers: OwnServers, settings: Settings) -> Iterator[Office]:
    with Service("recorder", settings) as recorder:
        recorder.wait_ready()
        yield Office(process_servers, settings)


@pytest.fixture
async def app(office: Office) -> AsyncIterator[str]:
    """A name that no other test's broker knows."""
    name = f"app-{secrets.token_hex(4)}"
    yield name
    await asyncio.to_thread(office._broker.drop_login, name)
    await asyncio.to_thread(office._broker.drop_rules, name)


def _told(receipts: list[Json]) -> dict[str, tuple[Any, ...]]:
    return {each["id"]: (each["by"], each["outcome"], each["code"], each["final"]) for each in receipts}


async def test_an_app_that_is_added_publishes_what_it_may_and_nothing_else(office: Office, app: str) -> None:
    producer = await asyncio.to_thread(office.add, app, _GRANT)
    sent = [
        section("s-1", id="well"),
        section("s-1", office="o-2", id="other-office"),
        section("s-2", source="/elsewhere", id="other-source"),
        action("work.file-output", {"output": "u-1"}, id="other-type"),
    ]
    await asyncio.to_thread(office.send, producer, app, *sent)
    receipts = await office.receipts(len(sent))
    refused = (app, "rejected", "not-yours", True)
    assert _told(receipts) == {
        "well": (app, "accepted", None, True), "other-office": refused, "other-source": refused, "other-type": refused,
    }  # fmt: skip
    (message,) = [each["message"] for each in receipts if each["id"] == "other-office"]
    assert f"{app} may not publish chengzhang.people.define-section.v1 from /test in the office o-2" in message["en"]
    assert f"{app} 无权在机关 o-2" in message["zh"]


async def test_an_id_is_not_used_up_by_whom_it_does_not_belong_to(office: Office, app: str) -> None:
    """Nor is a stranger told what became of it."""
    producer = await asyncio.to_thread(office.add, app, {**_GRANT, "offices": ["o-9"]})
    theirs = section("s-1", id="a-1")
    await asyncio.to_thread(office.send, producer, app, theirs)
    assert _told(await office.receipts(1)) == {"a-1": (app, "rejected", "not-yours", True)}
    await asyncio.to_thread(office.store.revoke, app)
    await asyncio.to_thread(office.store.add, app, _GRANT)
    await asyncio.to_thread(office.send, producer, app, theirs)
    (_, second) = await office.receipts(2)
    assert (second["outcome"], second["id"]) == ("accepted", "a-1")


async def test_of_an_app_that_was_removed_nothing_more_is_recorded(office: Office, app: str) -> None:
    producer = await asyncio.to_thread(office.add, app, _GRANT)
    await asyncio.to_thread(office.send, producer, app, section("s-1", id="before"))
    await office.receipts(1)
    await asyncio.to_thread(office.store.revoke, app)
    await asyncio.to_thread(office.send, producer, app, section("s-2", id="after"))
    told = _told(await office.receipts(2))
    assert told == {"before": (app, "accepted", None, True), "after": (app, "rejected", "not-yours", True)}


async def test_no_key_is_made_for_a_person_whom_a_stranger_names(office: Office, app: str, database: str) -> None:
    """What comes in plain text where it isn't theirs leaves nothing by which names could be tried."""
    producer = await asyncio.to_thread(office.add, app, {**_GRANT, "offices": ["o-9"]})
    await asyncio.to_thread(office.send, producer, app, person("p-1", id="a-1"))
    assert _told(await office.receipts(1)) == {"a-1": (app, "rejected", "not-yours", True)}
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("SELECT count(*) FROM vault.data_key") == 0
    finally:
        await connection.close()


async def test_while_nobody_can_tell_whose_they_are_actions_wait(office: Office, app: str, settings: Settings) -> None:
    """Refused for good they would be lost, for a slip in a file."""
    producer = await asyncio.to_thread(office.add, app, _GRANT)
    well = settings.tokens.read_bytes()
    write_private(settings.tokens, b"{")
    await asyncio.to_thread(office.send, producer, app, section("s-1", id="a-1"))
    async with consuming(settings) as consumer:
        place = TopicPartition(settings.topic(f"actions.{app}"), 0)
        assert (await consumer.end_offsets([place]))[place] == 1
    write_private(settings.tokens, well)
    assert _told(await office.receipts(1)) == {"a-1": (app, "accepted", None, True)}
