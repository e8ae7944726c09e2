"""Connections, and the schema: tables in ``office_v1``, public views in ``office``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeAlias

import aiosql
import asyncpg
import orjson

from services.projector.read_models import ReadModel

FOLDER: Final = Path(__file__).parent
SCHEMA: Final = "office_v1"
CHANNEL: Final = "office_moved"
CURSOR: Final[Any] = aiosql.from_path(FOLDER / "cursor.sql", "asyncpg")
_SCHEMA: Final[Any] = aiosql.from_path(FOLDER / "schema.sql", "asyncpg")
_ONE_AT_A_TIME: Final = 0x6F66666963  # the advisory lock under which the schema is created
_SESSION: Final = {
    "application_name": "chengzhang-projector",
    "search_path": SCHEMA,
    "timezone": "UTC",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
}

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

# The connection is gone, refused or useless, or the server is short of something: the same again may well pass.
TRANSIENT: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)


async def connect(url: str, **session: str) -> Connection:
    """A connection of its own, such as the one that folds."""
    connection: Connection = await asyncpg.connect(url, server_settings=_SESSION | session, timeout=10)
    return connection


async def pool(url: str, largest: int = 8) -> Pool:
    """A pool for reading. It connects when used: a database that is down doesn't keep the service from starting."""
    made: Pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=largest,
        server_settings=_SESSION | {"default_transaction_read_only": "on"},
        command_timeout=30,
        timeout=10,
        init=_read_json,
    )
    return made


async def _read_json(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)


async def create(connection: Connection, models: tuple[ReadModel, ...]) -> None:
    """Create what is missing."""
    # Locked before the transaction begins: one that waited inside would not see what the one before has created.
    await connection.execute("SELECT pg_advisory_lock($1)", _ONE_AT_A_TIME)
    try:
        async with connection.transaction():
            await _create(connection, models)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _ONE_AT_A_TIME)


async def _create(connection: Connection, models: tuple[ReadModel, ...]) -> None:
    await connection.execute(_SCHEMA.schema.sql)
    for model in models:
        await connection.execute(model.table)
    for model in models:
        if model.view:
            await connection.execute(model.view)
    await connection.execute(_SCHEMA.roles.sql)


async def prepare(connection: Connection, models: tuple[ReadModel, ...]) -> None:
    """Create the temporary tables that a batch is staged in, once a connection."""
    await connection.execute(_SCHEMA.staging.sql)
    for model in models:
        if model.staging:
            await connection.execute(model.staging)
