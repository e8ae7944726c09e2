"""A shard's events by ranges: rows of the ledger and, where some left for an archive, their bytes out of its files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

import asyncpg

from services.recorder.archive import reading
from services.recorder.archive.folder import Folder
from services.recorder.archive.reading import Archive
from services.recorder.archive.words import refused
from services.recorder.audit.verifying.queries import QUERIES
from services.recorder.audit.verifying.work import Work

# Of an archived event position, body and the leaf hash that stayed.
Row: TypeAlias = "asyncpg.Record | dict[str, Any]"


class Rows:
    """Reads on where it stopped, for a file is read from its beginning only."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._archive: Archive | None = None
        self._next = -1
        self._ahead: Iterator[bytes] = iter(())

    async def between(self, first: int, end: int) -> list[Row]:
        """The events from a position up to another. Raises NotArchived."""
        part = self._work.part
        rows: list[Row] = list(await self._work.connection.fetch(QUERIES.events.sql, part.shard, first, end))
        for begin, last in part.archived:
            low, high = max(begin, first), min(last + 1, end)
            if low < high:
                rows += await self._archived(low, high)
        return sorted(rows, key=lambda row: row["position"]) if part.archived else rows

    async def _archived(self, first: int, end: int) -> list[Row]:
        positions = list(range(first, end))
        found = await self._work.connection.fetch(QUERIES.tiled_hashes.sql, positions, self._work.part.shard)
        hashes = {row["number"]: row["hash"] for row in found}
        if self._next != first:
            self._ahead = self._bodies(await self._opened(), first)
        bodies = islice(self._ahead, end - first)
        self._next = end
        return [
            {"position": position, "body": body, "leaf_hash": hashes.get(position) or b""}
            for position, body in zip(positions, bodies, strict=True)
        ]

    async def _opened(self) -> Archive:
        part = self._work.part
        if self._archive is None:
            assert part.archive is not None  # what is archived is read where an archive is given
            self._archive = await Archive.at(self._work.connection, part.ledger, Folder(part.archive))
        return self._archive

    def _bodies(self, archive: Archive, first: int) -> Iterator[bytes]:
        while True:
            held = archive.following(self._work.part.shard, first)
            if held is None or held.first > first:
                raise refused("left", shard=self._work.part.shard, position=first, file="–")
            for _, bodies in reading.chunks(held, first):
                yield from bodies
            first = held.last + 1
