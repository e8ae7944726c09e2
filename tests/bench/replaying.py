"""The projector at work: all read models from the first event on, until its own status says that nothing is missing.

It starts on empty tables. The clock runs from its first committed batch on, which isn't counted, to lag 0. The
recorder doesn't run.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import asyncpg

from services.common.settings import Settings
from services.projector import database
from services.projector.database import CURSOR, Connection
from services.projector.settings import consumer_name
from tests.bench.stack import PROJECTOR, SERVERS, Bench, watched

_LOOK: Final = 0.25
_STUCK: Final = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """What the projector did."""

    events_per_s: float
    events: int
    seconds: float
    rss_mb: dict[str, float]
    cores: dict[str, float]


class Halted(Exception):
    """A shard halted; the replay can't be measured."""


async def replay(bench: Bench) -> Rate:
    """Start the projector, measure, stop it."""
    connection = await database.connect(bench.settings.database_url)
    try:
        async with watched(bench, (PROJECTOR, *SERVERS)) as usage:
            starting = asyncio.create_task(bench.start(PROJECTOR))
            try:
                stands = await _until_current(connection, bench.settings)
            finally:
                await starting
                await bench.stop(PROJECTOR)
    finally:
        await connection.close()
    first, last = stands[0], stands[-1]
    seconds, events = last[0] - first[0], last[1] - first[1]
    return Rate(events / seconds, events, seconds, usage.rss_mb, usage.cores(first[0], last[0]))


async def _until_current(connection: Connection, settings: Settings) -> list[tuple[float, int]]:
    """Moments and how many events were applied by then, from the first that were."""
    stands: list[tuple[float, int]] = []
    moved = time.monotonic()
    while True:
        done, lag = await _stand(connection, settings)
        now = time.monotonic()
        if done and (not stands or done != stands[-1][1]):
            stands.append((now, done))
            moved = now
        if done and not lag:
            return stands
        if now - moved > _STUCK:
            raise TimeoutError(f"nothing moves: {done} events applied, {lag} to apply")
        await asyncio.sleep(_LOOK)


async def _stand(connection: Connection, settings: Settings) -> tuple[int, int]:
    """Events applied, events to apply."""
    try:
        rows = [row async for row in CURSOR.status(connection, consumer=consumer_name(settings))]
    except asyncpg.UndefinedTableError:
        return 0, 0  # it hasn't made its tables yet
    if halted := [row["error"] for row in rows if row["state"] == "halted"]:
        raise Halted(halted)
    return sum(row["next"] for row in rows), sum(row["end"] - row["next"] for row in rows)
