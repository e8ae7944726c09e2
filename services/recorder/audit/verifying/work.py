"""What the parts of the check share: the ledger as it is read here, a shard to check, and the work on it.

A shard's events are rows of the ledger; of what left it, rows made of an archive's files.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import aiosql
import asyncpg

from schemas.trust.canonical import leaf_hash
from schemas.trust.merkle import HASH
from services.recorder.archive.folder import read_events
from services.recorder.archive.held import Archive, Held
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.errors import NotArchived
from services.recorder.ledger.database import Ledger, reached
from services.recorder.ledger.rows import UNREADABLE, event_row
from services.recorder.trust.tiles import WIDTH, At, Tiles

ROWS: Final = 1000  # a statement, and a portion of the fold
QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("verify.sql"), "asyncpg", mandatory_parameters=False)
_SESSION: Final = {"application_name": "chengzhang-verify", "jit": "off"}
_NAMES: Final = ("position", "id", "stream", "version", "type", "recorded_at", "body")

Row: TypeAlias = "asyncpg.Record | dict[str, Any]"
Leaf: TypeAlias = "asyncpg.Record | tuple[int, bytes, bytes]"  # position, body, leaf hash
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Tick = Callable[[int], None]
Json = dict[str, Any]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection that waits for nobody's locks and holds none. Raises Unavailable."""
    with reached():
        connection = await asyncpg.connect(url, timeout=10, server_settings=_SESSION)
        try:
            yield connection
        finally:
            connection.terminate()


class Whole(NamedTuple):
    """A shard of a ledger to check; ``archive`` has what left it; ``states``: whether they are of this code's fold."""

    url: str
    shard: int
    ledger: Ledger
    archive: Archive | None = None
    states: bool = True


class Work(NamedTuple):
    """One shard's check: a snapshot to read in, where to note what is found, whom to tell of every row."""

    connection: Connection
    rows: Rows
    part: Whole
    findings: Findings
    tick: Tick


# --- rows ---


class Rows:
    """Reads a shard. Where a file of the archive can't be read on is noted in ``findings``, if they are given."""

    def __init__(
        self, connection: Connection, shard: int, archive: Archive | None, findings: Findings | None = None
    ) -> None:
        self._connection = connection
        self._shard = shard
        self._archive = archive or Archive({})
        self._findings = findings
        self._open: Held | None = None  # files are mostly read from front to back
        self._lines: Iterator[bytes] = iter(())
        self._at = 0
        self._broken: set[Held] = set()

    async def leaves(self, first: int, end: int, tiles: Tiles) -> Sequence[Leaf]:
        """Position, body and leaf hash from a position up to another; of what left, the hash that its tile kept."""

        def leaf(position: int, body: bytes) -> Leaf:
            return position, body, hash_in(tiles, position) or leaf_hash(body)

        return await self._read(QUERIES.leaves.sql, first, end, leaf)

    async def events(self, first: int, end: int) -> Sequence[Row]:
        """Whole rows from a position up to another."""
        return await self._read(QUERIES.events.sql, first, end, _row)

    async def _read(self, query: str, first: int, end: int, made: Callable[[int, bytes], Any]) -> Sequence[Any]:
        """Rows of the ledger, and of what it hasn't, made of what files hold; by position."""
        rows = await self._connection.fetch(query, self._shard, first, end)
        if len(rows) >= end - first:
            return rows
        present = {row[0] for row in rows}
        placed = [(row[0], row) for row in rows]
        placed += [(at, made(at, body)) for at, body in self._filed(first, end) if at not in present]
        return [row for _, row in sorted(placed, key=itemgetter(0))]

    def _filed(self, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Positions and bytes, as far as files hold them."""
        while first < end:
            held = self._archive.following(self._shard, first)
            if held is None or held.first >= end:
                return
            until = min(end, held.last + 1)
            yield from self._lines_of(held, max(first, held.first), until)
            first = until

    def _lines_of(self, held: Held, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        if held is not self._open or self._at != first:
            self._open, self._at = held, first
            self._lines = (body for bodies in read_events(held.path, first - held.first) for body in bodies)
        try:
            for body in self._lines:
                yield self._at, body
                self._at += 1
                if self._at == end:
                    return
        except NotArchived as error:
            if self._findings is not None and held not in self._broken:
                self._broken.add(held)
                self._findings.add(Kind.ARCHIVE, self._at, "an event", str(error), file=str(held.path))


def hash_in(tiles: Tiles, position: int) -> bytes:
    """An event's leaf hash as its tile has it; nothing where that doesn't."""
    at = position % WIDTH * HASH
    found = tiles.get(At(0, position // WIDTH), b"")[at : at + HASH]
    return found if len(found) == HASH else b""


def _row(position: int, body: bytes) -> Row:
    """As the ledger had it; where the bytes are no event's, hardly anything."""
    try:
        _, _, *columns, _, _ = event_row(body)
    except UNREADABLE:
        columns = [None] * (len(_NAMES) - 2)
    return dict(zip(_NAMES, (position, *columns, body), strict=True))
