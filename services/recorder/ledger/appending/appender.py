"""Group commit: a queue a shard; whatever waits while one commit is under way shares the next, whichever its shard.

A commit costs the same for one shard as for all, so where little comes there is one at a time. Where much waits there
are several side by side, each of other shards: then two recorders don't wait for one another's locks either.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from schemas.trust.identity import shard_of
from services.common.telling.both import Both
from services.recorder.errors import Busy, ReadOnly, Unavailable
from services.recorder.ledger import mode
from services.recorder.ledger.appending.append import Committed, append
from services.recorder.ledger.appending.trying import tried
from services.recorder.ledger.appending.working import Working
from services.recorder.ledger.database import TRANSIENT, Connection, Ledger, Pool
from services.recorder.ledger.submission import Closed, Outcome, Submission, Unrecordable

LARGEST_BATCH: Final = 1000  # actions of a commit
ENOUGH: Final = 100  # actions that are worth a commit of their own
COMMITS: Final = 4  # side by side
LARGEST_QUEUE: Final = 20_000
_RETRY: Final = 0.2  # seconds
Log: Final = structlog.get_logger("appender")


@dataclass(slots=True)
class Ticket:
    """One caller's submissions to one shard, and who waits for them."""

    submissions: Sequence[Submission]
    outcomes: list[Outcome]
    done: asyncio.Future[None]


Entry = tuple[Ticket, int]
Entries = dict[int, list[Entry]]


class Appender:
    """The append's queues. ``reasons`` says why a shard is read-only, None where it is not.

    What the ledger's own row says of it is added there, for whoever looks whether it was mended.
    """

    def __init__(
        self,
        pool: Pool,
        ledger: Ledger,
        listener: Committed,
        reasons: dict[int, Both | None],
        *,
        most_shards: int = sys.maxsize,
    ) -> None:
        """Begin with empty queues. ``most_shards``: of one commit."""
        self._pool = pool
        self._ledger = ledger
        self._listener = listener
        self._reasons = reasons
        self._most_shards = most_shards
        self._queues: dict[int, deque[Entry]] = {}  # the first has waited longest
        self._commits: dict[asyncio.Task[None], Collection[int]] = {}  # under way, and their shards
        self._awake = False
        self._states: dict[int, Working] = {}
        self._waiting = 0

    def closed(self, office: str) -> Closed | None:
        """Why the office's shard takes nothing now; None where it does."""
        return self._closed(shard_of(office, self._ledger.shards))

    def _closed(self, shard: int) -> Closed | None:
        reason = self._reasons.get(shard)
        return _read_only(shard, reason) if reason else None

    def enqueue(self, submissions: Sequence[Submission]) -> list[tuple[list[int], Ticket]]:
        """Put submissions into their shards' queues, in order; the indices and the ticket of each shard's part.

        Raises ReadOnly where a shard takes nothing, before anything is queued.
        """
        parts = self._by_shard(submissions)
        for indices in parts.values():
            if closed := self.closed(submissions[indices[0]].office):
                raise ReadOnly(closed.reason)
        return [(indices, self._put(shard, [submissions[i] for i in indices])) for shard, indices in parts.items()]

    async def collect(self, count: int, parts: list[tuple[list[int], Ticket]]) -> list[Outcome]:
        """The outcomes of enqueued submissions, in the order in which they were given."""
        outcomes: list[Outcome | None] = [None] * count
        for indices, ticket in parts:
            await ticket.done
            for index, outcome in zip(indices, ticket.outcomes, strict=True):
                outcomes[index] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    async def submit(self, submissions: Sequence[Submission], patience: float = 10.0) -> list[Outcome]:
        """Append within ``patience`` seconds: HTTP's way.

        Raises Busy, Unavailable and, for a single one, ReadOnly; after Unavailable it may still be recorded.
        """
        if self._waiting + len(submissions) > LARGEST_QUEUE:
            message = f"{self._waiting} actions are waiting"
            raise Busy(message)
        closed = [self.closed(submission.office) for submission in submissions]
        taken = [submission for submission, why in zip(submissions, closed, strict=True) if why is None]
        parts = self.enqueue(taken)
        try:
            async with asyncio.timeout(patience):  # not wait_for, which can lose a cancellation (until Python 3.12)
                collected = iter(await self.collect(len(taken), parts))
        except TimeoutError:
            message = f"not recorded within {patience:g} s; it may be later: send it again to learn of it"
            raise Unavailable(message) from None
        return _open([why or next(collected) for why in closed])

    async def dry_run(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """What ``submit`` would answer now; nothing is recorded. Raises Unavailable and, for a single one, ReadOnly."""
        outcomes: dict[int, Outcome] = {}
        try:
            for shard, indices in self._by_shard(submissions).items():
                tried = await self._tried(shard, [submissions[index] for index in indices])
                outcomes |= zip(indices, tried, strict=True)
        except TRANSIENT as error:
            raise Unavailable("the ledger can't be reached") from error
        return _open([outcomes[index] for index in range(len(submissions))])

    async def _tried(self, shard: int, submissions: list[Submission]) -> list[Outcome]:
        if closed := self._closed(shard):
            return [closed] * len(submissions)
        try:
            async with self._pool.acquire(timeout=10) as connection:
                return await tried(connection, submissions, ledger=self._ledger, shard=shard)
        except ReadOnly as error:
            return [_read_only(shard, error)] * len(submissions)

    def _by_shard(self, submissions: Sequence[Submission]) -> dict[int, list[int]]:
        """The indices of each shard's, in order."""
        parts: dict[int, list[int]] = {}
        for index, submission in enumerate(submissions):
            parts.setdefault(shard_of(submission.office, self._ledger.shards), []).append(index)
        return parts

    def _put(self, shard: int, submissions: list[Submission]) -> Ticket:
        ticket = Ticket(submissions, [], asyncio.get_running_loop().create_future())
        self._queues.setdefault(shard, deque()).extend((ticket, index) for index in range(len(submissions)))
        self._waiting += len(submissions)
        self._soon()
        return ticket

    def _soon(self) -> None:
        """Commit what waits, once whoever is about to add something has."""
        if not self._awake:
            self._awake = True
            asyncio.get_running_loop().call_soon(self._go)

    def _go(self) -> None:
        """Begin the commits that are worth it: one where none is under way, others where much waits."""
        self._awake = False
        while entries := self._taken():
            commit = asyncio.create_task(self._commit(entries), name="append")
            self._commits[commit] = entries.keys()
            commit.add_done_callback(self._done)

    def _taken(self) -> Entries:
        """What the next commit takes off the queues; nothing where that had better wait."""
        busy = {shard for shards in self._commits.values() for shard in shards}
        free = {shard: queue for shard, queue in self._queues.items() if queue and shard not in busy}
        if len(self._commits) >= (COMMITS if sum(map(len, free.values())) >= ENOUGH else 1):
            return {}
        taken: Entries = {}
        room = LARGEST_BATCH
        for shard, queue in free.items():
            if room <= LARGEST_BATCH - ENOUGH or len(taken) == self._most_shards:
                break
            taken[shard] = [queue.popleft() for _ in range(min(room, len(queue)))]
            room -= len(taken[shard])
            self._queues[shard] = self._queues.pop(shard)  # behind those that have waited longer
        return taken

    def _done(self, commit: asyncio.Task[None]) -> None:
        del self._commits[commit]
        self._soon()

    async def _commit(self, entries: Entries) -> None:
        """Record as many of the entries as one commit takes; the others go back to the head of their queues."""
        outcomes = await self._append_or_bisect(
            {shard: [ticket.submissions[index] for ticket, index in own] for shard, own in entries.items()}
        )
        for shard, own in entries.items():
            told = outcomes.get(shard, [])
            for (ticket, _), outcome in zip(own, told, strict=False):
                ticket.outcomes.append(outcome)
                if len(ticket.outcomes) == len(ticket.submissions) and not ticket.done.done():
                    ticket.done.set_result(None)
            self._waiting -= len(told)
            self._queues[shard].extendleft(reversed(own[len(told) :]))

    async def _append_or_bisect(self, parts: dict[int, list[Submission]]) -> dict[int, Sequence[Outcome]]:
        outcomes: dict[int, Sequence[Outcome]] = {}
        while True:
            for shard in list(parts):
                if closed := self._closed(shard):  # whatever waits gets the same answer
                    outcomes[shard] = [closed] * len(parts.pop(shard))
            if not parts:
                return outcomes
            try:
                async with self._pool.acquire(timeout=10) as connection:
                    return outcomes | await self._append(connection, parts)
            except TRANSIENT as error:
                Log.warning("append-retried", shards=list(parts), error=type(error).__name__)
                await asyncio.sleep(_RETRY)
            except Exception as error:  # noqa: BLE001  # whatever it is: bisected to its culprit, logged, never lost
                ((shard, submissions), *others) = parts.items()
                if others:
                    parts = dict([(shard, submissions), *others][: len(parts) // 2])
                elif len(submissions) > 1:
                    parts[shard] = submissions[: len(submissions) // 2]
                else:
                    Log.exception("append-failed", shard=shard, action=submissions[0].id)
                    return outcomes | {shard: [Unrecordable(type(error).__name__)]}

    async def _append(self, connection: Connection, parts: dict[int, list[Submission]]) -> dict[int, Sequence[Outcome]]:
        working = {shard: self._states.setdefault(shard, Working()) for shard in parts}
        told = await append(connection, parts, ledger=self._ledger, working=working, told=self._listener)
        for shard, outcome in told.items():
            if isinstance(outcome, ReadOnly):
                await self._close(shard, outcome)
        return {shard: outcome for shard, outcome in told.items() if not isinstance(outcome, ReadOnly)}

    async def _close(self, shard: int, error: ReadOnly) -> None:
        """Take nothing more for the shard, until somebody has looked: for every recorder, where nobody noted it yet."""
        self._reasons[shard] = error.why
        Log.error("shard-read-only", shard=shard, reason=str(error))
        if error.why is None or error.why.word != "went-back":
            return
        self._states[shard] = Working()  # nothing at hand belongs to that history
        await self._listener.went_back(shard)
        try:
            async with self._pool.acquire(timeout=10) as connection:
                await mode.note(connection, {shard: error.why})
        except TRANSIENT as failure:
            Log.warning("read-only-not-noted", shard=shard, error=type(failure).__name__)

    async def stop(self) -> None:
        """Commit nothing more; what waits was not acknowledged and comes again."""
        self._queues.clear()
        for commit in self._commits:
            commit.cancel()
        await asyncio.gather(*self._commits, return_exceptions=True)


def _read_only(shard: int, why: object) -> Closed:
    return Closed(f"shard {shard} is read-only: {why}")


def _open(outcomes: list[Outcome]) -> list[Outcome]:
    """These; raises ReadOnly for a single one that is closed out."""
    if len(outcomes) == 1 and isinstance(outcomes[0], Closed):
        raise ReadOnly(outcomes[0].reason)
    return outcomes
