"""Archived years come back into the ledger, as they were: for taking an event of theirs back, or filling a lost topic.

Files are held against the hashes that the ledger kept. A year is one transaction: it is there whole, or not at all.
"""

from functools import partial
from pathlib import Path

from schemas.trust import merkle
from services.common.faults import fault
from services.recorder.archive.held import QUERIES, Held, check, continuing, noted
from services.recorder.archive.leaving import LONG, Advance, in_turn
from services.recorder.ledger.database import Connection, Pool
from services.recorder.ledger.rows import EVENT_COLUMNS, event_row
from services.recorder.trust import tiles

Plan = dict[int, list[Held]]  # by year


async def left(pool: Pool, folder: Path, year: int | None) -> Plan:
    """The files of what left. Raises NotArchived where one isn't there, or isn't the one that left."""
    plan: Plan = {}
    async with pool.acquire(timeout=10) as connection:
        async for row in QUERIES.files(connection, years=None if year is None else [year]):
            plan.setdefault(row["year"], []).append(noted(folder, row))
    for each in plan.values():
        for held in each:
            check(held)
    return plan


async def bring_back(pool: Pool, plan: Plan, advance: Advance) -> None:
    """Put these years back into the ledger. Raises NotArchived."""
    for year, files in sorted(plan.items()):
        async with pool.acquire(timeout=10) as connection, connection.transaction():
            apart = not await QUERIES.has_year(connection, year=year)
            if apart:
                await connection.execute("SELECT ledger.make_year($1)", year)
            for held in files:
                await _fill(connection, f"event_{year}", held, advance)
            await connection.execute(QUERIES.forget_ids.sql, year, timeout=LONG)
            await QUERIES.forget_files(connection, year=year)
            if apart:  # last: whoever reads the ledger waits from here to the commit
                await in_turn(year, partial(_attach, connection, year))
            fault("archive-returning")


async def _fill(connection: Connection, table: str, held: Held, advance: Advance) -> None:
    read = await tiles.read(connection, held.shard, [merkle.perfect(0, end) for end in (held.first, held.last + 1)])
    for bodies in continuing(held.path, held.first, held.last, read):
        rows = [event_row(body) for body in bodies]
        await connection.copy_records_to_table(table, schema_name="ledger", records=rows, columns=EVENT_COLUMNS)
        advance(len(bodies))


async def _attach(connection: Connection, year: int) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        await connection.execute("SELECT ledger.attach_year($1)", year)
