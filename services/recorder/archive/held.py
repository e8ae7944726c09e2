"""History out of archives and what the ledger still has: together all of it.

A file is read once its hash is what the ledger noted when it left; before it left, what the manifest says.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from services.recorder.archive import folder as files
from services.recorder.archive.folder import Folder
from services.recorder.archive.queries import QUERIES
from services.recorder.archive.words import refused
from services.recorder.ledger.database import Connection


class Held(NamedTuple):
    """A file of events, and what it must be."""

    path: Path
    shard: int
    first: int
    last: int
    bytes: int
    sha256: str


class Archive:
    """The files of one folder or several, by shard and position."""

    def __init__(self, held: dict[int, list[Held]]) -> None:
        self._held = held

    @classmethod
    async def at(cls, connection: Connection, ledger: UUID, folders: Iterable[Path]) -> Archive:
        """The archives in these folders. Raises NotArchived where there is none, or another ledger's."""
        noted = {row["file"]: row async for row in QUERIES.files(connection, years=None)}
        held: dict[int, list[Held]] = {}
        for folder, manifest in ((path, each) for path in folders for each in Folder(path).manifests()):
            if manifest.ledger != ledger:
                raise refused("other-ledger", folder=folder, theirs=manifest.ledger, ours=ledger)
            for file in manifest.files:
                name = f"{manifest.shard}/{manifest.year}/{file.file}"
                row = noted.get(name)
                size, sha256 = (file.bytes, file.sha256) if row is None else (row["bytes"], row["sha256"].hex())
                held.setdefault(manifest.shard, []).append(
                    Held(folder / name, manifest.shard, file.first, file.last, size, sha256)
                )
        return cls({shard: sorted(each, key=lambda file: file.first) for shard, each in held.items()})

    def following(self, shard: int, position: int) -> Held | None:
        """The file that holds this position, else the next one behind it."""
        held = self._held.get(shard, [])
        at = bisect_left(held, position, key=lambda file: file.last)
        return held[at] if at < len(held) else None

    def holds(self, shard: int, position: int) -> bool:
        """Whether one of the files holds this position."""
        held = self.following(shard, position)
        return held is not None and held.first <= position

    def files(self) -> list[Held]:
        """All of them."""
        return [held for each in self._held.values() for held in each]

    def body(self, shard: int, position: int) -> bytes | None:
        """One event's bytes; None where no file holds it. Raises NotArchived."""
        held = self.following(shard, position)
        if held is None or held.first > position:
            return None
        return next(chunks(held, position))[1][0]


def chunks(held: Held, first: int) -> Iterator[tuple[int, list[bytes]]]:
    """A file's events from a position on, each chunk with its first position. Raises NotArchived."""
    if files.digest(held.path) != (held.bytes, held.sha256):
        raise refused("other-file", file=held.path, sha256=held.sha256)
    for bodies in files.read_events(held.path, first - held.first):
        yield first, bodies
        first += len(bodies)
    if first != held.last + 1:
        raise refused("differs", file=held.path)
