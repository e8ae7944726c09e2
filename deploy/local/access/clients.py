"""The files with which others come to Kafka: as librdkafka reads them (JSON), and as Java's tools do (properties)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from deploy.local.access.principals import ADMIN
from deploy.local.paths import Home, private_folder, write_private

MECHANISM = "SCRAM-SHA-512"
_NOT_JAVAS = frozenset({"sasl.username", "sasl.password", "ssl.ca.location"})


@dataclass(frozen=True)
class Address:
    """Where a broker is, and the certificate by which it is known; without one it speaks no TLS."""

    bootstrap: str
    ca: Path | None = None

    @property
    def protocol(self) -> str:
        """As Kafka's ``security.protocol``."""
        return "SASL_PLAINTEXT" if self.ca is None else "SASL_SSL"


def librdkafka(address: Address, principal: str, password: str) -> dict[str, str]:
    """By librdkafka's own names."""
    known = {
        "bootstrap.servers": address.bootstrap,
        "security.protocol": address.protocol,
        "sasl.mechanism": MECHANISM,
        "sasl.username": principal,
        "sasl.password": password,
    }
    return known if address.ca is None else known | {"ssl.ca.location": str(address.ca)}


def jaas(principal: str, password: str) -> str:
    """A login by SCRAM, as Java has it."""
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    return f'{module} required username="{principal}" password="{password}";'


def write(home: Home, address: Address, principal: str, password: str) -> None:
    """Write both files of one principal."""
    private_folder(home.kafka_clients)
    known = librdkafka(address, principal, password)
    write_private(home.kafka_clients / f"{principal}.json", json.dumps(known, indent=2).encode() + b"\n")
    write_private(home.kafka_clients / f"{principal}.properties", _java(known))


def write_admin(home: Home, address: Address, password: str) -> None:
    """The administrator's, for Kafka's own tools: it is beside the broker's own files."""
    write_private(home.kafka / f"{ADMIN}.properties", _java(librdkafka(address, ADMIN, password)))


def _java(known: dict[str, str]) -> bytes:
    told = {key: value for key, value in known.items() if key not in _NOT_JAVAS}
    if "ssl.ca.location" in known:
        told |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": known["ssl.ca.location"]}
    told["sasl.jaas.config"] = jaas(known["sasl.username"], known["sasl.password"])
    return "".join(f"{key}={value}\n" for key, value in told.items()).encode()


def forget(home: Home, principal: str) -> None:
    """Remove both."""
    for ending in ("json", "properties"):
        (home.kafka_clients / f"{principal}.{ending}").unlink(missing_ok=True)
