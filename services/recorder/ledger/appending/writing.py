"""What a batch decided, written: events, receipts, changed states with the shard's row."""

from collections.abc import Sequence
from typing import Any

from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger.appending.deciding import Batch
from services.recorder.ledger.database import QUERIES, Connection
from services.recorder.ledger.rows import EVENT_COLUMNS, RECEIPT_COLUMNS


async def write(connection: Connection, shard: int, batch: Batch) -> None:
    """All that the batch decided, in three statements at the most; within its transaction."""
    # Lists, not generators: a COPY whose generator raises can hang (asyncpg#1354).
    if batch.events:
        await _copy(connection, "event", batch.events, EVENT_COLUMNS)
    if not batch.receipts:
        return
    await _copy(connection, "receipt", batch.receipts, RECEIPT_COLUMNS)
    changed = batch.working.changed()
    await QUERIES.write_states(
        connection,
        shard=shard,
        fold_version=FOLD_VERSION,
        kinds=[row[0] for row in changed],
        keys=[row[1] for row in changed],
        versions=[row[2] for row in changed],
        states=[row[3] for row in changed],
        size=batch.head.size,
        next_receipt=batch.head.next_receipt,
        recorded_at=batch.head.recorded_at,
        peaks=batch.peaks(),
        recent=batch.recent(),
    )


async def _copy(connection: Connection, table: str, rows: list[Any], columns: Sequence[str]) -> None:
    await connection.copy_records_to_table(table, schema_name="ledger", records=rows, columns=columns)
