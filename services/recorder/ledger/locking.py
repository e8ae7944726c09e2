"""The shards' locks: whoever has one alone gives positions and receipt numbers."""

from collections.abc import Collection

import asyncpg

from services.recorder.ledger.database import QUERIES, Connection


async def locked(connection: Connection, shards: Collection[int]) -> dict[int, asyncpg.Record]:
    """The rows of these shards, in ascending order; theirs until the transaction ends."""
    return {row["shard"]: row async for row in QUERIES.lock_shards(connection, shards=list(shards))}


async def locked_one(connection: Connection, shard: int) -> asyncpg.Record:
    """The same of one."""
    return (await locked(connection, [shard]))[shard]
