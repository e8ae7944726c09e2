"""The containers of ``pytest --containers``: set as the stack's own servers are."""

from __future__ import annotations

import asyncio
import os
import secrets
from datetime import timedelta
from typing import Any, Final

import asyncpg
import docker
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from deploy.local.servers import kafka as local_kafka
from deploy.local.servers import postgres as local_postgres
from tests.support.patience import PATIENCE
from tests.support.servers import far_ports

NO_ENGINE: Final = 3
_POSTGRES: Final = ("TEST_POSTGRES_IMAGE", "postgres:18")
_KAFKA: Final = ("TEST_KAFKA_IMAGE", "apache/kafka:4.1.0")
_PORT: Final = 9092
_ITS_OWN: Final = ("listen_addresses", "unix_socket_directories")  # settings that a container has otherwise


def kafka(started: list[DockerContainer]) -> str:
    """Start a broker; its address, which it must know before it starts."""
    port = far_ports().kafka
    settings: dict[str, Any] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": f"PLAINTEXT://:{_PORT},CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        **local_kafka._SETTINGS,
    }
    container = _container(_KAFKA).with_bind_ports(_PORT, port)
    for name, value in settings.items():
        container.with_env(f"KAFKA_{name.replace('.', '_').upper()}", str(value))
    _start(container, started, "Kafka Server started")
    return f"127.0.0.1:{port}"


def postgres(started: list[DockerContainer]) -> str:
    """Start a server; its URL."""
    password = secrets.token_hex(16)
    container = _container(_POSTGRES).with_exposed_ports(5432)
    for name, value in (("USER", local_postgres.SUPERUSER), ("PASSWORD", password), ("DB", local_postgres.DATABASE)):
        container.with_env(f"POSTGRES_{name}", value)
    ours = {name: value for name, value in local_postgres._SETTINGS.items() if name not in _ITS_OWN}
    container.with_command(" ".join(f"-c {name}={value}" for name, value in ours.items()))
    # While it is being set up it says so on stdout, and for good on stderr.
    _start(container, started, "ready to accept connections", both=True)
    host, port = container.get_container_host_ip(), container.get_exposed_port(5432)
    url = f"postgresql://{local_postgres.SUPERUSER}:{password}@{host}:{port}"
    asyncio.run(_with_roles(f"{url}/{local_postgres.DATABASE}", password))
    return url


async def _with_roles(url: str, password: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await local_postgres.make_roles(connection, password)
    finally:
        await connection.close()


def _container(image: tuple[str, str]) -> DockerContainer:
    """One of that image. Ends the run with a sentence where there is no engine."""
    try:
        docker.from_env().ping()
    except docker.errors.DockerException as error:
        pytest.exit(f"--containers needs a Docker engine, and none answers ({type(error).__name__}).", NO_ENGINE)
    return DockerContainer(os.environ.get(*image))


def _start(container: DockerContainer, started: list[DockerContainer], until: str, *, both: bool = False) -> None:
    started.append(container)
    said = LogMessageWaitStrategy(until, predicate_streams_and=both)
    try:
        container.waiting_for(said.with_startup_timeout(timedelta(seconds=PATIENCE))).start()
    except (RuntimeError, TimeoutError, docker.errors.DockerException) as error:
        pytest.exit(f"--containers: {container.image} doesn't come up: {error}", NO_ENGINE)
