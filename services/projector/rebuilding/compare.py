"""The live read models against another version of them, at the same positions, row by row, in SQL.

The live ones move on meanwhile. So a snapshot of them is taken first; then the other version, which nobody else folds,
is brought to exactly the snapshot's positions; then the rows in the snapshot are compared with it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiosql

from services.projector import database
from services.projector.database import Connection
from services.projector.interpreting.derived import quote
from services.projector.versioning import versions
from services.projector.versioning.versions import Version

SQL: Final[Any] = aiosql.from_path(Path(__file__).with_name("compare.sql"), "asyncpg")
_SESSION: Final = {"idle_in_transaction_session_timeout": "0", "work_mem": "64MB"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live version as it stands at ``positions``, for other transactions to read in."""

    version: Version
    positions: Mapping[int, int]
    name: str


@dataclass(slots=True)
class Comparison:
    """What was compared on ``connection``, which holds the differences. ``rows`` are the other version's."""

    connection: Connection
    stood: Snapshot
    rows: int = 0
    differing: dict[str, int] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)  # read models and columns that the live version lacks
    removed: list[str] = field(default_factory=list)  # those that the other one lacks

    @property
    def equal(self) -> bool:
        """Whether readers see the same, but for what is added."""
        return not self.differing and not self.removed


@asynccontextmanager
async def snapshot(url: str, consumer: str) -> AsyncIterator[Snapshot]:
    """Keep the live version's rows as they stand now readable."""
    async with (
        database.connected(url, session=_SESSION) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        version = await versions.live(connection)
        positions = await versions.positions(connection, consumer, version)
        yield Snapshot(version, positions, await SQL.export(connection))


@asynccontextmanager
async def compared(url: str, stood: Snapshot, other: Version) -> AsyncIterator[Comparison]:
    """Compare every read model; the differences can be asked for until this ends."""
    async with database.connected(url, other.schema, _SESSION) as connection:
        found = Comparison(connection, stood)
        await connection.execute(SQL.difference.sql)
        for model in other.tables:
            await _compare(found, stood, other, model)
        found.removed += [model for model in stood.version.tables if model not in other.tables]
        found.differing = {row["read_model"]: row["rows"] async for row in SQL.counts(connection)}
        yield found


async def _compare(found: Comparison, stood: Snapshot, other: Version, model: str) -> None:
    connection = found.connection
    before = await _columns(connection, stood.version, model)
    after = await _columns(connection, other, model)
    found.rows += await connection.fetchval(f"SELECT count(*) FROM {other.schema}.{model}")  # noqa: S608  # our names
    common = [name for name, (type_, _) in after.items() if name in before and before[name][0] == type_]
    keys = sorted((name for name in after if after[name][1] is not None), key=lambda name: after[name][1])
    if not set(keys) <= set(common):
        found.added.append(model)
        return
    found.added += [f"{model}.{name}" for name in after if name not in common]
    found.removed += [f"{model}.{name}" for name in before if name not in common]
    names = {
        "COLUMNS": ", ".join(map(quote, common)),
        "KEYS": ", ".join(map(quote, keys)),
        "LIVE_TABLE": f"{stood.version.schema}.{model}",
        "OTHER_TABLE": f"{other.schema}.{model}",
        "READ_MODEL": model,
    }
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(f"SET TRANSACTION SNAPSHOT '{stood.name}'")
        await connection.execute(_named(SQL.copy.sql, names))
    await connection.execute(_named(SQL.compare.sql, names))
    await connection.execute(SQL.forget.sql)


async def _columns(connection: Connection, version: Version, model: str) -> dict[str, tuple[str, int]]:
    """Type and place in the key by name; none where there is no such table."""
    rows = [row async for row in SQL.columns(connection, schema=version.schema, table=model)]
    return {row["name"]: (row["type"], row["place"]) for row in rows}


def _named(statement: str, names: Mapping[str, str]) -> str:
    for word, name in names.items():
        statement = statement.replace(word, name)
    return statement
