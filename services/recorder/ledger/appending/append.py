"""The append: the one way into the ledger, for HTTP and Kafka alike.

One transaction a batch and shard, at most nine statements, the same for 1 action and 1,000: begin, lock, look up,
states, states that only these name, events, receipts, changed states with the shard's row, commit.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

import asyncpg
import orjson

from services.common.faults import fault
from services.common.telling.both import Both
from services.recorder import metrics
from services.recorder.domain import decider
from services.recorder.domain.core import Action, Key
from services.recorder.errors import ReadOnly
from services.recorder.ledger import states
from services.recorder.ledger.appending.deciding import Batch, Head
from services.recorder.ledger.appending.working import Working
from services.recorder.ledger.appending.writing import write
from services.recorder.ledger.database import QUERIES, Connection, Ledger
from services.recorder.ledger.mode import noted
from services.recorder.ledger.reasons import reason
from services.recorder.ledger.rows import event_of
from services.recorder.ledger.submission import Answer, Submission

MOST_KEYS: Final = 6_000  # of states that a batch loads, so that a few long rolls are a batch of their own


class Committed(Protocol):
    """Who wants to know what was committed, and where that is no longer so: the relay."""

    def committed(self, batch: Batch) -> None:
        """Called after the commit, once a batch."""

    async def went_back(self, shard: int) -> None:
        """The ledger lost some of the shard's batches; nothing is appended until that was looked at."""


async def append(
    connection: Connection,
    submissions: Sequence[Submission],
    *,
    ledger: Ledger,
    shard: int,
    working: Working,
    told: Committed,
) -> list[Answer]:
    """Append as many of the submissions, from the first on, as one batch takes, and answer these; at least one.

    All or nothing: after any exception none of them is in the ledger, unless the commit's own outcome is unknown;
    sending them again is safe. Raises ReadOnly where whoever noted that the shard takes nothing, where the ledger
    went back behind what is known to be committed, or where the shard's states are of another fold than this code's.
    """
    async with connection.transaction():
        batch = begun(ledger, shard, working, await QUERIES.lock_shard(connection, shard=shard))
        answers = batch.decide(await prepare(connection, batch, submissions), datetime.now(UTC))
        await write(connection, shard, batch)
        fault("before-commit")
    working.commit(batch.head.next_receipt, batch.head.size)
    fault("after-commit")
    told.committed(batch)
    metrics.BATCHES.inc()
    metrics.EVENTS.inc(len(batch.events))
    for (outcome, code), receipts in batch.outcomes.items():
        metrics.RECEIPTS.labels(outcome, code).inc(receipts)
    return answers


def begun(ledger: Ledger, shard: int, working: Working, row: asyncpg.Record) -> Batch:
    """A batch on the shard's row as it stands. Raises ReadOnly."""
    if why := _closed(shard, row, working):
        raise ReadOnly(str(why), why)
    recorded_at = max(datetime.now(UTC), row["recorded_at"])
    working.begin(row["next_receipt"], row["recent"], row["size"])
    head = Head(shard, row["size"], row["next_receipt"], recorded_at, row["peaks"], row["recent"])
    return Batch(ledger.source, head, working)


async def prepare(connection: Connection, batch: Batch, submissions: Sequence[Submission]) -> Sequence[Submission]:
    """Load all that deciding needs; the submissions, from the first on, for which the batch has it then."""
    shard = batch.head.shard
    await _look_up(connection, shard, batch, submissions)
    await _search(connection, shard, batch, submissions[0])
    actions: list[Action] = []
    keys: set[Key] = set()
    prepared = 0
    for submission in submissions:
        if len(keys) >= MOST_KEYS:
            break
        prepared += 1
        if submission.action is not None and submission.key_digest not in batch.known:
            action = batch.aimed(submission.action)
            actions.append(action)
            keys.update(decider.reads(action))
    await _load(connection, shard, batch.working, keys)
    asking = [action for action in actions if decider.asks_more(action)]
    while more := {key for action in asking for key in decider.reads_more(batch.working, action)} - keys:
        await _load(connection, shard, batch.working, more)
        keys |= more
    return submissions[:prepared]


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


async def _look_up(connection: Connection, shard: int, batch: Batch, submissions: Sequence[Submission]) -> None:
    digests = [submission.key_digest for submission in submissions]
    named = {
        UUID(submission.action.data.event)
        for submission in submissions
        if submission.action is not None and isinstance(submission.action.data, decider.AIMING)
    }
    async for record in QUERIES.look_up(connection, shard=shard, digests=digests, events=list(named)):
        if record["key"] is not None:
            batch.known[record["key"]] = (record["other"], record["body"])
        elif record["body"] is None:
            batch.archived[str(UUID(bytes=record["other"]))] = record["stream"]
        else:
            event = event_of(orjson.loads(record["body"]))
            batch.targets[event.id] = event


async def _search(connection: Connection, shard: int, batch: Batch, submission: Submission) -> None:
    """What may rest on the event that the batch's first submission takes back, where that needs to be looked for."""
    if submission.action is None or submission.key_digest in batch.known:
        return
    action = batch.aimed(submission.action)
    search = decider.searched(action)
    if search is None or action.target is None:
        return
    rows = [row async for row in QUERIES.naming(connection, shard=shard, **search._asdict())]
    keys = [(row["kind"], row["key"]) for row in rows]
    batch.working.load(batch.working.missing(keys), rows)
    keys += batch.working.changed_of(search.kinds, search.office)  # where one batch is tried in parts
    batch.searched(action.target.id, keys)


async def _load(connection: Connection, shard: int, working: Working, keys: set[Key]) -> None:
    wanted = working.missing(keys)
    if not wanted:
        return
    working.load(wanted, await states.read(connection, shard, wanted))
