"""What rebuild and verify share: another version brought to where the live one stands, which moves on meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.projector.database import Connection
from services.projector.rebuilding.compare import Comparison, compared, snapshot
from services.projector.rebuilding.replay import Replay
from services.projector.versioning import versions
from services.projector.versioning.versions import Version

_NEAR: Final = 2_000  # events: from here on, waiting for them is no wait


async def near(
    connection: Connection, consumer: str, replay: Replay, version: Version
) -> AsyncIterator[tuple[int, int]]:
    """Bring a version near the live one; yields (events applied, events to apply). Raises Halted, Unreadable."""
    done = sum((await versions.positions(connection, consumer, version)).values())
    while True:
        ends = await versions.live_positions(connection, consumer)
        yield done, sum(ends.values())
        async for count in replay.to(ends):
            done += count
            yield done, sum(ends.values())
        if sum((await versions.live_positions(connection, consumer)).values()) - done <= _NEAR:
            return


@asynccontextmanager
async def compared_at(url: str, consumer: str, replay: Replay, version: Version) -> AsyncIterator[Comparison]:
    """Bring a version exactly to where a snapshot of the live one stands, and compare."""
    async with snapshot(url, consumer) as stood:
        async for _ in replay.to(stood.positions):
            pass
        async with compared(url, stood, version) as found:
            yield found
