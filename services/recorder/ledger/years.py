"""The years of ``ledger.event``: a partition each, there before it is needed.

This year's and the next one's are made at start, and looked after while a recorder runs. What a wrong clock puts
outside of them is kept, told, and moves in once its year has a partition.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import aiosql
import asyncpg
import structlog

from services.recorder.ledger.database import FOLDER, Connection, Pool

QUERIES: Final[Any] = aiosql.from_path(FOLDER / "years.sql", "asyncpg", mandatory_parameters=False)
LOOK_EVERY: Final = 3600.0  # seconds; the next year's partition is there a year before
Log: Final = structlog.get_logger("years")


async def keep(pool: Pool) -> None:
    """Look at once and every hour whether a year is missing or a clock was wrong, for ever."""
    while True:
        try:
            async with pool.acquire(timeout=10) as connection:
                await look(connection)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            Log.warning("years-not-made", error=type(error).__name__)
        await asyncio.sleep(LOOK_EVERY)


async def look(connection: Connection) -> None:
    """Make this year's and the next one's partition where they are missing; say where a clock was wrong."""
    year = datetime.now(UTC).year
    made = await open_years(connection, (year, year + 1))
    if made:
        Log.info("years-made", years=made)
    row = await QUERIES.outside(connection)
    if row["events"]:
        Log.warning("events-outside-years", events=row["events"], first=str(row["first"]), last=str(row["last"]))


async def open_years(connection: Connection, years: Iterable[int]) -> list[int]:
    """Make the partitions that are missing of these years; those made. What was recorded in them before moves in.

    Raises LockNotAvailableError after two seconds: others wait behind this lock.
    """
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        return [
            row["year"] async for row in QUERIES.open_years(connection, years=list(years)) if row["moved"] is not None
        ]
