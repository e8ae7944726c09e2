"""The tree in tiles: C2SP tlog-tiles, grown in any steps, read back as any perfect subtree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust import merkle
from schemas.trust.canonical import leaf_hash
from schemas.trust.merkle import Subtree
from services.recorder.errors import Contradiction
from services.recorder.trust import tiles as module
from services.recorder.trust.tiles import At

LEAVES = [leaf_hash(b"%d" % n) for n in range(70_000)]


def _grown(*sizes: int) -> dict[At, bytes]:
    """All tiles of a tree that grew to each of these sizes."""
    tiles: dict[At, bytes] = {}
    before = 0
    for size in sizes:
        partial = {at: tiles[at] for at in module.edge(before)}
        tiles |= dict(module.grown(partial, before, LEAVES[before:size]))
        before = size
    return tiles


def _mth(first: int, end: int) -> bytes:
    return merkle.root_of(merkle.extended(b"", 0, LEAVES[first:end]))


def test_the_example_of_the_specification() -> None:
    """A tree of 70,000: 273 full tiles and one of 112 hashes; one full and one of 17; one of 1."""
    tiles = _grown(70_000)
    widths = {at: len(hashes) // 32 for at, hashes in tiles.items()}
    assert widths == {At(0, n): 256 for n in range(273)} | {At(0, 273): 112, At(1, 0): 256, At(1, 1): 17, At(2, 0): 1}
    assert tiles[At(1, 1)][:32] == _mth(256 * 256, 257 * 256)
    assert tiles[At(2, 0)] == _mth(0, 256**2)
    assert module.edge(70_000) == [At(0, 273), At(1, 1), At(2, 0)]


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above_it() -> None:
    assert {at: len(hashes) // 32 for at, hashes in _grown(256).items()} == {At(0, 0): 256, At(1, 0): 1}
    assert module.edge(256) == [At(1, 0)]
    assert module.edge(0) == []


@given(st.lists(st.integers(0, 1500), max_size=5))
def test_tiles_are_the_same_however_the_tree_grew(sizes: list[int]) -> None:
    sizes.sort()
    assert _grown(*sizes) == _grown(*sizes[-1:])


@given(st.integers(1, 66_000), st.data())
def test_any_perfect_subtree_is_read_from_one_tile(size: int, data: st.DataObject) -> None:
    height = data.draw(st.integers(0, size.bit_length() - 1))
    subtree = Subtree(height, data.draw(st.integers(0, (size >> height) - 1)))
    (at,) = module.needed([[subtree]])
    read = module.reader({at: TILES[at]})
    assert read(subtree) == _mth(subtree.number << height, subtree.number + 1 << height)


TILES = _grown(66_000)


@given(st.integers(1, 66_000), st.data())
def test_proofs_from_tiles_hold(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    parts = [merkle.perfect(0, size), merkle.perfect(0, old)]
    inclusion, consistency = merkle.inclusion_parts(index, size), merkle.consistency_parts(old, size)
    needed = module.needed([*parts, *inclusion, *consistency])
    assert len(needed) <= 4 * 3, "a few tiles a level"
    read = module.reader({at: TILES[at] for at in needed})
    root, before = merkle.root(size, read), merkle.root(old, read)
    assert merkle.verify_inclusion(LEAVES[index], index, size, merkle.inclusion_proof(index, size, read), root)
    assert merkle.verify_consistency(old, before, size, root, merkle.consistency_proof(old, size, read))


def test_a_tile_that_is_too_short_is_no_tile() -> None:
    read = module.reader({At(0, 0): LEAVES[0] + LEAVES[1]})
    with pytest.raises(Contradiction, match="tile 0/0 lacks hashes 2 to 3"):
        read(Subtree(1, 1))
