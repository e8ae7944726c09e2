"""History out of archives and what the ledger still has: together all of it.

A file is read once its hash is what the ledger noted when it left; before it left, what the manifest says.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiosql
import asyncpg

from schemas.trust import merkle
from schemas.trust.canonical import leaf_hash
from services.recorder.archive import folder as files
from services.recorder.archive.folder import Folder
from services.recorder.archive.words import refused
from services.recorder.ledger.database import Connection

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("archive.sql"), "asyncpg", mandatory_parameters=False)


class Held(NamedTuple):
    """A file of events, and what it must be."""

    path: Path
    shard: int
    first: int
    last: int
    bytes: int
    sha256: str


def noted(folder: Path, row: asyncpg.Record) -> Held:
    """The file in that folder, as the ledger noted it when it left."""
    return Held(folder / row["file"], row["shard"], row["first"], row["last"], row["bytes"], row["sha256"].hex())


class Archive:
    """The files of one folder or several, by shard and position."""

    def __init__(self, held: dict[int, list[Held]]) -> None:
        self._held = held

    @classmethod
    async def at(cls, connection: Connection, ledger: UUID, folders: Iterable[Path]) -> Archive:
        """The archives in these folders. Raises NotArchived where there is none, or another ledger's."""
        left = {row["file"]: row async for row in QUERIES.files(connection, years=None)}
        held: dict[int, list[Held]] = {}
        for folder, manifest in ((path, each) for path in folders for each in Folder(path).manifests()):
            if manifest.ledger != ledger:
                raise refused("other-ledger", folder=folder, theirs=manifest.ledger, ours=ledger)
            for file in manifest.files:
                name = f"{manifest.shard}/{manifest.year}/{file.file}"
                theirs = Held(folder / name, manifest.shard, file.first, file.last, file.bytes, file.sha256)
                held.setdefault(manifest.shard, []).append(noted(folder, left[name]) if name in left else theirs)
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


def continuing(path: Path, first: int, last: int, read: merkle.Reader) -> Iterator[list[bytes]]:
    """A file's events, which must continue the tree to the root that the tiles have there. Raises NotArchived."""
    peaks, size = b"".join(read(subtree) for subtree in merkle.perfect(0, first)), first
    for bodies in files.read_events(path):
        peaks = merkle.extended(peaks, size, map(leaf_hash, bodies))
        size += len(bodies)
        yield bodies
    if size != last + 1 or merkle.root_of(peaks) != merkle.root(size, read):
        raise refused("differs", file=path)


def check(held: Held) -> None:
    """Raises NotArchived where it is another file than it must be."""
    if files.digest(held.path) != (held.bytes, held.sha256):
        raise refused("other-file", file=held.path, sha256=held.sha256)


def chunks(held: Held, first: int) -> Iterator[tuple[int, list[bytes]]]:
    """A file's events from a position on, each chunk with its first position. Raises NotArchived."""
    check(held)
    for bodies in files.read_events(held.path, first - held.first):
        yield first, bodies
        first += len(bodies)
    if first != held.last + 1:
        raise refused("differs", file=held.path)
