"""Connections. Each sees the tables of one version of the read models, by default the live one's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import aiosql
import asyncpg
import orjson

FOLDER: Final = Path(__file__).parent
FIRST: Final = "office_v1"  # the schema of the first version
CHANNEL: Final = "office_moved"
CURSOR: Final[Any] = aiosql.from_path(FOLDER / "cursor.sql", "asyncpg")
VERSIONS: Final[Any] = aiosql.from_path(FOLDER / "versions.sql", "asyncpg")
_SESSION: Final = {
    "application_name": "chengzhang-projector",
    "search_path": FIRST,
    "timezone": "UTC",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
}

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

# The connection is gone, refused or useless, or the server is short of something: the same again may well pass.
TRANSIENT: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)


async def connect(url: str, schema: str | None = None, **session: str) -> Connection:
    """A connection of its own, such as the one that folds; without a schema, on the live version."""
    settings = _SESSION | session | ({"search_path": schema} if schema else {})
    connection: Connection = await asyncpg.connect(url, server_settings=settings, timeout=10)
    if schema is None:
        with suppress(asyncpg.UndefinedTableError):  # nothing has run here yet
            number = await VERSIONS.live_number(connection)
            await connection.execute(f"SET search_path TO {schema_of(number)}")
    return connection


def schema_of(number: int | None) -> str:
    """Where a version has its tables; 0 is the one that `projector verify` makes for itself."""
    return FIRST if number is None else f"office_v{number}" if number else "office_check"


async def pool(url: str, schema: str, largest: int) -> Pool:
    """A pool for reading one version. It connects when used: without a database, the service starts all the same."""
    made: Pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=largest,
        server_settings=_SESSION | {"default_transaction_read_only": "on", "search_path": schema},
        command_timeout=30,
        timeout=10,
        init=_read_json,
    )
    return made


async def _read_json(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
