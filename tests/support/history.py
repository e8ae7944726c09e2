"""A history to audit: two small offices' sample year, recorded and published once a run. Tests read or copy it."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from deploy.local.paths import write_private
from deploy.local.running.state import ROLES
from deploy.local.sample import staff, year
from services.common.kafka import mac_keys
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from services.recorder.kafka import topics
from services.recorder.relay.relay import Relay
from services.recorder.trust import history as checks
from services.recorder.trust.delivery import Delivery
from services.recorder.trust.signing import Checkpoints
from tests.support.ledger import Bench, bench
from tests.support.patience import PATIENCE
from tests.support.servers import Servers

_AT_ONCE: Final = 500
_UNPUBLISHED: Final = (
    "SELECT FROM ledger.shard s JOIN ledger.relay r USING (shard) "
    "WHERE (s.size, s.next_receipt) <> (r.events, r.receipts)"
)
SIZE: Final = year.Size(2025, 2, staff.LEAST, 7, "o-h")


@pytest.fixture(scope="session")
def history(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of an installation whose ledger and topics hold the sample year. Change nothing in it."""
    name = f"history_{uuid.uuid4().hex[:12]}"
    made = _settings(servers, name, tmp_path_factory.mktemp("history"))
    _apart(_made(servers, made))
    yield made
    _apart(administer(servers, f"DROP DATABASE {name} WITH (FORCE)"))


def _settings(servers: Servers, name: str, folder: Path) -> Settings:
    write_private(folder / "kek", secrets.token_bytes(32))
    mac_keys.ensure(folder / "mac-keys.json", Misconfigured)
    write_private(folder / "tokens.json", json.dumps({role: secrets.token_urlsafe(32) for role in ROLES}).encode())
    return Settings(
        home=folder,
        **servers.on_kafka,
        database_url=servers.database_url(name),
        topic_prefix=name.replace("_", "-"),
        tokens=folder / "tokens.json",
        kek_file=folder / "kek",
        shards=4,
    )


async def _made(servers: Servers, settings: Settings) -> None:
    servers.admit(settings.topic_prefix)
    await administer(servers, f"CREATE DATABASE {settings.database_url.rpartition('/')[2]}")
    async with bench(settings.database_url, settings.shards) as ledger:
        await topics.ensure(settings)
        actions = list(year.actions(SIZE))
        for first in range(0, len(actions), _AT_ONCE):
            await ledger.receipts(actions[first : first + _AT_ONCE])
            await sign(ledger, settings)
        await publish(ledger, settings)


async def sign(ledger: Bench, settings: Settings) -> None:
    """A checkpoint of every shard that has events: in the ledger, in the file and on the topic."""
    checkpoints = Checkpoints(ledger.pool, ledger.ledger, settings)
    for row in await ledger.rows("SELECT shard FROM ledger.shard WHERE size > 0"):
        await checkpoints.make(row["shard"])
    delivery = Delivery(ledger.pool, ledger.ledger, settings)
    await delivery.file()
    await delivery.publish()
    await delivery.stop()


async def publish(ledger: Bench, settings: Settings) -> None:
    """Have the topics hold what the ledger holds."""
    reasons = await checks.check_all(ledger.pool, ledger.ledger, settings)
    assert not any(reasons.values()), reasons
    relay = Relay(ledger.pool, ledger.ledger, settings, reasons)
    await relay.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while await ledger.rows(_UNPUBLISHED):  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # the database tells
    finally:
        await relay.stop()


@asynccontextmanager
async def copied(servers: Servers, settings: Settings) -> AsyncIterator[Settings]:
    """The same installation on a copy of its database: to be tampered with."""
    name, statement = copy_of(settings)
    await administer(servers, statement)
    try:
        yield settings.model_copy(update={"database_url": servers.database_url(name)})
    finally:
        await administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


def copy_of(settings: Settings) -> tuple[str, str]:
    """A name for a copy of the database, and the statement that makes it."""
    template, name = settings.database_url.rpartition("/")[2], f"copy_{uuid.uuid4().hex[:12]}"
    return name, f"CREATE DATABASE {name} TEMPLATE {template}"


async def administer(servers: Servers, statement: str) -> None:
    """Run one statement about databases."""
    connection = await asyncpg.connect(servers.database_url("postgres"))
    try:
        await asyncio.wait_for(connection.execute(statement), PATIENCE)
    finally:
        await connection.close()


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run it on a loop of its own: the tests' own loop may be set up already."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
