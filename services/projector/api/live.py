"""Reading from the live version: a pool of connections to it, and another one as soon as another version is live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from services.projector import database
from services.projector.database import CURSOR, TRANSIENT, VERSIONS, Connection, Pool

_LARGEST: Final = 8


class Live:
    """Opened without a database, which may come later."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._number = 1
        self._pool: Pool | None = None
        self._changing = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A connection on which every statement sees the same rows, of one version: it stays live until this ends."""
        while True:
            pool, number = await self._current()
            async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
                await VERSIONS.hold(connection)
                found = await VERSIONS.live_number(connection)
                if found in {None, number}:
                    yield connection  # type: ignore[misc]  # a proxy of one
                    return
            await self._change(found)

    async def next(self, consumer: str, shard: int) -> int:
        """The position that comes next in a shard."""
        while True:
            pool, number = await self._current()
            try:
                rows = [row async for row in CURSOR.seen(pool, consumer=consumer, shards=[shard])]
                live = rows[0]["live"] if rows else None
            except asyncpg.UndefinedTableError:  # that version was dropped since, or before this process began
                rows, live = [], await VERSIONS.live_number(pool)
                if live in {None, number}:
                    raise
            if live in {None, number}:
                return int(rows[0]["next"]) if rows else 0
            await self._change(live)

    async def answers(self) -> bool:
        """Whether the database does."""
        try:
            pool, _ = await self._current()
            return await pool.fetchval("SELECT true", timeout=3) is True
        except TRANSIENT:
            return False

    def terminate(self) -> None:
        """Give all connections up."""
        if self._pool is not None:
            self._pool.terminate()
        for task in self._closing:
            task.cancel()

    async def _current(self) -> tuple[Pool, int]:
        async with self._changing:
            if self._pool is None:
                self._pool = await database.pool(self._url, database.schema_of(self._number), _LARGEST)
            return self._pool, self._number

    async def _change(self, number: int) -> None:
        """Go on with another version's pool; what is being read from the one before is read to its end."""
        async with self._changing:
            if number != self._number and self._pool is not None:
                task = asyncio.create_task(self._pool.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
                self._pool, self._number = None, number
