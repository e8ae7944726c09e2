"""TLS: the bundled Kafka with the setting for it, and a Kafka where a certificate is the login."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.local.access import passwords
from deploy.local.access.clients import Address
from deploy.local.access.settling import settle
from deploy.local.errors import StackError
from deploy.local.paths import Home
from deploy.local.running import processes, stack
from deploy.local.running.state import Ports
from deploy.local.servers import kafka
from services.common.settings import Settings
from services.recorder.kafka import topics
from services.recorder.kafka.fetching import consuming
from tests.support.ledger import section
from tests.support.patience import PATIENCE
from tests.support.servers import far_ports

_PROTOCOL = "CHENGZHANG_KAFKA_PROTOCOL"


@pytest.fixture
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="chengzhang-tls-"))
    made = Home.at(folder / "home")
    try:
        yield made
    finally:
        stack.down(made)
        shutil.rmtree(folder)


def test_all_of_the_stack_speaks_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_PROTOCOL, "SASL_SSL")
    state = stack.up(home, preferred=far_ports())
    monkeypatch.delenv(_PROTOCOL)  # what was chosen stays
    assert stack.up(home) == state
    known = json.loads((home.kafka_clients / "publisher.json").read_text())
    assert (known["security.protocol"], known["ssl.ca.location"]) == ("SASL_SSL", str(home.kafka_ca))
    sent = section(office=f"o-{uuid.uuid4().hex[:8]}")
    _publish(known, json.dumps(sent).encode())
    assert _receipt(known, sent["id"])["outcome"] == "accepted"
    _speaks_to_java(home)

    fooled = {**known, "ssl.ca.location": _another_certificate(home)}
    plain = {**known, "security.protocol": "SASL_PLAINTEXT"}
    for conf in (fooled, plain):
        with pytest.raises(KafkaException):
            Producer({**conf, "log_level": 0}).list_topics(timeout=3)

    monkeypatch.setenv(_PROTOCOL, "SASL_PLAINTEXT")
    with pytest.raises(StackError, match="kafka_runs_otherwise"):
        stack.up(home)
    monkeypatch.setenv(_PROTOCOL, "PLAINTEXT")
    with pytest.raises(StackError, match="kafka_protocol"):
        stack.up(home)


def _publish(known: dict[str, str], body: bytes) -> None:
    producer = Producer({**known, "log_level": 0})
    producer.produce("chengzhang.actions", body, headers={"content-type": b"application/cloudevents+json"})
    assert producer.flush(PATIENCE) == 0


def _receipt(known: dict[str, str], ident: str) -> dict[str, str]:
    consumer = Consumer({**known, "group.id": "publisher-1", "auto.offset.reset": "earliest", "log_level": 0})
    consumer.subscribe(["chengzhang.receipts"])
    try:
        while True:
            record = consumer.poll(PATIENCE)
            assert record is not None, "no receipt"
            if record.error() is None and record.key() == ident.encode():
                return dict(json.loads(record.value() or b"")["data"])
    finally:
        consumer.close()


def _speaks_to_java(home: Home) -> None:
    server = json.loads((home.kafka_clients / "auditor.json").read_text())["bootstrap.servers"]
    line = ["console-consumer", "--bootstrap-server", server, "--topic", "chengzhang.receipts", "--from-beginning",
            "--command-config", str(home.kafka_clients / "auditor.properties"), "--max-messages", "1"]  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.local.kafka_tool", *line],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert json.loads(ended.stdout.splitlines()[0])["type"] == "chengzhang.receipt.v1", ended.stderr


def _another_certificate(home: Home) -> str:
    file = home.root / "another.pem"
    certificate, _ = _signed("chengzhang embedded kafka")
    file.write_bytes(certificate)
    return str(file)


def _signed(name: str) -> tuple[bytes, bytes]:
    """A certificate of that name, signed by itself, and its key; both PEM."""
    key, called = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
    now = datetime.now(UTC)
    made = (
        begin.serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), private


def test_a_certificate_is_the_login(home: Home) -> None:
    """mTLS: whom the broker knows by a certificate named ``recorder`` may do what the recorder may, and no other."""
    settings = _mutual(home, far_ports())
    asyncio.run(topics.ensure(settings["recorder"]))
    asyncio.run(_reads(settings["recorder"]))
    with pytest.raises(Exception, match="Authorization"):
        asyncio.run(topics.ensure(settings["stranger"]))


async def _reads(settings: Settings) -> None:
    async with consuming(settings) as consumer:
        assert settings.topic("events") in await consumer.topics()


def _mutual(home: Home, ports: Ports) -> dict[str, Settings]:
    """Start the broker with a further listener, which asks for certificates; the settings by who has which."""
    address, port = Address(f"127.0.0.1:{ports.kafka}", home.kafka_ca), ports.kafka + 1
    home.root.mkdir()
    folder, trusted = home.root, b""
    for name in ("recorder", "stranger"):
        certificate, private = _signed(name)
        (folder / f"{name}.pem").write_bytes(certificate)
        (folder / f"{name}.key").write_bytes(private)
        trusted += certificate
    (folder / "trusted.pem").write_bytes(trusted)
    daemon = kafka.daemon(home, address, ports.controller)
    file = Path(daemon.command[-1])
    told = dict(line.split("=", 1) for line in file.read_text().splitlines())
    told["listeners"] += f",MUTUAL://127.0.0.1:{port}"
    told["advertised.listeners"] += f",MUTUAL://127.0.0.1:{port}"
    told["listener.security.protocol.map"] += ",MUTUAL:SSL"
    ours = "listener.name.mutual.ssl"
    told |= {f"{ours}.client.auth": "required", "ssl.principal.mapping.rules": "RULE:^CN=([a-z]+)$/$1/"}
    for store, where in {"keystore": home.kafka_keystore, "truststore": folder / "trusted.pem"}.items():
        told |= {f"{ours}.{store}.type": "PEM", f"{ours}.{store}.location": str(where)}
    file.write_text("".join(f"{key}={value}\n" for key, value in told.items()))
    processes.start(home, daemon)
    while not asyncio.run(kafka.answers(address, passwords.of_admin(home, has_data=True))):
        time.sleep(0.1)
    settle(home, address, "chengzhang")
    return {
        name: Settings(
            kafka=f"127.0.0.1:{port}", kafka_protocol="SSL", kafka_ca_file=home.kafka_ca,
            kafka_cert_file=folder / f"{name}.pem", kafka_key_file=folder / f"{name}.key", home=home.root,
        )
        for name in ("recorder", "stranger")
    }  # fmt: skip
