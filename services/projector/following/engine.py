"""One batch, one transaction: lock the cursors, stage the facts, fold them, move the cursors. All of it, or nothing.

A shard with an event that doesn't fold halts before that event; the others go on. Whatever says nothing of the events
(a lost connection, a deadlock, a full disk) is raised to the caller, who tries again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import asyncpg
import structlog
from asyncpg import Record
from asyncpg.prepared_stmt import PreparedStatement

from services.common.faults import fault
from services.common.kafka.macs import Strangers
from services.projector import database
from services.projector.database import CURSOR, Connection
from services.projector.errors import Behind, Forked, Retired
from services.projector.following.batch import Cursor, Slice
from services.projector.following.stage import COLUMNS
from services.projector.interpreting.fold import Step
from services.projector.read_models import ReadModel
from services.projector.relations import TABLES
from services.projector.versioning import making, versions
from services.projector.versioning.versions import BASE, Version

T = TypeVar("T")

# Classes of SQLSTATE that speak of the data, not of the server: cardinality, data, integrity, limits, raised in SQL.
_OF_THE_DATA: Final = ("21", "22", "23", "54", "P0")
_FOLDING: Final = {
    # The rows can be rebuilt and the cursor goes with them: nothing is lost by not waiting for the disk.
    "synchronous_commit": "off",
    # Statements are planned once, for batches of five facts and of twenty thousand, and for tables of any size: so what
    # is joined is always found by its key.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "plan_cache_mode": "force_generic_plan",
    "work_mem": "32MB",
    "temp_buffers": "64MB",  # a batch's changes stay in memory
}
_LOOK_AGAIN: Final = 0.05  # what says that it isn't live must not become a busy loop
_MANY: Final = 10_000  # events whose dead rows may lie in the staging tables
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a shard's cursor stands after a batch; ``behind``: read again from there."""

    cursor: Cursor
    applied: int = 0
    behind: bool = False

    @property
    def halted(self) -> bool:
        """Whether the shard stands still until someone has acted."""
        return self.cursor.state == "halted"


class Engine:
    """Folds batches, one at a time, on a connection of its own: into the live version, whichever it is, or into one."""

    def __init__(self, url: str, consumer: str, models: tuple[ReadModel, ...], version: Version | None = None) -> None:
        self._url = url
        self._consumer = consumer
        self._models = models
        self._version = version
        self._steps: list[tuple[Step, PreparedStatement[Record]]] = []  # those of the version that the connection is on
        self._connection: Connection | None = None
        self._left = 0  # events that were staged since the staging tables were made, or made anew
        self._one_at_a_time = asyncio.Lock()

    async def open(self, shards: int) -> None:
        """Create what is missing of schema and cursors."""
        if self._version is None:
            await making.found(self._url, self._models)
        async with self._session() as connection:
            await CURSOR.begin_shards(connection, consumer=self._consumer, shards=list(range(shards)))

    async def close(self) -> None:
        """Give the connection up, in whatever state it is."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def cursors(self) -> dict[int, Cursor]:
        """Where every shard stands."""
        return await self._on_live(self._read)

    async def apply(self, slices: Sequence[Slice]) -> list[Outcome]:
        """Apply the slices, of one shard each. Raises what is no fault of the events: the outcome is unknown then."""
        return await self._on_live(partial(self._apply, slices))

    async def tell(self, found: Mapping[int, Strangers]) -> dict[int, int]:
        """Log and note foreign records that were passed over, by shard, each once; how many were new."""
        return await self._on_live(partial(self._tell, found)) if found else {}

    async def _tell(self, found: Mapping[int, Strangers], connection: Connection) -> dict[int, int]:
        counts: dict[int, int] = {}
        for shard, seen in found.items():
            before = await CURSOR.foreign_offset(connection, consumer=self._consumer, shard=shard)
            new = seen.after(-1 if before is None else before)
            if seen.last is not None and new:
                told, at = str(seen.last), seen.last.offset
                await CURSOR.note_foreign(
                    connection, consumer=self._consumer, shard=shard, count=new, offset=at, told=told
                )
                counts[shard] = new
                _log.warning("foreign-records", count=new, last=told)
        return counts

    async def _on_live(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do it; where another version has become live meanwhile, do it there. Its cursors say what is left to do."""
        while True:
            try:
                async with self._session() as connection:
                    return await work(connection)
            except Retired:
                if self._version is not None:
                    raise
                _log.info("live-version-changed")
            await asyncio.sleep(_LOOK_AGAIN)

    async def _read(self, connection: Connection) -> dict[int, Cursor]:
        rows = [row async for row in CURSOR.read_cursors(connection, consumer=self._consumer)]
        return {row["shard"]: _cursor(row) for row in rows}

    async def _apply(self, slices: Sequence[Slice], connection: Connection) -> list[Outcome]:
        """Together; where that doesn't fold each alone, and by halves until the event to blame stands alone."""
        try:
            return await self._together(connection, slices)
        except asyncpg.PostgresError as error:
            if not str(error.sqlstate).startswith(_OF_THE_DATA):
                raise
            if len(slices) == 1:
                return [await self._halve(connection, slices[0], error)]
        return [await self._alone(connection, slice_) for slice_ in slices]

    async def _alone(self, connection: Connection, slice_: Slice) -> Outcome:
        return (await self._apply([slice_], connection))[0]

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection]:
        """The connection, for one user at a time; whatever goes wrong, the next gets a fresh one."""
        async with self._one_at_a_time:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._connect()
                yield self._connection
            except BaseException:
                await self.close()
                raise

    async def _connect(self) -> Connection:
        schema = None if self._version is None else self._version.schema
        # Without a bound, a server that is gone without a word would hold everything up, and nobody would try again.
        connection = await database.connect(self._url, schema, _FOLDING, database.FOLDING_SECONDS)
        version = self._version or await versions.live(connection)
        await connection.execute(f"SET search_path TO {version.schema}")
        await connection.execute(version.staging)
        self._left = 0
        self._steps = [(step, await connection.prepare(step.sql)) for step in version.steps]
        return connection

    async def _together(self, connection: Connection, slices: Sequence[Slice]) -> list[Outcome]:
        async with connection.transaction():
            cursors = await self._lock(connection, [slice_.shard for slice_ in slices])
            judged = [_judge(slice_, *cursors[slice_.shard]) for slice_ in slices]
            ready = [slice_ for slice_, _ in judged if slice_.facts]
            if ready:
                await self._fold(connection, ready)
                await self._move(connection, ready)
            for slice_, outcome in judged:
                stood = cursors[slice_.shard][0].state == "halted"
                if outcome.halted or (stood and not slice_.facts):
                    await self._note(connection, outcome.cursor)
        fault("after-cursor")
        return [outcome for _, outcome in judged]

    async def _lock(self, connection: Connection, shards: list[int]) -> dict[int, tuple[Cursor, str | None]]:
        """The cursors, and the ledger that any shard of this consumer is known to follow."""
        rows = [row async for row in CURSOR.lock_cursors(connection, consumer=self._consumer, shards=shards)]
        return {row["shard"]: (_cursor(row), row["known_ledger"]) for row in rows}

    async def _fold(self, connection: Connection, slices: Iterable[Slice]) -> None:
        """Stage the facts; run what they call for, and no other statement."""
        staged = [fact for slice_ in slices for fact in slice_.facts]
        await self._unstage(connection)
        self._left += len(staged)
        for name in TABLES:
            if rows := [row for one in staged for row in getattr(one, name)]:
                await connection.copy_records_to_table(
                    f"{name}_change", records=rows, columns=COLUMNS, schema_name="pg_temp"
                )
        fault("after-copy")
        types = {type_ for one in staged for type_ in one.types}
        revokes = any(one.revokes for one in staged)
        for step, statement in self._steps:
            if (not step.types or step.types & types) and (revokes or not step.revoking):
                types |= {row[0] for row in await statement.fetch()}
        fault("before-cursor")

    async def _unstage(self, connection: Connection) -> None:
        """Have the staging tables empty. To have each commit empty them would be dearer than a small batch."""
        if self._left > _MANY:
            await connection.execute(BASE.stage_anew.sql)
            self._left = 0
        elif self._left:
            await connection.fetch(BASE.unstage.sql)  # prepared, once a connection

    async def _move(self, connection: Connection, slices: Iterable[Slice]) -> None:
        moved = [slice_.moved() for slice_ in slices]
        await CURSOR.move_cursors(
            connection,
            consumer=self._consumer,
            shards=[cursor.shard for cursor in moved],
            ledgers=[cursor.ledger for cursor in moved],
            nexts=[cursor.next for cursor in moved],
            leaf_hashes=[cursor.leaf_hash for cursor in moved],
            offset_hints=[cursor.offset_hint for cursor in moved],
        )

    async def _note(self, connection: Connection, cursor: Cursor) -> None:
        """Have a shard stand still, or go on though no fact of it was folded."""
        place = {name: getattr(cursor, name) for name in ("shard", "next", "error")}
        if cursor.state == "halted":
            _log.error("shard-halted", **place)
        else:
            _log.info("shard-revived", shard=cursor.shard, next=cursor.next)
        await CURSOR.note_state(connection, consumer=self._consumer, state=cursor.state, **place)

    async def _halve(self, connection: Connection, slice_: Slice, error: asyncpg.PostgresError) -> Outcome:
        if len(slice_.facts) == 1:
            slice_.broken, slice_.facts, slice_.records = _blame(slice_, error), [], []
            return await self._alone(connection, slice_)
        outcome = await self._alone(connection, slice_.half())
        if outcome.halted or outcome.behind:
            return outcome
        rest = await self._alone(connection, slice_.after(outcome.cursor))
        return replace(rest, applied=rest.applied + outcome.applied)


def _cursor(row: asyncpg.Record) -> Cursor:
    """Raises Retired where another version has followed this one."""
    if row["state"] == "retired":
        raise Retired(f"shard {row['shard']}: another version of the read models is live")
    return Cursor(**{name: row[name] for name in Cursor.__slots__})


def _judge(slice_: Slice, cursor: Cursor, known_ledger: str | None) -> tuple[Slice, Outcome]:
    """What of the slice may be applied, and what becomes of the shard if that succeeds."""
    try:
        rest = slice_.after(cursor, known_ledger)
    except Behind:
        return Slice(slice_.shard, cursor.next), Outcome(cursor, behind=True)
    except Forked as error:
        return Slice(slice_.shard, cursor.next), Outcome(replace(cursor, state="halted", error=str(error)))
    stands = rest.moved() if rest.facts else replace(cursor, state="live", error=None)
    if rest.broken is not None:
        stands = replace(stands, state="halted", error=rest.broken)
    return rest, Outcome(stands, len(rest.facts), behind=rest.gap)


def _blame(slice_: Slice, error: asyncpg.PostgresError) -> str:
    """Which event, and where the database balked; never its message, which may repeat a value."""
    event = slice_.facts[0]
    places = (("table", error.table_name), ("column", error.column_name), ("constraint", error.constraint_name))
    where = "".join(f", {what} {name}" for what, name in places if name)
    told = f"{type(error).__name__} {error.sqlstate}{where}"
    return f"position {event.position}: event {event.id} ({event.types[0]}) doesn't fold: {told}"
