"""What the batches of a commit decided, written: events, receipts, changed states with the shards' rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger.appending.deciding import Batch
from services.recorder.ledger.database import QUERIES, Connection
from services.recorder.ledger.rows import EVENT_COLUMNS, RECEIPT_COLUMNS


async def write(connection: Connection, batches: Iterable[Batch]) -> None:
    """All that the shards' batches decided, in three statements at the most; within their transaction."""
    answered = [batch for batch in batches if batch.receipts]
    if not answered:
        return
    # Lists, not generators: a COPY whose generator raises can hang (asyncpg#1354).
    if events := [row for batch in answered for row in batch.events]:
        await _copy(connection, "event", events, EVENT_COLUMNS)
    await _copy(connection, "receipt", [row for batch in answered for row in batch.receipts], RECEIPT_COLUMNS)
    changed = [(batch.head.shard, *row) for batch in answered for row in batch.working.changed()]
    heads = [batch.head for batch in answered]
    await QUERIES.write_states(
        connection,
        of=[row[0] for row in changed],
        fold_version=FOLD_VERSION,
        kinds=[row[1] for row in changed],
        keys=[row[2] for row in changed],
        versions=[row[3] for row in changed],
        states=[row[4] for row in changed],
        shards=[head.shard for head in heads],
        sizes=[head.size for head in heads],
        next_receipts=[head.next_receipt for head in heads],
        recorded_at=[head.recorded_at for head in heads],
        peaks=[batch.peaks() for batch in answered],
        recent=[batch.recent() for batch in answered],
    )


async def _copy(connection: Connection, table: str, rows: list[Any], columns: Sequence[str]) -> None:
    await connection.copy_records_to_table(table, schema_name="ledger", records=rows, columns=columns)
