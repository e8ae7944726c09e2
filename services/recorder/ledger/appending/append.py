"""The append: the one way into the ledger, for HTTP and Kafka alike.

One transaction for what waits for one shard or several, at most nine statements, the same for 1 action and 1,000, one
shard and eight: begin, lock, look up, states, states that only these name, events, receipts, changed states with the
shards' rows, commit.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

import asyncpg

from services.common.faults import fault
from services.common.telling.both import Both
from services.recorder import metrics
from services.recorder.errors import ReadOnly
from services.recorder.ledger import states
from services.recorder.ledger.appending import deciding
from services.recorder.ledger.appending.deciding import Batch, Head
from services.recorder.ledger.appending.preparing import Parts, prepare
from services.recorder.ledger.appending.working import Working
from services.recorder.ledger.appending.writing import write
from services.recorder.ledger.database import Connection, Ledger
from services.recorder.ledger.locking import locked
from services.recorder.ledger.mode import noted
from services.recorder.ledger.reasons import reason
from services.recorder.ledger.submission import Answer


class Committed(Protocol):
    """Who wants to know what was committed, and where that is no longer so: the relay."""

    def committed(self, batch: Batch) -> None:
        """Called after the commit, once a batch."""

    async def went_back(self, shard: int) -> None:
        """The ledger lost some of the shard's batches; nothing is appended until that was looked at."""


async def append(
    connection: Connection, parts: Parts, *, ledger: Ledger, working: Mapping[int, Working], told: Committed
) -> dict[int, list[Answer] | ReadOnly]:
    """Append as many of each shard's submissions, from the first on, as one commit takes, and answer these.

    At least one is answered, or one shard says why it is read-only: whoever noted that it takes nothing, the ledger
    went back behind what is known to be committed, or the shard's states are of another fold than this code's.
    All or nothing: after any exception none of them is in the ledger, unless the commit's own outcome is unknown;
    sending them again is safe.
    """
    outcomes: dict[int, list[Answer] | ReadOnly] = {}
    batches: dict[int, Batch] = {}
    async with connection.transaction():
        for shard, row in (await locked(connection, list(parts))).items():
            try:
                batches[shard] = begun(ledger, shard, working[shard], row)
            except ReadOnly as error:  # its neighbours go on
                outcomes[shard] = error
        prepared = await prepare(connection, batches, parts)
        outcomes |= _decided(batches, prepared)
        await write(connection, batches.values())
        fault("before-commit")
    for batch in batches.values():
        batch.working.commit(batch.head.next_receipt, batch.head.size)
    fault("after-commit")
    for batch in batches.values():
        told.committed(batch)
        _count(batch)
    return outcomes


def _decided(batches: Mapping[int, Batch], prepared: Parts) -> dict[int, list[Answer]]:
    """What became of them, until the time under the locks is up."""
    answers: dict[int, list[Answer]] = {}
    deadline = time.monotonic() + deciding.LONGEST
    for shard, submissions in prepared.items():
        if submissions and not (answers and time.monotonic() > deadline):
            answers[shard] = batches[shard].decide(submissions, datetime.now(UTC), deadline)
    return answers


def _count(batch: Batch) -> None:
    metrics.BATCHES.inc()
    metrics.EVENTS.inc(len(batch.events))
    for (outcome, code), receipts in batch.outcomes.items():
        metrics.RECEIPTS.labels(outcome, code).inc(receipts)


def begun(ledger: Ledger, shard: int, working: Working, row: asyncpg.Record) -> Batch:
    """A batch on the shard's row as it stands. Raises ReadOnly."""
    if why := _closed(shard, row, working):
        raise ReadOnly(str(why), why)
    recorded_at = max(datetime.now(UTC), row["recorded_at"])
    working.begin(row["next_receipt"], row["recent"], row["size"])
    head = Head(shard, row["size"], row["next_receipt"], recorded_at, row["peaks"], row["recent"])
    return Batch(ledger.source, head, working)


def _closed(shard: int, row: asyncpg.Record, working: Working) -> Both | None:
    """Why nothing may be appended. The row counts, not this process: another recorder may have found it."""
    if row["reason"] is not None:
        return noted(row)
    if working.ahead_of(row["size"], row["next_receipt"]):
        size, receipts = working.seen
        return reason(
            "went-back", shard=shard, size=row["size"], next=row["next_receipt"], seen=size, receipts=receipts
        )
    return states.unlike(row["fold_version"])
