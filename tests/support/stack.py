"""The same Kafka and PostgreSQL as ``office up`` starts, once a test run; a fresh database and topics for each test."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local import kafka, postgres, processes, stack
from deploy.local.paths import Home, write_private
from deploy.local.ports import is_free
from deploy.local.state import ROLES, Ports, State
from services.common.settings import Settings
from tests.support.patience import PATIENCE

_RUN: Final = "TEST_RUN_FOLDER"  # the folder of the run's servers
_CARETAKER: Final = pytest.StashKey[subprocess.Popen[bytes]]()


@dataclass(frozen=True)
class Servers:
    """The run's Kafka and PostgreSQL."""

    home: Home
    state: State

    @property
    def kafka(self) -> str:
        """Return the bootstrap address."""
        return f"127.0.0.1:{self.state.ports.kafka}"

    def kill(self, name: str) -> None:
        """End one of the two (``kafka`` or ``postgres``) as a power cut would."""
        process = processes.find(self.home, name)
        assert process is not None, f"{name} is not running"
        process.kill()
        assert processes.wait_gone(self.home, name)

    def up(self) -> None:
        """Start again what was killed, on the same ports."""
        state = stack.up(self.home, only=(postgres.NAME, kafka.NAME))
        assert state == self.state, f"somebody took a port: {state.ports}, before {self.state.ports}"

    def database_url(self, database: str) -> str:
        """Return the URL of one database on the run's server."""
        return postgres.url(self.state.ports.postgres, self.state.password, database)


def far_ports() -> Ports:
    """Return ports away from the defaults and below those for outgoing calls.

    Nobody has them now. The workers of a run (at most four) never meet, runs side by side seldom.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        base = 20_000 + 3_000 * (worker % 4) + 100 * random.randrange(30)
        ports = Ports(kafka=base, controller=base + 20, postgres=base + 40, recorder=base + 60, projector=base + 80)
        if all(map(is_free, astuple(ports))):
            return ports


def start_servers(home: Home, names: Sequence[str] = (postgres.NAME, kafka.NAME)) -> Servers:
    """Start Kafka and PostgreSQL, or one of them, in a home of their own."""
    return Servers(home, stack.up(home, only=names, preferred=far_ports()))


def pytest_configure(config: pytest.Config) -> None:
    """Give the run's workers one folder for their servers, and have a process wait to stop those, however we end."""
    if not hasattr(config, "workerinput"):
        os.environ[_RUN] = tempfile.mkdtemp(prefix="chengzhang-test-")
        caretaker = [sys.executable, "-m", "tests.support.caretaker", os.environ[_RUN]]
        # In a group of its own: a signal for the run is not for it.
        config.stash[_CARETAKER] = subprocess.Popen(
            caretaker, cwd=config.rootpath, stdin=subprocess.PIPE, process_group=0
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Wait until the run's servers are stopped."""
    if caretaker := config.stash.get(_CARETAKER, None):
        caretaker.communicate()


@pytest.fixture(scope="session")
def database_server() -> Servers:
    """PostgreSQL, the same for all workers: started with the first test of the run that needs it."""
    return _started(postgres.NAME)


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The same, and Kafka beside it, which takes its share of a machine even idle: files that need it come late."""
    return _started(postgres.NAME, kafka.NAME)


def _started(*names: str) -> Servers:
    with _home().root.with_name("starting").open("w") as one_starts:
        fcntl.flock(one_starts, fcntl.LOCK_EX)
        return start_servers(_home(), names)


def _home() -> Home:
    return Home.at(Path(os.environ[_RUN]) / "home")


@pytest.fixture
def own_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Kafka and PostgreSQL of a test's own, which it may kill."""
    home = Home.at(tmp_path_factory.mktemp("own") / "home")
    try:
        yield start_servers(home)
    finally:
        stack.down(home)


@pytest.fixture
async def database(database_server: Servers) -> AsyncIterator[str]:
    """The URL of an empty database, dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    await _administer(database_server, f"CREATE DATABASE {name}")
    yield database_server.database_url(name)
    await _administer(database_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def topic_prefix(servers: Servers) -> AsyncIterator[str]:
    """A prefix that no other test uses; topics that begin with it are deleted after the test."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    yield prefix
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka)
    await admin.start()
    try:
        ours = [topic for topic in await admin.list_topics() if topic.startswith(f"{prefix}.")]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()


@pytest.fixture
def settings(servers: Servers, database: str, topic_prefix: str, tmp_path: Path) -> Settings:
    """One installation of the test's own: database, topics, tokens, wrapping key."""
    write_private(tmp_path / "kek", secrets.token_bytes(32))
    tokens = {role: f"{role}-{secrets.token_hex(8)}" for role in ROLES}
    write_private(tmp_path / "tokens.json", json.dumps(tokens).encode())
    return Settings(
        home=tmp_path,
        kafka=servers.kafka,
        database_url=database,
        topic_prefix=topic_prefix,
        tokens=tmp_path / "tokens.json",
        kek_file=tmp_path / "kek",
    )


async def _administer(servers: Servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.database_url("postgres"))
    try:
        await asyncio.wait_for(connection.execute(statement), PATIENCE)
    finally:
        await connection.close()
