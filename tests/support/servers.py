"""Where the servers of a test run are, whoever started them."""

from __future__ import annotations

import os
import random
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from deploy.local.access.clients import Address
from deploy.local.access.granting import Broker
from deploy.local.access.principals import ADMIN, LOGINS, Rule, of_all
from deploy.local.running.ports import is_free
from deploy.local.running.state import Ports


@dataclass(frozen=True)
class Servers:
    """Where Kafka and PostgreSQL are: bootstrap address; URL up to the database's name."""

    kafka: str
    postgres: str
    passwords: str = ""  # the folder of Kafka's; empty where it asks for none

    def database_url(self, database: str) -> str:
        """Return the URL of one database."""
        return f"{self.postgres}/{database}"

    @property
    def on_kafka(self) -> dict[str, Any]:
        """The settings that tell how Kafka is reached."""
        if not self.passwords:
            return {"kafka": self.kafka, "kafka_protocol": "PLAINTEXT"}
        return {"kafka": self.kafka, "kafka_passwords": Path(self.passwords)}

    def admit(self, prefix: str) -> None:
        """Have everybody be let do, with the topics of that prefix, what they are in an installation."""
        self._rule(of_all(prefix), prefix)

    def forget(self, prefix: str) -> None:
        """Let nobody do it any more: a broker reads all rules for each request."""
        self._rule([], prefix)

    def broker(self) -> Broker:
        """Kafka, as its administrator."""
        return Broker(Address(self.kafka), (Path(self.passwords) / ADMIN).read_text().strip())

    def _rule(self, rules: list[Rule], prefix: str) -> None:
        if self.passwords:
            self.broker().set_rules(LOGINS, rules, prefix)


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
