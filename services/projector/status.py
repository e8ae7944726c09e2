"""How far the read models are behind the ledger, asked of the database: true without a running projector, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.settings import Settings
from services.projector import database
from services.projector.database import CURSOR, TRANSIENT
from services.projector.errors import NotRunning
from services.projector.settings import consumer_name


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One shard: ``end`` is the ledger's size, so lag 0 means that all that is committed is visible."""

    shard: int
    next: int
    end: int
    lag: int
    state: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """All of it; ``halted`` where any shard is."""

    state: str
    lag: int
    shards: list[ShardStatus]


async def status(settings: Settings) -> Status:
    """Ask the database. Raises NotRunning where it doesn't answer or no projector has ever run."""
    try:
        connection = await database.connect(settings.database_url)
    except TRANSIENT as error:
        raise NotRunning("The database doesn't answer.") from error
    try:
        rows = [row async for row in CURSOR.status(connection, consumer=consumer_name(settings))]
    except asyncpg.UndefinedTableError as error:
        raise NotRunning("No recorder or no projector has run on this database yet.") from error
    finally:
        await connection.close()
    return _status([_shard(row) for row in rows])


def _shard(row: Any) -> ShardStatus:  # noqa: ANN401  # a row
    position, end, state, error = row["next"], row["end"], row["state"], row["error"]
    if position > end:
        state, error = (
            "halted",
            f"the read models stand at {position}, beyond the ledger's end {end}: was it restored from a backup?",
        )
    return ShardStatus(row["shard"], position, end, max(end - position, 0), state, error)


def _status(shards: list[ShardStatus]) -> Status:
    halted = any(shard.state == "halted" for shard in shards)
    return Status("halted" if halted else "live", sum(shard.lag for shard in shards), shards)
