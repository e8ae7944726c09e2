"""Rebuild: empty the read models and replay the topic from its first event, into the same rows.

It works beside a running projector: under the cursors' locks, the tables are emptied and the cursors set to 0 in one
transaction; the running one finds its next batch refused, or its cursor moved, and replays. The rebuild itself is
another projector of the same group, so it needs no running one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from services.common.settings import Settings
from services.projector import database, read_models
from services.projector.consumer import Consumer
from services.projector.database import CURSOR, Connection
from services.projector.engine import Engine
from services.projector.errors import Halted
from services.projector.progress import Progress
from services.projector.settings import consumer_name

_LOOK_SECONDS: Final = 0.1


async def rebuild(settings: Settings) -> AsyncIterator[tuple[int, int]]:
    """Empty and replay; yields (events applied, events to apply). Raises Halted where an event doesn't fold."""
    models = read_models.load()
    engine = Engine(settings.database_url, consumer_name(settings), models)
    await engine.open(settings.shards)
    connection = await database.connect(settings.database_url)
    replaying = asyncio.create_task(Consumer(settings, engine, Progress()).run())
    try:
        ends = await _empty(connection, consumer_name(settings), models)
        async for done in _follow(connection, consumer_name(settings), ends, replaying):
            yield done, sum(ends.values())
    finally:
        replaying.cancel()
        await asyncio.wait([replaying])
        await connection.close()


async def _empty(connection: Connection, consumer: str, models: tuple[read_models.ReadModel, ...]) -> dict[int, int]:
    """Empty all tables and go back to the beginning, in one transaction. Gives where the shards stood."""
    async with connection.transaction():
        stood = {row["shard"]: row["next"] async for row in CURSOR.lock_all(connection, consumer=consumer)}
        await connection.execute(f"TRUNCATE {', '.join(model.name for model in models)}")
        await CURSOR.reset(connection, consumer=consumer)
    return stood


async def _follow(
    connection: Connection, consumer: str, ends: dict[int, int], replaying: asyncio.Task[None]
) -> AsyncIterator[int]:
    """The count of events applied, until the shards stand where they stood."""
    while True:
        rows = {row["shard"]: row async for row in CURSOR.read_cursors(connection, consumer=consumer)}
        done = sum(min(rows[shard]["next"], end) for shard, end in ends.items())
        yield done
        if done >= sum(ends.values()):
            return
        for shard, row in rows.items():
            if row["state"] == "halted" and row["next"] < ends[shard]:
                raise Halted(f"shard {shard}: {row['error']}")
        if replaying.done():
            replaying.result()
        await asyncio.sleep(_LOOK_SECONDS)
