"""Versions made, shown and dropped; the first one, and the live one's views, at a projector's start."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import orjson
import structlog

from services.projector import database
from services.projector.database import CURSOR, VERSIONS, Connection
from services.projector.errors import Refused
from services.projector.interpreting import fold, view
from services.projector.read_models import ReadModel
from services.projector.versioning import versions
from services.projector.versioning.versions import BASE, FOUNDATION, Version

_ONE_AT_A_TIME: Final = 0x6F66666963  # the advisory lock under which schemas come and go
_BESIDE: Final = 0x626573696465  # the one of whoever builds beside the live version
_TRIES: Final = 10
_PAUSE: Final = 0.2
# Whoever waits for a reader holds others up meanwhile, so it gives up soon; always before deadlock_timeout, a second.
VIEW_LOCK_TIMEOUT: Final = "200ms"
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def alone(connection: Connection) -> AsyncIterator[None]:
    """A transaction, one at a time. Locked before it begins: one that waited inside would not see what others made."""
    await connection.execute("SELECT pg_advisory_lock($1)", _ONE_AT_A_TIME)
    try:
        async with connection.transaction():
            yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _ONE_AT_A_TIME)


async def only(connection: Connection) -> None:
    """Be the only one that builds beside the live version, for as long as the connection lives. Raises Refused."""
    for _ in range(_TRIES):  # the connection of one that was killed lives on for a moment
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _BESIDE):
            return
        await asyncio.sleep(_PAUSE)
    raise Refused(
        "Another `projector rebuild` or `projector verify` is at work on this database: let it end first.",
        "此数据库上已有 `projector rebuild` 或 `projector verify` 在运行：请等它结束。",
    )


async def found(url: str, models: Sequence[ReadModel]) -> None:
    """Create what is missing: the first version, or new columns of the live one's views."""
    async with database.connected(url, database.FIRST) as connection, alone(connection):
        await connection.execute(BASE.control.sql)
        if await VERSIONS.live_number(connection) is None:
            await make(connection, await following(connection, models), models, "live")
        live = await versions.live(connection)
        if live.digest != versions.digest(models):
            _log.warning("live-built-by-other-folds", version=live.number, remedy="projector rebuild")
        elif live.views != versions.digest_of(map(view.view, models)):
            await show(connection, live, models)  # else readers are left alone


async def following(connection: Connection, models: Sequence[ReadModel]) -> Version:
    """The version of these read models that comes after all others."""
    return Version.of(1 + await VERSIONS.highest(connection), models)


async def make(connection: Connection, version: Version, models: Sequence[ReadModel], state: str | None) -> None:
    """Make a version's schema and tables, within the caller's transaction; without a state it is not entered."""
    await connection.execute(f"CREATE SCHEMA {version.schema}")
    await connection.execute(f"SET LOCAL search_path TO {version.schema}")
    await connection.execute(FOUNDATION)
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
    await VERSIONS.note_views(connection, number=version.number, views=versions.digest_of(views))


async def retire(connection: Connection, consumer: str) -> None:
    """Let nobody fold into the live version, nor read it, within the caller's transaction: another follows in it."""
    live = await versions.entered(connection)
    if "cursor" not in live.missing:
        await connection.execute(f"SET LOCAL search_path TO {live.schema}")
        await CURSOR.retire(connection, consumer=consumer)
    await VERSIONS.close(connection)
    await VERSIONS.retire_live(connection)


async def start_over(url: str, consumer: str, models: Sequence[ReadModel], shards: int) -> int:
    """Make an empty version live at once, for projectors to fill: where the live one is lost, or its history.

    Gives its number. Raises Refused where somebody builds beside the live one.
    """
    async with database.connected(url) as connection:
        await only(connection)
        async with alone(connection):
            await connection.execute(BASE.control.sql)  # the views' schema may be gone, too
            await retire(connection, consumer)
            version = await following(connection, models)
            await make(connection, version, models, "live")
            await CURSOR.begin_shards(connection, consumer=consumer, shards=list(range(shards)))
            await show(connection, version, models)
        return version.number


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
    async with database.connected(url) as connection:
        await only(connection)
        async with connection.transaction():
            numbers = [row["number"] async for row in VERSIONS.old(connection)]
            for number in numbers:
                await drop(connection, number)
        return numbers
