"""``pytest --containers``: Kafka and PostgreSQL from testcontainers instead of the stack's own.

Images by setting, ``TEST_POSTGRES_IMAGE`` and ``TEST_KAFKA_IMAGE``: by default those that PostgreSQL and Apache Kafka
publish. Tests that look at the servers' processes or files are left out.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.servers import Servers

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

_GIVEN: Final = "TEST_CONTAINERS"  # where they are, for the workers
_BY_PROCESS: Final = {"own_servers", "process_servers"}
_STARTED: Final = pytest.StashKey[list["DockerContainer"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--containers``."""
    parser.addoption("--containers", action="store_true", help="Kafka and PostgreSQL from testcontainers; needs Docker")


def pytest_configure(config: pytest.Config) -> None:
    """Start them once, before the workers."""
    if not config.getoption("containers") or hasattr(config, "workerinput"):
        return
    from tests.support import engine  # noqa: PLC0415  # Docker's client is for these runs only

    started = config.stash.setdefault(_STARTED, [])
    os.environ[_GIVEN] = json.dumps(asdict(Servers(engine.kafka(started), engine.postgres(started))))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them. Where a run is killed, testcontainers' reaper does, unless it is switched off."""
    for container in config.stash.get(_STARTED, []):
        container.stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what can't be had of containers."""
    if config.getoption("containers"):
        left_out = [item for item in items if _BY_PROCESS & set(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def given() -> Servers | None:
    """Those of the containers, where the run has some."""
    return Servers(**json.loads(os.environ[_GIVEN])) if _GIVEN in os.environ else None
