"""The ledger's founding: its tables, its identity, its shards."""

from typing import Final

from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Misconfigured
from services.recorder.ledger.database import FOLDER, QUERIES, Connection, Ledger, Pool

_MIGRATION_LOCK: Final = 0x6368656E67  # one process at a time creates what is missing


async def found(pool: Pool, shards: int) -> Ledger:
    """Create what is missing of the ledger's tables.

    Raises Misconfigured where the shard count is another than at its founding.
    """
    async with pool.acquire() as connection, connection.transaction():
        await migrate(connection)
        await QUERIES.install(connection, shards=shards)
        row = await QUERIES.installation(connection)
        check_shards(row["shards"], shards)
        await QUERIES.install_shards(connection, shards=shards, fold_version=FOLD_VERSION)
    return Ledger(row["ledger"], row["shards"])


def check_shards(founded: int, wanted: int) -> None:
    """Whether a ledger of so many shards can have as many as are wanted. Raises Misconfigured."""
    if founded != wanted:
        raise Misconfigured(
            f"This ledger has {founded} shards for ever; set CHENGZHANG_SHARDS={founded}.",
            f"账本的分片数固定为 {founded}，请设置 CHENGZHANG_SHARDS={founded}。",
        )


async def migrate(connection: Connection) -> None:
    """Create what is missing of the ledger's tables; others who would wait. Within a transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
    await connection.execute((FOLDER / "schema.sql").read_text())
    await connection.execute((FOLDER / "event.sql").read_text())
