"""What a command is about: which ledger, which of its shards, and whose their leases are.

Whoever relays a shard holds its lease, an advisory lock. Relays hand it over to whoever waits for it.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiosql
import asyncpg

from services.common.settings import Settings
from services.recorder.errors import Unavailable
from services.recorder.ledger import database
from services.recorder.ledger.database import Pool
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.refusals import refused
from services.recorder.relay.relay import LEASE_CLASS, lease_locks

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("recovery.sql"), "asyncpg", mandatory_parameters=False)
_PATIENCE: Final = 60  # seconds until a relay has handed over


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Pool, asyncpg.Record]]:
    """The database, and its ledger's id, shard count and whether it is being restored. Raises Refused."""
    pool = await database.connect(settings.database_url)
    try:
        async with pool.acquire() as connection:
            try:
                state = await STANDING.state(connection)
            except asyncpg.UndefinedTableError as error:
                raise refused("no-ledger") from error
        yield pool, state
    finally:
        pool.terminate()


def chosen(only: Iterable[int], count: int) -> list[int]:
    """These shards in order, all ``count`` where none is named. Raises Refused where one doesn't exist."""
    shards = sorted(set(only)) or list(range(count))
    if wrong := [shard for shard in shards if not 0 <= shard < count]:
        raise refused("no-shard", shard=wrong[0], last=count - 1)
    return shards


async def standing(pool: Pool, shard: int) -> asyncpg.Record:
    """Where a shard ends, and what it has there. Raises Unavailable."""
    async with pool.acquire() as connection:
        row: asyncpg.Record | None = await STANDING.stand(connection, shard=shard)
    if row is None:
        raise Unavailable(f"the ledger has no shard {shard}.", f"账本没有分片 {shard}。")
    return row


async def ending(pool: Pool, shard: int, kind: str) -> int:
    """How many events a shard has; or receipts."""
    return int((await standing(pool, shard))["size" if kind == "events" else "next_receipt"])


async def leased(pool: Pool) -> list[int]:
    """The shards whose lease a recorder holds."""
    async with pool.acquire() as connection:
        return await lease_locks(connection, granted=True)


@asynccontextmanager
async def lease(settings: Settings, shard: int) -> AsyncIterator[None]:
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
