"""What left the ledger for files: which file holds an event, and the hash of it that stayed."""

from typing import Any, Final

import aiosql

from services.recorder.ledger.database import FOLDER, Connection

QUERIES: Final[Any] = aiosql.from_path(FOLDER / "archived.sql", "asyncpg", mandatory_parameters=False)


async def file_at(connection: Connection, shard: int, position: int) -> str | None:
    """The file that holds the event at this position, as a path in the archive's folder; None where it didn't leave."""
    row = await QUERIES.archived_at(connection, shard=shard, position=position)
    return None if row is None else str(row["file"])


async def leaf_at(connection: Connection, shard: int, position: int) -> bytes | None:
    """The leaf hash of an archived event; None where it didn't leave."""
    leaves = await leaves_from(connection, shard, position, 1)
    return leaves[0] if leaves else None


async def leaves_from(connection: Connection, shard: int, first: int, count: int) -> list[bytes]:
    """Leaf hashes from an archived position on, as many of its file; none where it didn't leave."""
    rows = QUERIES.leaves_from(connection, shard=shard, first=first, count=count)
    return [row["leaf"] async for row in rows]
