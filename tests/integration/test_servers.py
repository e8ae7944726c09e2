"""The run's Kafka and PostgreSQL are the real ones, and each test has its own corner of them."""

from __future__ import annotations

import os

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.running import processes
from deploy.local.servers import kafka
from services.common.settings import Settings
from tests.support import databases
from tests.support.access import as_admin
from tests.support.patience import patient_producer
from tests.support.servers import Servers
from tests.support.stack import OwnServers

_LARGE = 10 * 1024 * 1024


async def test_the_database_is_empty_and_durable(settings: Settings) -> None:
    connection = await asyncpg.connect(settings.database_url)
    try:
        assert await connection.fetchval("SHOW server_version_num") >= "180000"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()


async def test_only_a_database_that_is_as_it_was_serves_another_test(database_server: Servers) -> None:
    name, new = await databases.made(database_server)
    try:
        for left, again in (
            (
                "CREATE SCHEMA x; CREATE TABLE x.t (); CREATE TABLE t (); GRANT CREATE ON SCHEMA public TO PUBLIC",
                True,
            ),
            ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", False),
            ("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC", True),
            (f"ALTER DATABASE {name} SET work_mem = '1MB'", False),
            (f"ALTER DATABASE {name} RESET work_mem; SELECT lo_create(7)", False),
            ("SELECT lo_unlink(7); REVOKE EXECUTE ON FUNCTION pg_advisory_lock(bigint) FROM PUBLIC", False),
        ):
            connection = await asyncpg.connect(database_server.database_url(name))  # nobody closes it
            await connection.execute(left)
            assert (left, await databases.emptied(database_server, name) == new) == (left, again)
            assert connection.is_closed() or await _ended(connection)
    finally:
        await databases.dropped(database_server, name)
    assert await databases.emptied(database_server, name) is None


async def _ended(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    try:
        await connection.execute("SELECT")
    except asyncpg.PostgresError:
        return True
    return False


async def test_kafka_takes_a_large_record(settings: Settings) -> None:
    topic = settings.topic("large")
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    created = NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": str(16 * 1024 * 1024)})
    await admin.create_topics([created])
    await admin.close()
    async with patient_producer(settings, max_request_size=_LARGE + 1000) as producer:
        await producer.send_and_wait(topic, b"x" * _LARGE, partition=0)
    async with AIOKafkaConsumer(**as_admin(settings), auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        assert len((await consumer.getone()).value) == _LARGE


@pytest.mark.parametrize("role", ["publisher", "reader", "auditor", "operator"])
def test_tokens_are_private(settings: Settings, role: str) -> None:
    assert role in settings.tokens.read_text(encoding="utf-8")
    assert settings.tokens.stat().st_mode & 0o077 == 0


def test_the_broker_has_the_options_of_the_environment(process_servers: OwnServers) -> None:
    broker = processes.find(process_servers.home, kafka.NAME)
    assert broker is not None
    options = os.environ["KAFKA_OPTS"].split()  # the run's own: tests/conftest.py
    command = broker.cmdline()
    assert options
    assert command[command.index("-cp") - len(options) : command.index("-cp")] == options
