"""The hash part, a range of a shard: leaf hashes recomputed, no gap, the tiles below, and the tree as far as it goes.

The tree is over the stored leaf hashes: that one is not the hash of its bytes is said where it stands, and does not
spoil what comes after it. Where an event is missing, its hash is taken from the tiles, for the same reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import asyncpg

from schemas.merkle import HASH, extended, root_of, split
from services.recorder.archive.held import Archive
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.audit.verifying.queries import QUERIES, connected
from services.recorder.audit.verifying.rows import Leaf, Rows
from services.recorder.audit.verifying.work import Tick
from services.recorder.trust.tiles import WIDTH

RANGE: Final = WIDTH * WIDTH  # events: a whole tile of the second level
_ROWS: Final = 4096
_NONE: Final = bytes(HASH)  # stands for a hash that nothing is known of


@dataclass(frozen=True, slots=True)
class Range:
    """What to hash: the events from ``first`` up to ``end``, at most ``RANGE``.

    ``cuts`` are sizes at which the tree was signed; the tiles must hold the first ``tiled`` events of the shard;
    ``archived`` are first and last of what left the ledger for files; ``archive`` has such files.
    """

    url: str
    shard: int
    first: int
    end: int
    cuts: tuple[int, ...] = ()
    tiled: int = 0
    archived: tuple[tuple[int, int], ...] = ()
    archive: Archive | None = None

    def left(self, position: int) -> bool:
        """Whether an event left for a file that is not at hand."""
        if self.archive is not None and self.archive.holds(self.shard, position):
            return False
        return any(first <= position <= last for first, last in self.archived)


@dataclass(slots=True)
class Hashed:
    """What came of it: the peaks of the range's own tree, at its end and at every cut.

    ``tiled``: the root of a whole range as its tiles have it, which the tiles above must have, too.
    """

    range: Range
    findings: Findings
    peaks: bytes = b""
    tiled: bytes = b""
    at_cuts: dict[int, bytes] = field(default_factory=dict)


async def hashed(part: Range, tick: Tick) -> Hashed:
    """Check a range; ``tick`` is told how many events were hashed."""
    findings = Findings(part.shard)
    async with connected(part.url) as connection:
        tiles = [await tiles_of(connection, part, level) for level in (0, 1)]
        leaves = await _leaves(Rows(connection, part.shard, part.archive, findings), part, tiles[0], findings)
    _fill(leaves, part, tiles[0], findings)
    found = [leaf or _NONE for leaf in leaves]
    above = Hashes(0, part.first, found)
    for level in (0, 1):
        compare(findings, above, tiles[level], part.tiled)
        above = above.above(tiles[level])
    result = Hashed(part, findings, tiled=b"".join(above.hashes))
    _grow(result, found)
    findings.checked["events"] += part.end - part.first
    tick(part.end - part.first)
    return result


async def _leaves(rows_: Rows, part: Range, tiles: Mapping[int, bytes], findings: Findings) -> list[bytes | None]:
    leaves: list[bytes | None] = []
    for begin in range(part.first, part.end, _ROWS):
        end = min(begin + _ROWS, part.end)
        rows = await rows_.leaves(begin, end, tiles)
        stored = [row[2] for row in rows]
        if [row[0] for row in rows] == list(range(begin, end)) and stored == _computed(rows):
            leaves += stored
        else:
            leaves += _one_by_one(rows, begin, end, findings)
    return leaves


def _computed(rows: Sequence[Leaf]) -> list[bytes]:
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + row[1]).digest() for row in rows]


def _one_by_one(rows: Sequence[Leaf], begin: int, end: int, findings: Findings) -> list[bytes | None]:
    leaves: list[bytes | None] = [None] * (end - begin)
    for row, digest in zip(rows, _computed(rows), strict=True):
        position, stored = row[0], row[2]
        if stored != digest:
            findings.add(Kind.HASH, position, stored, digest)
        if leaves[position - begin] is not None:
            findings.add(Kind.DUPLICATE, position, 1, 2)
        else:
            leaves[position - begin] = stored if len(stored) == HASH else digest
    return leaves


def _fill(leaves: list[bytes | None], part: Range, tiles: Mapping[int, bytes], findings: Findings) -> None:
    """Say what is missing, and take its hash from the tiles: those of what was archived stay."""
    for index, leaf in enumerate(leaves):
        if leaf is None:
            position = part.first + index
            known = split(tiles.get(position // WIDTH, b""))[position % WIDTH :][:1]
            if part.left(position):
                findings.checked["archived"] += 1
            else:
                findings.add(Kind.GAP, position, known[0] if known else "an event", None)
            leaves[index] = known[0] if known else None


def _grow(result: Hashed, leaves: Sequence[bytes]) -> None:
    peaks, at, first = b"", 0, result.range.first
    for cut in result.range.cuts:
        peaks = extended(peaks, at, leaves[at : cut - first])
        at = cut - first
        result.at_cuts[cut] = peaks
    result.peaks = extended(peaks, at, leaves[at:])


# --- tiles ---


async def tiles_of(connection: asyncpg.Connection[asyncpg.Record], part: Range, level: int) -> dict[int, bytes]:
    """The stored tiles of a level that a range lies in."""
    width = WIDTH ** (level + 1)
    first, end = part.first // width, -(-part.end // width)
    rows = await connection.fetch(QUERIES.tiles.sql, part.shard, level, first, end)
    return {row["number"]: row["hashes"] for row in rows}


class Hashes(NamedTuple):
    """Computed hashes of a level of tiles; ``first`` is the number of the first, at the beginning of a tile."""

    level: int
    first: int
    hashes: Sequence[bytes]

    def above(self, tiles: Mapping[int, bytes]) -> Hashes:
        """The level above: of stored tiles where they are whole, so that a wrong hash is told where it stands only."""
        whole = range(0, len(self.hashes) - WIDTH + 1, WIDTH)
        return Hashes(self.level + 1, self.first // WIDTH, [self._root(begin, tiles) for begin in whole])

    def _root(self, begin: int, tiles: Mapping[int, bytes]) -> bytes:
        stored = split(tiles.get((self.first + begin) // WIDTH, b""))
        hashes = stored if len(stored) == WIDTH else self.hashes[begin : begin + WIDTH]
        return root_of(extended(b"", 0, hashes))


def compare(findings: Findings, computed: Hashes, tiles: Mapping[int, bytes], tiled: int) -> None:
    """Hold computed hashes against the stored tiles of their level.

    A tile may be shorter or longer than what was computed, but not shorter than the ``tiled`` events that were signed.
    """
    span = WIDTH**computed.level
    for begin in range(0, len(computed.hashes), WIDTH):
        number = (computed.first + begin) // WIDTH
        hashes, stored = computed.hashes[begin : begin + WIDTH], split(tiles.get(number, b""))
        findings.checked["tiles"] += bool(stored)
        for index in _differing(hashes, stored, tiled // span - number * WIDTH):
            found = stored[index] if index < len(stored) else None
            more = {"level": computed.level, "tile": number}
            findings.add(Kind.TILE, (number * WIDTH + index) * span, hashes[index], found, **more)


def _differing(computed: Sequence[bytes], stored: Sequence[bytes], wanted: int) -> Iterator[int]:
    """Where a stored hash is another one; where it ends too early, the first that is missing."""
    for index, (left, right) in enumerate(zip(computed, stored, strict=False)):
        if left != right:
            yield index
    if len(stored) < min(wanted, len(computed)):
        yield len(stored)
