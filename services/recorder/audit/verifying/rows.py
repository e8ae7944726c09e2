"""A shard's events as verifying reads them: rows of the ledger; of what left it, made of an archive's files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import asyncpg

from schemas.merkle import HASH
from services.recorder.archive.folder import read_events
from services.recorder.archive.held import Archive, Held
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.audit.verifying.queries import QUERIES
from services.recorder.errors import NotArchived
from services.recorder.ledger.rows import UNREADABLE, event_row
from services.recorder.trust.tiles import WIDTH

_NAMES: Final = ("position", "id", "stream", "version", "type", "recorded_at", "body")

Row: TypeAlias = "asyncpg.Record | dict[str, Any]"
Leaf: TypeAlias = "asyncpg.Record | tuple[int, bytes, bytes]"  # position, body, leaf hash


class Rows:
    """Reads a shard. Where a file of the archive can't be read on is noted in ``findings``, if they are given."""

    def __init__(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        shard: int,
        archive: Archive | None,
        findings: Findings | None = None,
    ) -> None:
        self._connection = connection
        self._shard = shard
        self._files = None if archive is None else _Files(archive, shard, findings)

    async def leaves(self, first: int, end: int, tiles: Mapping[int, bytes]) -> Sequence[Leaf]:
        """Position, body and leaf hash from a position up to another; of what left, the hash that its tile kept."""
        rows = await self._connection.fetch(QUERIES.leaves.sql, self._shard, first, end)
        left = self._left(first, end, rows)
        added = [(position, body, _kept(tiles, position, body)) for position, body in left]
        return sorted([*rows, *added], key=lambda row: row[0]) if added else rows

    async def events(self, first: int, end: int) -> Sequence[Row]:
        """Whole rows from a position up to another."""
        rows = await self._connection.fetch(QUERIES.events.sql, self._shard, first, end)
        added = [_row(position, body) for position, body in self._left(first, end, rows)]
        return sorted([*rows, *added], key=lambda row: int(row["position"])) if added else rows

    def _left(self, first: int, end: int, rows: Sequence[asyncpg.Record]) -> list[tuple[int, bytes]]:
        """What the ledger hasn't, out of files."""
        if self._files is None or len(rows) >= end - first:
            return []
        present = {row[0] for row in rows}
        return [(position, body) for position, body in self._files.between(first, end) if position not in present]


def _kept(tiles: Mapping[int, bytes], position: int, body: bytes) -> bytes:
    at = position % WIDTH * HASH
    return tiles.get(position // WIDTH, b"")[at : at + HASH] or hashlib.sha256(b"\x00" + body).digest()


def _row(position: int, body: bytes) -> Row:
    """As the ledger had it; where the bytes are no event's, hardly anything."""
    try:
        _, _, *columns, _, _ = event_row(body)
    except UNREADABLE:
        columns = [None] * (len(_NAMES) - 2)
    return dict(zip(_NAMES, (position, *columns, body), strict=True))


class _Files:
    """An archive's files, mostly read from front to back."""

    def __init__(self, archive: Archive, shard: int, findings: Findings | None) -> None:
        self._archive = archive
        self._shard = shard
        self._findings = findings
        self._open: Held | None = None
        self._lines: Iterator[bytes] = iter(())
        self._at = 0
        self._broken: set[Held] = set()

    def between(self, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Positions and bytes, as far as files hold them."""
        while first < end:
            held = self._archive.following(self._shard, first)
            if held is None or held.first >= end:
                return
            until = min(end, held.last + 1)
            yield from self._read(held, max(first, held.first), until)
            first = until

    def _read(self, held: Held, first: int, end: int) -> Iterator[tuple[int, bytes]]:
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
