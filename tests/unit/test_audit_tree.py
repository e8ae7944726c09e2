"""A tree put together from ranges is the tree; upper tiles are held against it. With ranges as small as can be."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.merkle import extended, root_of
from services.recorder.audit.verifying.checks import leaves as module
from services.recorder.audit.verifying.checks import tree
from services.recorder.audit.verifying.checks.leaves import Hashed, Range
from services.recorder.audit.verifying.checks.notes import Signatures, Signed
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.trust.tiles import At, grown

_SMALL = 8


def _leaves(size: int) -> list[bytes]:
    return [hashlib.sha256(bytes([number & 255, number >> 8])).digest() for number in range(size)]


def _ranges(leaves: list[bytes], cuts: list[int], width: int) -> list[Hashed]:
    ranges = []
    for first in range(0, len(leaves), width):
        end = min(first + width, len(leaves))
        inside = tuple(cut for cut in cuts if first < cut <= end)
        done = Hashed(Range("", 3, first, end, inside), Findings(3))
        module._grow(done, leaves[first:end])
        ranges.append(done)
    return ranges


def _signed(leaves: list[bytes], cuts: list[int]) -> Signatures:
    signed = Signatures()
    for cut in cuts:
        signed.add(Signed("file", 3, cut, root_of(extended(b"", 0, leaves[:cut]))))
    return signed


@given(size=st.integers(0, 70), cuts=st.sets(st.integers(1, 70)))
def test_every_signed_root_is_found_again(size: int, cuts: set[int]) -> None:
    leaves = _leaves(70)
    held, sizes = leaves[:size], sorted(cut for cut in cuts if cut <= size)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tree, "RANGE", _SMALL)
        signed = _signed(leaves, sorted(cuts))
        head = tree.Head(3, size, 0, extended(b"", 0, held))
        found = tree.checked(head, _ranges(held, sizes, _SMALL), signed, {})
    ahead = [cut for cut in sorted(cuts) if cut > size]
    assert [(each.kind, each.position) for each in found.problems] == [(Kind.CHECKPOINT, cut) for cut in ahead[:1]]
    assert all(problem.more["failing"] == len(ahead) for problem in found.problems)


def test_of_failing_checkpoints_the_first_is_named_and_the_last_good_one() -> None:
    leaves = _leaves(30)
    signed = _signed(leaves, [4, 9, 17, 25])
    changed = [*leaves[:11], bytes(32), *leaves[12:]]
    head = tree.Head(3, 30, 0, extended(b"", 0, changed))
    [problem] = tree.checked(head, _ranges(changed, [4, 9, 17, 25], 65536), signed, {}).problems
    assert (problem.position, problem.more) == (17, {"where": "file", "last_good": 9, "failing": 2})


def test_tiles_above_the_ranges() -> None:
    """Two whole ranges give two hashes of the third level."""
    roots = _leaves(2)
    tiles = {At(tile.at.level + 2, tile.at.number): tile.hashes for tile in grown({}, 0, roots)}
    findings = Findings(3)
    tree._compare_upper(findings, roots, tiles, 2 * 65536)
    assert findings.problems == []
    tree._compare_upper(findings, roots, {At(2, 0): roots[0] + bytes(32)}, 2 * 65536)
    tree._compare_upper(findings, roots, {At(2, 0): roots[0]}, 2 * 65536)
    assert [(each.kind, each.position, each.found) for each in findings.problems] == [
        (Kind.TILE, 65536, bytes(32)),
        (Kind.TILE, 65536, None),
    ]
    tree._compare_upper(Findings(3), roots, {At(2, 0): roots[0]}, 65536)  # what was signed is there
