"""The hash part, a range of a shard: leaf hashes recomputed, no gap, the tiles below, and the tree as far as it goes.

The tree is over the stored leaf hashes: that one is not the hash of its bytes is said where it stands, and does not
spoil what comes after it. Where an event is missing, its hash is taken from the tiles, for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256 as _sha256
from typing import Final, NamedTuple

from schemas.trust.merkle import HASH, extended, root_of, split
from services.recorder.archive.held import Archive
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.audit.verifying.work import Leaf, Rows, Tick, connected, hash_in
from services.recorder.trust.tiles import WIDTH, At, Tiles, fetch

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
        held = [(0, part.first // WIDTH, -(-part.end // WIDTH)), (1, part.first // RANGE, -(-part.end // RANGE))]
        wanted = [At(level, number) for level, first, end in held for number in range(first, end)]
        tiles = await fetch(connection, part.shard, wanted)
        leaves = await _leaves(Rows(connection, part.shard, part.archive, findings), part, tiles, findings)
    above = Hashes(0, part.first, leaves)
    for _ in (0, 1):
        compare(findings, above, tiles, part.tiled)
        above = above.above(tiles)
    result = Hashed(part, findings, tiled=b"".join(above.hashes))
    _grow(result, leaves)
    findings.checked["events"] += part.end - part.first
    tick(part.end - part.first)
    return result


async def _leaves(rows_: Rows, part: Range, tiles: Tiles, findings: Findings) -> list[bytes]:
    leaves: list[bytes] = []
    for begin in range(part.first, part.end, _ROWS):
        places = range(begin, min(begin + _ROWS, part.end))
        rows = await rows_.leaves(begin, places.stop, tiles)
        stored, computed = [row[2] for row in rows], [_sha256(b"\x00" + row[1]).digest() for row in rows]
        if [row[0] for row in rows] == list(places) and stored == computed:
            leaves += stored
        else:
            found = _one_by_one(rows, computed, findings)
            leaves += [found[at] if at in found else _filled(at, part, tiles, findings) for at in places]
    return leaves


def _one_by_one(rows: Sequence[Leaf], computed: Sequence[bytes], findings: Findings) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for (position, _, stored), digest in zip(rows, computed, strict=True):
        if stored != digest:
            findings.add(Kind.HASH, position, stored, digest)
        if position in found:
            findings.add(Kind.DUPLICATE, position, 1, 2)
        else:
            found[position] = stored if len(stored) == HASH else digest
    return found


def _filled(position: int, part: Range, tiles: Tiles, findings: Findings) -> bytes:
    """Say that it is missing, and take its hash from the tiles: those of what was archived stay."""
    known = hash_in(tiles, position)
    if part.left(position):
        findings.checked["archived"] += 1
    else:
        findings.add(Kind.GAP, position, known or "an event", None)
    return known or _NONE


def _grow(result: Hashed, leaves: Sequence[bytes]) -> None:
    peaks, at, first = b"", 0, result.range.first
    for cut in result.range.cuts:
        peaks = extended(peaks, at, leaves[at : cut - first])
        at = cut - first
        result.at_cuts[cut] = peaks
    result.peaks = extended(peaks, at, leaves[at:])


# --- tiles ---


class Hashes(NamedTuple):
    """Computed hashes of a level of tiles; ``first`` is the number of the first, at the beginning of a tile."""

    level: int
    first: int
    hashes: Sequence[bytes]

    def above(self, tiles: Tiles) -> Hashes:
        """The level above: of stored tiles where they are whole, so that a wrong hash is told where it stands only."""
        whole = range(0, len(self.hashes) - WIDTH + 1, WIDTH)
        return Hashes(self.level + 1, self.first // WIDTH, [self._root(begin, tiles) for begin in whole])

    def _root(self, begin: int, tiles: Tiles) -> bytes:
        stored = split(tiles.get(At(self.level, (self.first + begin) // WIDTH), b""))
        hashes = stored if len(stored) == WIDTH else self.hashes[begin : begin + WIDTH]
        return root_of(extended(b"", 0, hashes))


def compare(findings: Findings, computed: Hashes, tiles: Tiles, tiled: int) -> None:
    """Hold computed hashes against the stored tiles of their level.

    A tile may be shorter or longer than what was computed, but not shorter than the ``tiled`` events that were signed.
    """
    span = WIDTH**computed.level
    for begin in range(0, len(computed.hashes), WIDTH):
        number = (computed.first + begin) // WIDTH
        hashes, stored = computed.hashes[begin : begin + WIDTH], split(tiles.get(At(computed.level, number), b""))
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
