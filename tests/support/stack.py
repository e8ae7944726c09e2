"""The same Kafka and PostgreSQL as ``office up`` starts, once a test run; a fresh database and topics for each test."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.paths import Home, write_private
from deploy.local.running import processes, stack
from deploy.local.running.state import ROLES, State
from deploy.local.servers import kafka, postgres
from services.common.kafka import mac_keys
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from tests.support import containers
from tests.support.access import as_admin
from tests.support.servers import Servers, far_ports

_RUN: Final = "TEST_RUN_FOLDER"  # the folder of the run's servers
_CARETAKER: Final = pytest.StashKey[subprocess.Popen[bytes]]()


@dataclass(frozen=True)
class OwnServers(Servers):
    """Those that we started as processes."""

    home: Home = field(kw_only=True)
    state: State = field(kw_only=True)

    @classmethod
    def of(cls, home: Home, state: State) -> Self:
        """Those of that home."""
        url = postgres.url(state.ports.postgres, state.password, "").removesuffix("/")
        return cls(f"127.0.0.1:{state.ports.kafka}", url, str(home.kafka_passwords), home=home, state=state)

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


def start_servers(home: Home, names: Sequence[str] = (postgres.NAME, kafka.NAME)) -> OwnServers:
    """Start Kafka and PostgreSQL, or one of them, in a home of their own."""
    return OwnServers.of(home, stack.up(home, only=names, preferred=far_ports()))


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
    return containers.given() or _started(postgres.NAME)


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The same, and Kafka beside it, which takes its share of a machine even idle: files that need it come late."""
    return containers.given() or _started(postgres.NAME, kafka.NAME)


@pytest.fixture(scope="session")
def process_servers() -> OwnServers:
    """The same, for tests that look at their processes or files."""
    return _started(postgres.NAME, kafka.NAME)


def _started(*names: str) -> OwnServers:
    with _home().root.with_name("starting").open("w") as one_starts:
        fcntl.flock(one_starts, fcntl.LOCK_EX)
        return start_servers(_home(), names)


def _home() -> Home:
    return Home.at(Path(os.environ[_RUN]) / "home")


@pytest.fixture
def own_servers() -> Iterator[OwnServers]:
    """Kafka and PostgreSQL of a test's own, which it may kill."""
    home = Home.at(Path(tempfile.mkdtemp(dir=os.environ[_RUN])) / "home")
    try:
        yield start_servers(home)
    finally:
        stack.down(home)


@pytest.fixture
async def topic_prefix(servers: Servers) -> AsyncIterator[str]:
    """A prefix that no other test uses; topics that begin with it are deleted after the test."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    servers.admit(prefix)
    yield prefix
    servers.forget(prefix)
    admin = AIOKafkaAdminClient(**as_admin(Settings(**servers.on_kafka)))
    await admin.start()
    try:
        ours = [topic for topic in await admin.list_topics() if topic.startswith(f"{prefix}.")]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()


@pytest.fixture
def settings(servers: Servers, database: str, topic_prefix: str, tmp_path: Path) -> Settings:
    """One installation of the test's own: database, topics, tokens, wrapping key, keys of MACs."""
    write_private(tmp_path / "kek", secrets.token_bytes(32))
    mac_keys.ensure(tmp_path / "mac-keys.json", Misconfigured)
    tokens = {role: f"{role}-{secrets.token_hex(8)}" for role in ROLES}
    write_private(tmp_path / "tokens.json", json.dumps(tokens).encode())
    return Settings(
        home=tmp_path,
        **servers.on_kafka,
        database_url=database,
        topic_prefix=topic_prefix,
        tokens=tmp_path / "tokens.json",
        kek_file=tmp_path / "kek",
    )
