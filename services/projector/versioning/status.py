"""How far the read models are behind the ledger, asked of the database: true without a running projector, too."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.settings import Settings
from services.projector import database, read_models
from services.projector.database import CURSOR, TRANSIENT, VERSIONS, Connection
from services.projector.errors import NotRunning
from services.projector.settings import consumer_name
from services.projector.versioning import versions


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One shard: ``end`` is the ledger's size, so lag 0 means that all that is committed is visible.

    ``foreign``: records on the topic that no recorder wrote and nothing was made of; ``foreign_last`` is one of them.
    """

    shard: int
    next: int
    end: int
    lag: int
    state: str
    error: str | None
    foreign: int = 0
    foreign_last: str | None = None


@dataclass(frozen=True, slots=True)
class Building:
    """A version that is being built beside the live one: how many events are in it."""

    version: int
    next: int


@dataclass(frozen=True, slots=True)
class Status:
    """All of it; ``halted`` where any shard is. ``current``: the live version was made by the folds of this code."""

    state: str
    lag: int
    shards: list[ShardStatus]
    version: int
    current: bool
    building: Building | None
    old: list[int]


async def status(settings: Settings) -> Status:
    """Ask the database. Raises NotRunning where it doesn't answer or no projector has ever run, Lost."""
    try:
        connection = await database.connect(settings.database_url)
    except TRANSIENT as error:
        raise NotRunning("The database doesn't answer.", "数据库没有应答。") from error
    try:
        return await _asked(connection, consumer_name(settings))
    except asyncpg.UndefinedTableError as error:
        raise NotRunning("No recorder has run on this database yet.", "该数据库上尚未运行过记录服务。") from error
    finally:
        await connection.close()


async def _asked(connection: Connection, consumer: str) -> Status:
    live = await versions.live(connection)
    rows = [row async for row in CURSOR.status(connection, consumer=consumer)]
    shards = [_shard(row) for row in rows]
    old = [row["number"] async for row in VERSIONS.old(connection)]
    found, building = await versions.building(connection), None
    if found is not None and not found.missing:
        building = Building(found.number, sum((await versions.positions(connection, consumer, found)).values()))
    return Status(
        state="halted" if any(shard.state == "halted" for shard in shards) else "live",
        lag=sum(shard.lag for shard in shards),
        shards=shards,
        version=live.number,
        current=live.digest == versions.digest(read_models.load()),
        building=building,
        old=old,
    )


def _shard(row: Any) -> ShardStatus:  # noqa: ANN401  # a row
    position, end, state, error = row["next"], row["end"], row["state"], row["error"]
    if position > end:
        state = "halted"
        error = f"the read models stand at {position}, beyond the ledger's end {end}: was it restored from a backup?"
    elif row["recorded"] not in {None, row["folded"]}:
        state, error = "halted", strange(row["shard"], position - 1)
    foreign = row["foreign_count"], row["foreign_told"]
    return ShardStatus(row["shard"], position, end, max(end - position, 0), state, error, *foreign)


def strange(shard: int, position: int) -> str:
    """What is to be said where the ledger has another event than the one that was folded."""
    return (
        f"position {position}: the ledger of shard {shard} has another event there than the one that was folded: the "
        "read models hold what the ledger never had. `projector rebuild` makes them anew"
    )
