"""The tree of a shard, put together from its ranges, and held against peaks, checkpoints and the upper tiles."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from schemas.trust.merkle import EMPTY_ROOT, extended, root_of, split
from services.recorder.audit.verifying.checks.leaves import RANGE, Hashed, Hashes, compare
from services.recorder.audit.verifying.checks.notes import Signatures
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.trust.tiles import WIDTH, At, grown
from services.recorder.trust.witness import broken

_LOWER: Final = 2  # levels of tiles that the ranges have checked


class Head(NamedTuple):
    """Where a shard stands: what is verified is up to here."""

    shard: int
    size: int
    next_receipt: int
    peaks: bytes


def upper_of(size: int) -> list[At]:
    """Where the tiles of the third level and above are, of a shard of so many events."""
    found: list[At] = []
    level, count = _LOWER, size // RANGE
    while count:
        found += [At(level, number) for number in range(-(-count // WIDTH))]
        level, count = level + 1, count // WIDTH
    return found


def checked(head: Head, ranges: Iterable[Hashed], signed: Signatures, upper: Mapping[At, bytes]) -> Findings:
    """What is wrong with a shard's tree as a whole. ``upper``: its stored tiles of the third level and above."""
    findings = Findings(head.shard)
    roots: dict[int, bytes] = {0: EMPTY_ROOT}
    whole: list[bytes] = []
    peaks = before = b""
    signed_size = 0
    for part in sorted(ranges, key=lambda each: each.range.first):
        for cut, local in part.at_cuts.items():
            roots[cut] = root_of(_joined(before, len(whole), local, cut - part.range.first))
        peaks = _joined(before, len(whole), part.peaks, part.range.end - part.range.first)
        signed_size = part.range.tiled
        if part.range.end - part.range.first == RANGE:
            whole.append(part.tiled)
            before = peaks
    if peaks != head.peaks:
        findings.add(Kind.PEAKS, head.size, peaks, head.peaks)
    _compare_upper(findings, whole, upper, signed_size)
    _compare_signed(findings, head, roots, signed)
    return findings


def _joined(before: bytes, ranges: int, local: bytes, size: int) -> bytes:
    """The peaks of so many whole ranges and of what came after them."""
    return extended(before, ranges, [local]) if size == RANGE else before + local


def _compare_upper(findings: Findings, whole: list[bytes], upper: Mapping[At, bytes], tiled: int) -> None:
    computed = {tile.at: tile.hashes for tile in grown({}, 0, whole)} if whole else {}
    for level in sorted({at.level for at in computed}):
        parts = split(b"".join(computed[at] for at in sorted(computed) if at.level == level))
        compare(findings, Hashes(level + _LOWER, 0, parts), upper, tiled)


def _compare_signed(findings: Findings, head: Head, roots: Mapping[int, bytes], signed: Signatures) -> None:
    """Of each place's checkpoints the first that doesn't hold: the change lies between the last good one and it."""
    for where, notes in signed.by_place():
        findings.checked["checkpoints"] += len(notes)
        if (found := broken(notes, roots)) is not None:
            root = dict(notes)[found.first]
            ours = roots.get(found.first) or f"a tree of {head.size} only"
            more = {"where": where, "last_good": found.good, "failing": found.failing}
            findings.add(Kind.CHECKPOINT, found.first, root, ours, **more)
