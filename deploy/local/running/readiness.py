"""Whether a service that runs is ready: PostgreSQL and Kafka by asking them something, ours by what `/readyz` says."""

from __future__ import annotations

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any

from deploy.local.access import passwords
from deploy.local.access.principals import ADMIN
from deploy.local.paths import Home
from deploy.local.running import processes
from deploy.local.running.ports import LOOPBACK
from deploy.local.running.state import State, address
from deploy.local.servers import kafka, postgres

_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer: whether it is ready, and the rest of what `/readyz` said."""

    well: bool
    said: dict[str, Any] | None = None


def ready(home: Home, name: str, state: State) -> Ready:
    """Ask it, if it is ours: another stack's that took the port meanwhile would answer as well."""
    port: int = getattr(state.ports, name)
    if not processes.listens(home, name, port):
        return Ready(well=False)
    match name:
        case postgres.NAME:
            return Ready(asyncio.run(postgres.answers(port, state.password)))
        case kafka.NAME:
            return Ready(asyncio.run(kafka.answers(address(home, state), passwords.known(home, ADMIN) or "")))
        case _:
            return readyz(port)


def readyz(port: int) -> Ready:
    """What the service there says of itself."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return Ready(answer.status == http.HTTPStatus.OK, _object(answer.read()))
    except (OSError, http.client.HTTPException):
        return Ready(well=False)
    finally:
        connection.close()


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
