"""Bare rows a second: what this machine's PostgreSQL takes at most, the measure for everything else.

Event rows with a primary key and nothing more, real bodies, one connection, 5,000 rows a transaction,
synchronous_commit on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import asyncpg

from services.common.settings import Settings

ROWS: Final = 500_000
WARM_UP: Final = 25_000
_A_TRANSACTION: Final = 5_000
_SHARDS: Final = 8
_TYPE: Final = "chengzhang.learning.attendance-recorded.v1"
_COLUMNS: Final = ("shard", "position", "type", "recorded_at", "body")
_TABLE: Final = """
    CREATE TABLE bench_event (
        shard       integer NOT NULL,
        position    bigint NOT NULL,
        type        text NOT NULL,
        recorded_at timestamptz NOT NULL,
        body        bytea NOT NULL,
        PRIMARY KEY (shard, position)
    )"""

Row = tuple[int, int, str, datetime, bytes]


async def bodies(settings: Settings) -> list[bytes]:
    """Real events' bytes: all of the ledger."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        return [row["body"] for row in await connection.fetch("SELECT body FROM ledger.event")]
    finally:
        await connection.close()


async def rows_per_second(settings: Settings, bodies: Sequence[bytes]) -> float:
    """Copy rows and say how fast that went."""
    chunks = _chunks(bodies, WARM_UP + ROWS)
    warm = WARM_UP // _A_TRANSACTION
    connection = await asyncpg.connect(settings.database_url, server_settings={"synchronous_commit": "on"})
    try:
        await connection.execute(_TABLE)
        await _copy(connection, chunks[:warm])
        began = time.perf_counter()
        await _copy(connection, chunks[warm:])
        return ROWS / (time.perf_counter() - began)
    finally:
        await connection.execute("DROP TABLE IF EXISTS bench_event")
        await connection.close()


async def _copy(connection: asyncpg.Connection[asyncpg.Record], chunks: Sequence[list[Row]]) -> None:
    for chunk in chunks:
        async with connection.transaction():
            await connection.copy_records_to_table("bench_event", records=chunk, columns=_COLUMNS)


def _chunks(bodies: Sequence[bytes], rows: int) -> list[list[Row]]:
    """A transaction is one shard's, as the recorder's are."""
    now = datetime.now(UTC)
    return [
        [
            (first // _A_TRANSACTION % _SHARDS, number, _TYPE, now, bodies[number % len(bodies)])
            for number in range(first, first + _A_TRANSACTION)
        ]
        for first in range(0, rows, _A_TRANSACTION)
    ]
