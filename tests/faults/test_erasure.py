"""An erasure that a crash cut in two, or that a restored backup doesn't know of, is applied before anything opens."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from schemas.trust.identity import shard_of
from services.common.settings import Settings
from tests.faults.installation import database, installation, service
from tests.faults.test_history import name_of, post, relayed, status
from tests.support.ledger import action, person
from tests.support.patience import PATIENCE
from tests.support.servers import Servers
from tests.support.service import ran

SHARDS = 2
OFFICE = "o-1"
SHARD = shard_of(OFFICE, SHARDS)
REQUEST = action("people.request-erasure", {"person": "p-1", "basis": "令"}, OFFICE)
ERASE = action("people.erase-person", {"person": "p-1", "basis": "令"}, OFFICE)


async def test_an_erasure_survives_a_kill_and_an_older_backup(servers: Servers, tmp_path: Path) -> None:
    async with installation(servers, tmp_path, SHARDS) as settings:
        with service("recorder", settings) as recorder:
            recorder.wait_ready()
            receipt = (await post(settings, person("p-1", OFFICE))).json()
            name = await sealed_name(settings, receipt["events"][0]["id"])
            assert await opened(settings, name) == {"text": "王"}
            await relayed(settings, SHARD)
            recorder.stop()  # a database that is in use can't be copied
        async with database(servers, template=name_of(settings)) as backup:
            await assert_killed_in_between(settings)
            await assert_healed(settings, name)
            await assert_the_backup_is_erased_again(settings, backup, name)


async def assert_healed(settings: Settings, name: Any) -> None:  # noqa: ANN401  # as JSON has it
    """The next start destroys the key."""
    with service("recorder", settings) as recorder:
        recorder.wait_ready()
        assert await opened(settings, name) == {"error": "erased"}
        await relayed(settings, SHARD)
        recorder.stop()


async def assert_killed_in_between(settings: Settings) -> None:
    """The recorder dies with the erasure recorded and the key still there."""
    with service("recorder", settings, "before-destroy") as victim:
        victim.wait_ready()
        try:
            await post(settings, REQUEST)
            await post(settings, ERASE, "eraser")
        except httpx.TransportError:
            assert await asyncio.to_thread(victim.wait_exit) == -9
        else:
            raise AssertionError
    assert await keys(settings) == [True]


async def assert_the_backup_is_erased_again(settings: Settings, backup: str, name: Any) -> None:  # noqa: ANN401
    """Ledger and vault are older than the erasure: the topic tells of it, which closes, and the shard takes nothing.

    The key goes with what is recorded again.
    """
    restored = settings.model_copy(update={"database_url": backup})
    assert await keys(restored) == [True]
    with service("recorder", restored) as again:
        again.wait_ready()
        assert await opened(restored, name) == {"error": "erased"}
        assert status(restored)[1]["shards"][SHARD]["mode"] == "read-only"
        assert await keys(restored) == [True]
        ended = await asyncio.to_thread(ran, restored, "recorder", "recover")
        assert ended.returncode == 0, ended.stderr
        async with asyncio.timeout(PATIENCE):
            while await keys(restored) != [False]:  # noqa: ASYNC110  # the vault tells
                await asyncio.sleep(0.1)
        assert await opened(restored, name) == {"error": "erased"}
        again.stop()


async def sealed_name(settings: Settings, event: str) -> Any:  # noqa: ANN401  # as JSON has it
    """A registration's sealed name."""
    body = await fetchval(settings, "SELECT body FROM ledger.event WHERE id = $1::text::uuid", event)
    return json.loads(body)["data"]["name"]


async def keys(settings: Settings) -> Any:  # noqa: ANN401  # as the driver has it
    """For each person in the vault whether there is a key."""
    return await fetchval(settings, "SELECT array_agg(wrapped IS NOT NULL ORDER BY person) FROM vault.data_key")


async def fetchval(settings: Settings, statement: str, *values: object) -> Any:  # noqa: ANN401  # any column
    """One value of the database."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


async def opened(settings: Settings, item: Any) -> Any:  # noqa: ANN401  # as JSON has it
    """What ``POST /open`` says of one sealed field."""
    token = json.loads(settings.tokens.read_bytes())["reader"]
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        answer = await client.post(
            f"{settings.recorder_url}/open", json={"items": [item]}, headers={"authorization": f"Bearer {token}"}
        )
    return answer.raise_for_status().json()["items"][0]
