"""The peaks of ledgers that were founded before there were any: computed once, from the leaf hashes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import aiosql
import structlog

from schemas.merkle import extended

_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("peaks.sql"), "asyncpg", mandatory_parameters=False)
_AT_ONCE: Final = 50_000  # leaf hashes in memory
Log: Final = structlog.get_logger("peaks")


async def fill(connection: Any) -> None:  # noqa: ANN401  # database.py names its type, and imports this
    """Give every shard that has events and no peaks its peaks. Within a transaction; the shards stay locked in it."""
    for row in [row async for row in _QUERIES.shards_without_peaks(connection)]:
        shard, size = row["shard"], row["size"]
        Log.info("peaks-computed", shard=shard, events=size)
        peaks = await over(connection, shard, b"", 0, size)
        await _QUERIES.set_peaks(connection, shard=shard, peaks=peaks)


async def over(connection: Any, shard: int, peaks: bytes, size: int, end: int) -> bytes:  # noqa: ANN401  # the same
    """The peaks of a tree of ``size`` leaves after the shard's leaves up to ``end`` were appended."""
    while size < end:
        count = min(_AT_ONCE, end - size)
        rows = _QUERIES.leaves(connection, shard=shard, first=size, count=count)
        leaves = [row["leaf_hash"] async for row in rows]
        peaks = extended(peaks, size, leaves)
        size += count
    return peaks
