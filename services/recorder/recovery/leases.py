"""Leases: whoever relays a shard holds its lease, an advisory lock. Relays hand it over to whoever waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from services.common.settings import Settings
from services.recorder.ledger.database import Pool
from services.recorder.recovery.queries import QUERIES
from services.recorder.recovery.refusals import refused
from services.recorder.relay.relay import LEASE_CLASS

_PATIENCE: Final = 60  # seconds until a relay has handed over


async def refuse_running(pool: Pool) -> None:
    """Raise Refused where a recorder holds a lease."""
    if found := await leased(pool):
        raise refused("running", shards=len(found))


async def leased(pool: Pool) -> list[int]:
    """The shards whose lease a recorder holds."""
    async with pool.acquire() as connection:
        return [row["shard"] async for row in QUERIES.holders(connection, leases=LEASE_CLASS)]


@asynccontextmanager
async def held(settings: Settings, shard: int) -> AsyncIterator[None]:
    """Hold a shard's lease, on a connection of its own. Raises Refused where nobody hands it over."""
    connection = await asyncpg.connect(
        settings.database_url,
        timeout=10,
        command_timeout=_PATIENCE + 10,
        server_settings={"application_name": "chengzhang-republish", "lock_timeout": f"{_PATIENCE}s"},
    )
    try:
        await connection.execute("SELECT pg_advisory_lock($1, $2)", LEASE_CLASS, shard)
        yield
    except asyncpg.LockNotAvailableError as error:
        raise refused("not-handed-over", shard=shard, seconds=_PATIENCE) from error
    finally:
        connection.terminate()
