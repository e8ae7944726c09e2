"""Archived years come back into the ledger, as they were: for taking an event of theirs back, or filling a lost topic.

Files are held against the hashes that the ledger kept. A year is one transaction: it is there whole, or not at all.
"""

from __future__ import annotations

from functools import partial

import asyncpg

from schemas import merkle
from services.common.faults import fault
from services.recorder.archive import folder as files
from services.recorder.archive.folder import Folder
from services.recorder.archive.held import QUERIES, continuing
from services.recorder.archive.leaving import LONG, Advance, in_turn
from services.recorder.archive.words import refused
from services.recorder.ledger.database import Connection, Pool
from services.recorder.ledger.rows import EVENT_COLUMNS, event_row
from services.recorder.trust import tiles


class Returning:
    """One run of ``recorder archive --bring-back``."""

    def __init__(self, pool: Pool, folder: Folder) -> None:
        """Do nothing yet."""
        self._pool = pool
        self._folder = folder

    async def plan(self, year: int | None) -> dict[int, list[asyncpg.Record]]:
        """The files of what left, by year. Raises NotArchived where one isn't there, or isn't the one that left."""
        async with self._pool.acquire(timeout=10) as connection:
            rows = [row async for row in QUERIES.files(connection, years=None if year is None else [year])]
        plan: dict[int, list[asyncpg.Record]] = {}
        for row in rows:
            path = self._folder.path / row["file"]
            if files.digest(path) != (row["bytes"], row["sha256"].hex()):
                raise refused("other-file", file=path, sha256=row["sha256"].hex())
            plan.setdefault(row["year"], []).append(row)
        return plan

    async def bring_back(self, plan: dict[int, list[asyncpg.Record]], advance: Advance) -> None:
        """Put these years back into the ledger. Raises NotArchived."""
        for year, rows in sorted(plan.items()):
            async with self._pool.acquire(timeout=10) as connection, connection.transaction():
                apart = not await QUERIES.has_year(connection, year=year)
                if apart:
                    await connection.execute("SELECT ledger.make_year($1)", year)
                for row in rows:
                    await self._fill(connection, row, advance)
                await connection.execute(QUERIES.forget_ids.sql, year, timeout=LONG)
                await QUERIES.forget_files(connection, year=year)
                if apart:  # last: whoever reads the ledger waits from here to the commit
                    await in_turn(year, partial(_attach, connection, year))
                fault("archive-returning")

    async def _fill(self, connection: Connection, row: asyncpg.Record, advance: Advance) -> None:
        first, last = row["first"], row["last"]
        read = await tiles.read(connection, row["shard"], [merkle.perfect(0, end) for end in (first, last + 1)])
        for bodies in continuing(self._folder.path / row["file"], first, last, read):
            records = [event_row(body) for body in bodies]
            await connection.copy_records_to_table(
                f"event_{row['year']}", schema_name="ledger", records=records, columns=EVENT_COLUMNS
            )
            advance(len(bodies))


async def _attach(connection: Connection, year: int) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        await connection.execute("SELECT ledger.attach_year($1)", year)
