"""Where the servers of a test run are, whoever started them."""

from __future__ import annotations

import os
import random
from dataclasses import astuple, dataclass

from deploy.local.running.ports import is_free
from deploy.local.running.state import Ports


@dataclass(frozen=True)
class Servers:
    """Where Kafka and PostgreSQL are: bootstrap address; URL up to the database's name."""

    kafka: str
    postgres: str

    def database_url(self, database: str) -> str:
        """Return the URL of one database."""
        return f"{self.postgres}/{database}"


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
