"""Portions into the ledger: events, receipts, states, peaks and the shard's row, in one transaction each.

After every commit the shard is a whole, shorter history; so whatever ends the work, it goes on from there.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import asyncpg

from schemas.trust.merkle import extended, root_of
from services.common.faults import fault
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger import states, years
from services.recorder.ledger.appending import recent
from services.recorder.ledger.database import QUERIES, Connection, Pool
from services.recorder.ledger.folding import Folding, fold
from services.recorder.ledger.locking import locked_one
from services.recorder.ledger.rows import EVENT_COLUMNS, RECEIPT_COLUMNS
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.portions import Portion, Reader
from services.recorder.recovery.refilling.tape import Tapes
from services.recorder.recovery.refilling.telling import Remark, Shard, foreign, remark
from services.recorder.recovery.refusals import refused

_STATEMENT: Final = 120.0  # seconds
Told = Callable[[int], None]  # so many events more are in the ledger


class Contradicted(Exception):  # ends the shard's filling, and becomes a line of its report
    """The events are not those that were signed for, when there were so many."""


class Filling:
    """Fills one shard, whose tapes begin where the ledger ends; ``whole`` once all that the topics have is in it."""

    def __init__(self, pool: Pool, shard: int, witnessed: Mapping[int, bytes], keys: Keys, told: Told) -> None:
        """``witnessed``: roots that were signed, by size. ``keys`` sees each event's bytes."""
        self._pool = pool
        self._shard = shard
        self.done = Shard(shard)
        self.whole = False
        self._counted: Counter[str] = Counter()  # by the word of the remark
        self._witnessed = witnessed
        self._keys = keys
        self._told = told
        self._folding = Folding()
        self._years: set[int] = set()

    async def fill(self, tapes: Tapes, reader: Reader) -> list[Remark]:
        """Append all that the tapes hold. Raises Unavailable, Refused, or what a lost database raises."""
        against = []
        try:
            async for portion in reader.portions():
                await self._append(portion)
        except Contradicted as error:
            against = [remark("checkpoint", self._shard, size=error.args[0])]
        against += [each for each in (tapes.events.torn, tapes.receipts.torn, reader.mismatch) if each is not None]
        self.whole = not against
        counted = (remark(word, self._shard, count=count) for word, count in self._counted.items() if count)
        return [*against, *counted, *foreign(self._shard, tapes.events.strangers, tapes.receipts.strangers)]

    async def _append(self, portion: Portion) -> None:
        async with self._pool.acquire() as connection:
            await self._open_years(connection, portion)
            async with connection.transaction():
                row = await locked_one(connection, self._shard)
                self._check(portion, row)
                peaks = self._peaks(portion, row)
                events = [event.row for event in portion.events]
                for table, columns, rows in (
                    ("event", EVENT_COLUMNS, events), ("receipt", RECEIPT_COLUMNS, portion.receipts),
                ):  # fmt: skip
                    await connection.copy_records_to_table(
                        table, schema_name="ledger", records=rows, columns=columns, timeout=_STATEMENT
                    )
                await fold(self._folding, connection, self._shard, [event.event for event in portion.events])
                await self._move(connection, portion, row, peaks)
                fault("before-fill")
        fault("after-fill")
        self._note(portion, row)

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
            of=[self._shard] * len(changed),
            fold_version=FOLD_VERSION,
            kinds=[state[0] for state in changed],
            keys=[state[1] for state in changed],
            versions=[state[2] for state in changed],
            states=[state[3] for state in changed],
            shards=[self._shard],
            sizes=[row["size"] + len(portion.events)],
            next_receipts=[row["next_receipt"] + len(portion.receipts)],
            recorded_at=[max(row["recorded_at"], *map(datetime.fromisoformat, portion.recorded))],
            peaks=[peaks],
            recent=[recent.NOTHING],  # so that no recorder goes on with what it has in memory
        )

    def _note(self, portion: Portion, row: asyncpg.Record) -> None:
        self.done.size = row["size"] + len(portion.events)
        self.done.next_receipt = row["next_receipt"] + len(portion.receipts)
        self.done.events += len(portion.events)
        self.done.receipts += len(portion.receipts)
        self._counted["receipts-made"] += portion.made
        self._counted["receipts-unknown"] += portion.orphans
        self._counted["digests-unknown"] += sum(not receipt[3] for receipt in portion.receipts) - portion.made
        for event in portion.events:
            self._keys.see(event.raw)
        self._told(len(portion.events))
