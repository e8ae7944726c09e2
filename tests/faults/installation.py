"""An installation of a test's own on the run's servers: database, topics, tokens, and processes on their own ports."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.paths import write_private
from deploy.local.running.ports import LOOPBACK, choose
from deploy.local.running.state import ROLES
from schemas.people.erasure import IRREVOCABLE
from services.common.settings import Settings
from services.projector.errors import NotRunning
from services.projector.versioning.status import status as projector_status
from services.recorder.status.figures import status as recorder_status
from tests.support.access import as_admin
from tests.support.patience import PATIENCE
from tests.support.servers import Servers, far_ports
from tests.support.service import Service

_LOOK: Final = 0.5
_ports_lock = threading.Lock()
_ports_taken: set[int] = set()


def free_port() -> int:
    """A port that no other caller got: between choosing and listening pass seconds, and scenarios run side by side."""
    with _ports_lock:
        port = choose("service", far_ports().recorder, _ports_taken)
        _ports_taken.add(port)
        return port


@asynccontextmanager
async def installation(servers: Servers, folder: Path, shards: int) -> AsyncIterator[Settings]:
    """Settings of a fresh installation; its database and topics go at the end."""
    _write_secrets(folder)
    prefix = f"f{uuid.uuid4().hex[:12]}"
    servers.admit(prefix)
    async with database(servers) as url:
        settings = Settings(
            home=folder,
            **servers.on_kafka,
            database_url=url,
            topic_prefix=prefix,
            tokens=folder / "tokens.json",
            kek_file=folder / "kek",
            shards=shards,
            recorder_url=f"http://{LOOPBACK}:{free_port()}",
            projector_url=f"http://{LOOPBACK}:{free_port()}",
        )
        yield settings
    await delete_topics(settings)
    servers.forget(prefix)


def _write_secrets(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / "kek", secrets.token_bytes(32))
    tokens: dict[str, Any] = {role: f"{role}-{secrets.token_hex(8)}" for role in ROLES}
    tokens["eraser"] = {"token": secrets.token_urlsafe(32), "role": "publisher", "types": [*IRREVOCABLE]}
    write_private(folder / "tokens.json", json.dumps(tokens).encode())


@asynccontextmanager
async def database(servers: Servers, template: str = "template1") -> AsyncIterator[str]:
    """The URL of a new database, a copy of another one where that is named; dropped at the end."""
    name = f"faults_{uuid.uuid4().hex}"
    await _administer(servers, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield servers.database_url(name)
    finally:
        await _administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def delete_topics(settings: Settings, name: str = "") -> None:
    """Delete all topics of an installation, or one of them; returns when they are gone."""
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    try:
        while ours := [t for t in await admin.list_topics() if t.startswith(settings.topic(name))]:
            await admin.delete_topics(ours)
            await asyncio.sleep(_LOOK)
    finally:
        await admin.close()


def service(name: str, settings: Settings, fault: str | None = None) -> Service:
    """The installation's recorder or projector, at the address that its settings name."""
    url = settings.recorder_url if name == "recorder" else settings.projector_url
    return Service(name, settings, fault=fault, port=int(url.rpartition(":")[2]))


async def settled(settings: Settings, seconds: float = PATIENCE) -> None:
    """Wait until all actions on the topic are recorded, all that is recorded is published, all of that is folded."""
    end = time.monotonic() + seconds
    missing = "not looked yet"
    while missing and time.monotonic() < end:
        missing = await _missing(settings)
        await asyncio.sleep(_LOOK if missing else 0)
    assert not missing, f"not finished after {seconds:g} s: {missing}"


async def _missing(settings: Settings) -> str:
    """What is still to be done, in words; nothing where all is done. An AssertionError where a shard stands still."""
    recorder = await recorder_status(settings)
    if recorder.state != "running" or recorder.intake_lag != 0:
        return f"the recorder is {recorder.state}, {recorder.intake_lag} actions wait"
    for shard in recorder.shards:
        assert shard.reason is None, f"shard {shard.shard} is read-only: {shard.reason}"
        if (shard.relayed, shard.relayed_receipts) != (shard.next, shard.next_receipt):
            return f"not published yet: {shard}"
    try:
        projector = await projector_status(settings)
    except NotRunning as error:
        return str(error)
    assert projector.state == "live", f"the projector is halted: {[s for s in projector.shards if s.error]}"
    return f"not folded yet: {[s for s in projector.shards if s.lag]}" if projector.lag else ""


async def _administer(servers: Servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.database_url("postgres"), timeout=30)
    try:
        await asyncio.wait_for(connection.execute(statement), PATIENCE)
    finally:
        await connection.close()
