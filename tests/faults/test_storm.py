"""Random kills of recorders, projectors, Kafka and PostgreSQL under load, once; ``make faults`` runs many seeds."""

from __future__ import annotations

from pathlib import Path

from tests.faults.storm import storm
from tests.support.stack import OwnServers

SEED = 1
SECONDS = 20


async def test_nothing_is_lost_in_a_storm(own_servers: OwnServers, tmp_path: Path) -> None:
    await storm(own_servers, tmp_path, SEED, SECONDS)
