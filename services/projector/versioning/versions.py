"""Versions of the read models: each in a schema of its own, with its cursors and the SQL that folds it.

One is live: the public views in ``office`` show it. One may be building beside it. Old ones are kept until dropped.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import aiosql
import asyncpg
import orjson

from services.projector import database
from services.projector.database import CURSOR, VERSIONS, Connection
from services.projector.errors import Lost, NotRunning, Refused
from services.projector.interpreting import fold, view
from services.projector.read_models import ReadModel
from services.projector.relations import TABLES

CHECK: Final = 0  # the number of the one that `projector verify` makes for itself
BASE: Final[Any] = aiosql.from_path(database.FOLDER / "base.sql", "asyncpg")
BASE_TABLES: Final = (*TABLES, "office_year")
_ONE_AT_A_TIME: Final = 0x6F66666963  # the advisory lock under which schemas come and go
_TRIES: Final = 10
_PAUSE: Final = 0.2
_BESIDE: Final = 0x626573696465  # the one of whoever builds beside the live version
# Whoever waits for a reader holds others up meanwhile, so it gives up soon; always before deadlock_timeout, a second.
VIEW_LOCK_TIMEOUT: Final = "200ms"
_COMMENT: Final = re.compile(r"(^|\s)--[^\n]*")


@dataclass(frozen=True, slots=True)
class Version:
    """One version. ``digest`` tells which tables and folds made it, ``compared`` how it differed from the live one.

    ``missing`` are tables that somebody has dropped.
    """

    number: int
    digest: str
    staging: str
    steps: tuple[fold.Step, ...]
    tables: tuple[str, ...]
    compared: Mapping[str, Any] | None = None
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, number: int, models: Sequence[ReadModel]) -> Self:
        """The version that these read models make."""
        steps = tuple(fold.batch(models))
        tables = (*BASE_TABLES, *(model.name for model in models if model.stored))
        return cls(number, digest(models), BASE.staging.sql, steps, tables)

    @classmethod
    def read(cls, row: asyncpg.Record) -> Self:
        """As it was entered."""
        compared = None if row["compared"] is None else orjson.loads(row["compared"])
        steps = tuple(fold.Step(sql, frozenset(types), revoking) for sql, types, revoking in orjson.loads(row["steps"]))
        tables, missing = tuple(row["tables"]), tuple(row["missing"])
        return cls(row["number"], row["digest"], row["staging"], steps, tables, compared, missing)

    @property
    def schema(self) -> str:
        """Where its tables are."""
        return database.schema_of(self.number)


def digest(models: Sequence[ReadModel]) -> str:
    """SHA-256 of all that makes rows, whatever the comments and spaces in it: not of views and queries."""
    tables = [fold.table(model) for model in models if model.stored]
    return digest_of([BASE.version.sql, BASE.staging.sql, *tables, *(step.sql for step in fold.batch(models))])


def digest_of(texts: Iterable[str]) -> str:
    """SHA-256 of these statements, whatever the comments and spaces in them."""
    plain = (" ".join(_COMMENT.sub(" ", text).split()) for text in texts)
    return hashlib.sha256("\0".join(plain).encode()).hexdigest()


async def live(connection: Connection) -> Version:
    """The one that answers. Raises NotRunning where nothing has ever been made, Lost where it was dropped by hand."""
    found = await entered(connection)
    if found.missing:
        raise _lost(found)
    return found


async def entered(connection: Connection) -> Version:
    """The one that should answer, whatever is left of it. Raises NotRunning where nothing has ever been made."""
    try:
        row = await VERSIONS.live(connection)
    except asyncpg.UndefinedTableError:
        row = None
    if row is None:
        raise NotRunning("No projector has run on this database yet.", "该数据库上尚未运行过投影服务。")
    return Version.read(row)


def _lost(found: Version) -> Lost:
    names = ", ".join(found.missing)
    return Lost(
        f"{found.schema} holds the live read models, and these tables are gone from it: {names}. Were they dropped by "
        "hand? Events make them again: `projector rebuild --start-over` begins with empty ones, which the running "
        "projector fills. More in docs/how-to/recover.md, “The read models are lost”.",
        f"现用的读模型在 {found.schema} 中，但其中缺少这些表：{names}。是否被手工删除？它们可由事件重新生成："
        "`projector rebuild --start-over` 从空的读模型开始，由运行中的投影服务重新填入。"
        "详见 docs/how-to/recover.md 的 “The read models are lost” 一节。",
    )


async def building(connection: Connection) -> Version | None:
    """The one that is being built, if any."""
    row = await VERSIONS.building(connection)
    return None if row is None else Version.read(row)


async def live_positions(connection: Connection, consumer: str) -> dict[int, int]:
    """Where each shard of the live version comes next."""
    return await positions(connection, consumer, await live(connection))


async def positions(connection: Connection, consumer: str, version: Version) -> dict[int, int]:
    """Where each shard of a version comes next."""
    await connection.execute(f"SET search_path TO {version.schema}")
    rows = [row async for row in CURSOR.positions(connection, consumer=consumer)]
    return {row["shard"]: row["next"] for row in rows}


@asynccontextmanager
async def alone(connection: Connection) -> AsyncIterator[None]:
    """One at a time. Locked before the transaction begins: one that waited inside would not see what the other made."""
    await connection.execute("SELECT pg_advisory_lock($1)", _ONE_AT_A_TIME)
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _ONE_AT_A_TIME)


async def beside(connection: Connection) -> None:
    """Be the only one that builds beside the live version, for as long as the connection lives. Raises Refused."""
    for _ in range(_TRIES):  # the connection of one that was killed lives on for a moment
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _BESIDE):
            return
        await asyncio.sleep(_PAUSE)
    raise Refused(
        "Another `projector rebuild` or `projector verify` is at work on this database: let it end first.",
        "此数据库上已有 `projector rebuild` 或 `projector verify` 在运行：请等它结束。",
    )


async def make(connection: Connection, version: Version, models: Sequence[ReadModel], state: str | None) -> None:
    """Make a version's schema and tables, within the caller's transaction; without a state it is not entered."""
    await connection.execute(f"CREATE SCHEMA {version.schema}")
    await connection.execute(f"SET LOCAL search_path TO {version.schema}")
    await connection.execute(BASE.version.sql)
    for model in models:
        if model.stored:
            await connection.execute(fold.table(model))
    if state is not None:
        steps = orjson.dumps([(step.sql, sorted(step.types), step.revoking) for step in version.steps]).decode()
        made = {name: getattr(version, name) for name in ("number", "digest", "staging")}
        await VERSIONS.enter(connection, state=state, steps=steps, tables=list(version.tables), **made)


async def show(connection: Connection, version: Version, models: Sequence[ReadModel]) -> None:
    """Have the public views show this version, within the caller's transaction. Waits a moment for readers."""
    await connection.execute(f"SET LOCAL lock_timeout TO '{VIEW_LOCK_TIMEOUT}'")
    await connection.execute(f"SET LOCAL search_path TO {version.schema}")
    views = [view.view(model) for model in models]
    for statements in views:
        await connection.execute(statements)
    await connection.execute(BASE.roles.sql)
    await VERSIONS.note_views(connection, number=version.number, views=digest_of(views))


async def drop(connection: Connection, number: int) -> None:
    """Drop a version and all it holds, within the caller's transaction. Raises Refused where a view rests on it."""
    schema = database.schema_of(number)
    if users := [row["name"] async for row in VERSIONS.users_of(connection, schema=schema)]:
        raise Refused(
            f"{schema} can't be dropped: {', '.join(users)} still reads from it. Drop or change that view first.",
            f"无法删除 {schema}：{'、'.join(users)} 仍在读取它。请先删除或修改该视图。",
        )
    await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    await VERSIONS.forget(connection, number=number)


async def drop_old(url: str) -> list[int]:
    """Drop all that answered before; gives their numbers. Raises Refused."""
    connection = await database.connect(url)
    try:
        await beside(connection)
        async with connection.transaction():
            numbers = [row["number"] async for row in VERSIONS.old(connection)]
            for number in numbers:
                await drop(connection, number)
        return numbers
    finally:
        connection.terminate()


async def start_over(url: str, consumer: str, models: Sequence[ReadModel], shards: int) -> int:
    """Make an empty version live at once, for projectors to fill: where the live one is lost, or its history.

    Gives its number. Raises Refused where somebody builds beside the live one.
    """
    connection = await database.connect(url)
    try:
        await beside(connection)
        async with alone(connection), connection.transaction():
            await connection.execute(BASE.control.sql)  # the views' schema may be gone, too
            await retire(connection, consumer)
            version = Version.of(1 + await VERSIONS.highest(connection), models)
            await make(connection, version, models, "live")
            await CURSOR.begin_shards(connection, consumer=consumer, shards=list(range(shards)))
            await show(connection, version, models)
        return version.number
    finally:
        connection.terminate()


async def retire(connection: Connection, consumer: str) -> None:
    """Let nobody fold into the live version, nor read it, within the caller's transaction: another follows in it."""
    found = await entered(connection)
    if "cursor" not in found.missing:
        await connection.execute(f"SET LOCAL search_path TO {found.schema}")
        await CURSOR.retire(connection, consumer=consumer)
    await VERSIONS.close(connection)
    await VERSIONS.retire_live(connection)
