"""What the append would answer, and nothing kept: for a dry run.

The shard is seen as it stands, without its lock, in a transaction that may write nothing. Numbers and positions are
those that it would have had next; nobody keeps them for it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from services.recorder.domain.deciding.core import NotLoaded
from services.recorder.ledger.appending.append import begun
from services.recorder.ledger.appending.deciding import Batch
from services.recorder.ledger.appending.preparing import prepare
from services.recorder.ledger.appending.working import Working
from services.recorder.ledger.database import QUERIES, TRANSIENT, Connection, Ledger
from services.recorder.ledger.submission import Outcome, Submission, Unrecordable

_SEE: Final = QUERIES.lock_shards.sql.replace("FOR UPDATE OF s", "")  # what the append sees, whatever that comes to be
_AT_ONCE: Final = 200  # submissions, between two turns of others
Log: Final = structlog.get_logger("appender")


async def tried(
    connection: Connection, submissions: Sequence[Submission], *, ledger: Ledger, shard: int
) -> list[Outcome]:
    """Answer all of them, each as if those before it were recorded. Raises ReadOnly, or what TRANSIENT names."""
    outcomes: list[Outcome] = []
    most = _AT_ONCE
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        row = await connection.fetchrow(_SEE, [shard])
        assert row is not None
        batch = begun(ledger, shard, Working(), row)
        while rest := submissions[len(outcomes) :][:most]:
            try:
                prepared = await prepare(connection, {shard: batch}, {shard: rest})
                outcomes.extend(_decided(batch, prepared[shard]))  # as far as they come
            except TRANSIENT:
                raise
            except Exception as error:  # noqa: BLE001  # as the append: told to its culprit alone, and logged
                if most == 1:
                    Log.exception("try-failed", shard=shard, action=rest[0].id)
                    outcomes.append(Unrecordable(type(error).__name__))
                most = 1
            await asyncio.sleep(0)  # others have their turn
    return outcomes


def _decided(batch: Batch, submissions: Sequence[Submission]) -> Iterator[Outcome]:
    """One by one, up to the first that needs what only those before it made known; at least one."""
    for number, submission in enumerate(submissions):
        try:
            yield from batch.decide([submission], datetime.now(UTC))
        except NotLoaded:
            if not number:
                raise
            return
