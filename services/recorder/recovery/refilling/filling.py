"""Portions into the ledger: events, receipts, states, peaks and the shard's row, in one transaction each.

After every commit the shard is a whole, shorter history; so whatever ends the work, it goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import asyncpg

from schemas.merkle import extended, root_of
from services.common.faults import fault
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger import states, years
from services.recorder.ledger.appending import recent
from services.recorder.ledger.database import QUERIES, Connection, Pool
from services.recorder.ledger.folding import Folding, fold
from services.recorder.ledger.rows import EVENT_COLUMNS, RECEIPT_COLUMNS
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.portions import Mismatch, Portion, Reader
from services.recorder.recovery.refilling.tape import Tapes, Torn
from services.recorder.recovery.refusals import refused

_STATEMENT: Final = 120.0  # seconds
Told = Callable[[int], None]  # so many events more are in the ledger


class Contradicted(Exception):  # ends the shard's filling, and becomes a line of its report
    """The events are not those that were signed for."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(slots=True)
class Filled:
    """What was done for a shard, and why no more, if something stood against it."""

    shard: int
    size: int = 0
    next_receipt: int = 0
    events: int = 0
    receipts: int = 0
    made: int = 0  # receipts made anew of events that had none
    orphans: int = 0  # events without a receipt
    without_digest: int = 0
    foreign: int = 0
    torn: dict[str, Torn] = field(default_factory=dict)
    mismatch: Mismatch | None = None
    contradicted: int | None = None  # the size of a checkpoint that the events don't fit

    @property
    def whole(self) -> bool:
        """Whether all that the topics have is in the ledger."""
        return not self.torn and self.mismatch is None and self.contradicted is None


class Filling:
    """Fills one shard, whose tapes begin where the ledger ends."""

    def __init__(self, pool: Pool, shard: int, witnessed: Mapping[int, bytes], keys: Keys, told: Told) -> None:
        """``witnessed``: roots that were signed, by size. ``keys`` sees each event's bytes."""
        self._pool = pool
        self._shard = shard
        self._witnessed = witnessed
        self._keys = keys
        self._told = told
        self._folding = Folding()
        self._years: set[int] = set()

    async def fill(self, tapes: Tapes, reader: Reader) -> Filled:
        """Append all that the tapes hold. Raises Unavailable, Refused, or what a lost database raises."""
        filled = Filled(self._shard)
        try:
            async for portion in reader.portions():
                await self._append(portion, filled)
        except Contradicted as error:
            filled.contradicted = error.size
        filled.mismatch = reader.mismatch
        filled.torn = {
            kind: tape.torn
            for kind, tape in (("events", tapes.events), ("receipts", tapes.receipts))
            if tape.torn is not None
        }
        filled.foreign = tapes.events.foreign + tapes.receipts.foreign
        return filled

    async def _append(self, portion: Portion, filled: Filled) -> None:
        async with self._pool.acquire() as connection:
            await self._open_years(connection, portion)
            async with connection.transaction():
                row = await QUERIES.lock_shard(connection, shard=self._shard)
                self._check(portion, row)
                peaks = self._peaks(portion, row)
                await _copy(connection, "event", [event.row for event in portion.events], EVENT_COLUMNS)
                await _copy(connection, "receipt", portion.receipts, RECEIPT_COLUMNS)
                await fold(self._folding, connection, self._shard, [event.event for event in portion.events])
                await self._move(connection, portion, row, peaks)
                fault("before-fill")
        fault("after-fill")
        self._note(portion, row, filled)

    async def _open_years(self, connection: Connection, portion: Portion) -> None:
        wanted = {event.row[6].astimezone(UTC).year for event in portion.events} - self._years
        if wanted:
            await years.open_years(connection, sorted(wanted))
            self._years |= wanted

    def _check(self, portion: Portion, row: asyncpg.Record) -> None:
        """Somebody else may have appended in the meantime; then the tapes no longer begin where the ledger ends.

        And the states before these events must be of this fold.
        """
        if why := states.unlike(row["fold_version"]):
            raise refused("other-fold", shard=self._shard, why=why)
        begins = (
            not portion.events or portion.events[0].at == row["size"],
            not portion.receipts or portion.receipts[0][1] == row["next_receipt"],
        )
        if not all(begins):
            raise refused("moved", shard=self._shard)

    def _peaks(self, portion: Portion, row: asyncpg.Record) -> bytes:
        """The peaks with this portion, held against what was signed on the way. Raises Contradicted."""
        peaks, size = row["peaks"], row["size"]
        leaves = [event.leaf for event in portion.events]
        end = size + len(leaves)
        for stop in (*sorted(at for at in self._witnessed if size < at <= end), end):
            done = size - row["size"]
            peaks = extended(peaks, size, leaves[done : stop - row["size"]])
            size = stop
            if self._witnessed.get(size, root := root_of(peaks)) != root:
                raise Contradicted(size)
        return bytes(peaks)

    async def _move(self, connection: Connection, portion: Portion, row: asyncpg.Record, peaks: bytes) -> None:
        changed = self._folding.changed()
        await QUERIES.write_states(
            connection,
            shard=self._shard,
            fold_version=FOLD_VERSION,
            kinds=[state[0] for state in changed],
            keys=[state[1] for state in changed],
            versions=[state[2] for state in changed],
            states=[state[3] for state in changed],
            size=row["size"] + len(portion.events),
            next_receipt=row["next_receipt"] + len(portion.receipts),
            recorded_at=max(row["recorded_at"], *map(datetime.fromisoformat, portion.recorded)),
            peaks=peaks,
            recent=recent.NOTHING,  # so that no recorder goes on with what it has in memory
        )

    def _note(self, portion: Portion, row: asyncpg.Record, filled: Filled) -> None:
        filled.size = row["size"] + len(portion.events)
        filled.next_receipt = row["next_receipt"] + len(portion.receipts)
        filled.events += len(portion.events)
        filled.receipts += len(portion.receipts)
        filled.made += portion.made
        filled.orphans += portion.orphans
        filled.without_digest += sum(not receipt[3] for receipt in portion.receipts) - portion.made
        for event in portion.events:
            self._keys.see(event.raw)
        self._told(len(portion.events))


async def _copy(
    connection: Connection, table: str, rows: Sequence[tuple[object, ...]], columns: tuple[str, ...]
) -> None:
    if rows:
        await connection.copy_records_to_table(
            table, schema_name="ledger", records=list(rows), columns=columns, timeout=_STATEMENT
        )
