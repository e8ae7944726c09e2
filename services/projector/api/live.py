"""Reading from the live version: a pool of connections to it, and another one as soon as another version is live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from services.common.http.serving import Answering
from services.projector import database
from services.projector.database import CURSOR, TRANSIENT, VERSIONS, Connection, Pool

_LARGEST: Final = 8


@dataclass(slots=True, eq=False)
class _Opened:
    """A pool of connections to a version, and how many read by it or wait to: closed when the last of them ends."""

    pool: Pool
    number: int
    readers: int = 0


class Live:
    """Opened without a database, which may come later."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._number = 1
        self._opened: _Opened | None = None
        self._opening = asyncio.Lock()
        self.answers = Answering(self._ask, *TRANSIENT)  # whether the database does

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A connection on which every statement sees the same rows, of one version: it stays live until this ends."""
        while True:
            async with (
                self._reading() as opened,
                opened.pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read"),
            ):
                await VERSIONS.hold(connection)
                found = await VERSIONS.live_number(connection)
                if found in {None, opened.number}:
                    yield connection  # type: ignore[misc]  # a proxy of one
                    return
                self._change(found)

    async def next(self, consumer: str, shard: int) -> int:
        """The position that comes next in a shard."""
        while True:
            async with self._reading() as opened:
                try:
                    rows = [row async for row in CURSOR.seen(opened.pool, consumer=consumer, shards=[shard])]
                    live = rows[0]["live"] if rows else None
                except asyncpg.UndefinedTableError:  # that version was dropped since, or before this process began
                    rows, live = [], await VERSIONS.live_number(opened.pool)
                    if live in {None, opened.number}:
                        raise
                if live in {None, opened.number}:
                    return int(rows[0]["next"]) if rows else 0
                self._change(live)

    def terminate(self) -> None:
        """Give all connections up."""
        if self._opened is not None:
            self._opened.pool.terminate()

    async def _ask(self) -> None:
        async with self._reading() as opened:
            await opened.pool.fetchval("SELECT true")

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[_Opened]:
        async with self._opening:
            if self._opened is None:
                pool = await database.pool(self._url, database.schema_of(self._number), _LARGEST)
                self._opened = _Opened(pool, self._number)
            opened = self._opened
            opened.readers += 1
        try:
            yield opened
        finally:
            opened.readers -= 1
            if opened is not self._opened and not opened.readers:
                await opened.pool.close()

    def _change(self, number: int) -> None:
        """Go on with another version's pool; the one before ends with its last reader."""
        if number != self._number:
            self._opened, self._number = None, number
