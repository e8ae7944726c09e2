"""The tree and its proofs: against published RFC 6962 vectors, an implementation not ours, and their own properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InclusionProof, InmemoryTree

from schemas.trust import merkle
from schemas.trust.canonical import leaf_hash
from schemas.trust.merkle import Subtree
from tests.contract.merkle_vectors import CONSISTENCY, INCLUSION, LEAVES, ROOTS

SIZES = st.integers(1, 700)
_LEAVES = [leaf_hash(b"%d" % n) for n in range(700)]


def _read(subtree: Subtree) -> bytes:
    """The definition, word for word: MTH over all leaves of the subtree."""
    width = 1 << subtree.height
    return merkle.root_of(merkle.extended(b"", 0, _LEAVES[subtree.number * width : (subtree.number + 1) * width]))


def _published(subtree: Subtree) -> bytes:
    width = 1 << subtree.height
    leaves = LEAVES[subtree.number * width : (subtree.number + 1) * width]
    return merkle.root_of(merkle.extended(b"", 0, map(leaf_hash, leaves)))


def _root(size: int) -> bytes:
    return merkle.root_of(merkle.extended(b"", 0, _LEAVES[:size]))


# --- published vectors ---


def test_of_two_sizes_no_hashes_show_nothing() -> None:
    assert not merkle.verify_consistency(3, ROOTS[3], 5, ROOTS[5], [])
    assert not merkle.verify_consistency(4, ROOTS[4], 8, ROOTS[8], [])


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_published_roots(size: int) -> None:
    assert merkle.root_of(merkle.extended(b"", 0, map(leaf_hash, LEAVES[:size]))) == ROOTS[size]
    assert merkle.root(size, _published) == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_published_inclusion_proofs(index: int, size: int) -> None:
    proof = merkle.inclusion_proof(index, size, _published)
    assert [each.hex() for each in proof] == INCLUSION[index, size]
    assert merkle.verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, ROOTS[size])


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_published_consistency_proofs(old: int, new: int) -> None:
    proof = merkle.consistency_proof(old, new, _published)
    assert [each.hex() for each in proof] == CONSISTENCY[old, new]
    assert merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


# --- an implementation not ours ---


@pytest.fixture(scope="module")
def theirs() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for n in range(70):
        tree.append_entry(b"%d" % n)
    return tree


def test_another_implementation_computes_the_same_roots(theirs: InmemoryTree) -> None:
    assert [_root(size) for size in range(1, 71)] == [theirs.get_root(size) for size in range(1, 71)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 33, 64, 70])
def test_another_implementation_accepts_our_inclusion_proofs(theirs: InmemoryTree, size: int) -> None:
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, _read)
        model = theirs.prove_inclusion(index + 1, size)
        path = [_LEAVES[index], *proof]
        ours = InclusionProof("sha256", True, size, index + 1, model.rule, path)
        ours.verify(_LEAVES[index], theirs.get_root(size), index=index + 1, size=size)


def _subproof(tree: InmemoryTree, old: int, begin: int, end: int, *, known: bool) -> list[bytes]:
    """SUBPROOF as RFC 6962, section 2.1.2 writes it, over another implementation's hashes.

    Its own consistency proofs have another form.
    """
    if old == end:
        return [] if known else [tree._get_root(begin, end)]
    middle = begin + (1 << (end - begin - 1).bit_length() - 1)
    if old <= middle:
        return [*_subproof(tree, old, begin, middle, known=known), tree._get_root(middle, end)]
    return [*_subproof(tree, old, middle, end, known=False), tree._get_root(begin, middle)]


@pytest.mark.parametrize("new", [1, 2, 3, 7, 8, 33, 64, 70])
def test_consistency_proofs_are_those_of_the_rfc_over_anothers_hashes(theirs: InmemoryTree, new: int) -> None:
    for old in range(1, new + 1):
        assert merkle.consistency_proof(old, new, _read) == _subproof(theirs, old, 0, new, known=True)


# --- properties ---


@given(st.lists(st.integers(0, 40), max_size=8))
def test_peaks_are_the_same_however_the_leaves_were_cut(cuts: list[int]) -> None:
    peaks, size = b"", 0
    for cut in cuts:
        peaks = merkle.extended(peaks, size, _LEAVES[size : size + cut])
        size += cut
    assert peaks == merkle.extended(b"", 0, _LEAVES[:size])
    assert len(peaks) == merkle.HASH * size.bit_count()
    assert merkle.split(peaks) == [_read(subtree) for subtree in merkle.perfect(0, size)]


@given(SIZES, st.data())
def test_an_inclusion_proof_holds_and_nothing_else_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, leaf, root = merkle.inclusion_proof(index, size, _read), _LEAVES[index], _root(size)
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    assert len(proof) <= size.bit_length()
    other = data.draw(st.integers(-1, size).filter(lambda n: n != index))
    assert not merkle.verify_inclusion(leaf, other, size, proof, root)
    assert not merkle.verify_inclusion(leaf_hash(b"x"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not merkle.verify_inclusion(leaf, index, size, proof, _root(size - 1))
    for at in range(len(proof)):
        assert not merkle.verify_inclusion(leaf, index, size, proof[:at] + proof[at + 1 :], root)
        assert not merkle.verify_inclusion(leaf, index, size, _flipped(proof, at), root)


@given(SIZES, st.data())
def test_a_consistency_proof_holds_and_nothing_else_does(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    proof, before, after = merkle.consistency_proof(old, new, _read), _root(old), _root(new)
    assert merkle.verify_consistency(old, before, new, after, proof)
    assert len(proof) <= new.bit_length() + 1
    assert not merkle.verify_consistency(old, before, new, after, [*proof, after])
    assert not merkle.verify_consistency(old, leaf_hash(b"x"), new, after, proof)
    if old:
        assert not merkle.verify_consistency(old, before, new, leaf_hash(b"x"), proof)
        assert not merkle.verify_consistency(new + 1, before, new, after, proof)
    for at in range(len(proof)):
        assert not merkle.verify_consistency(old, before, new, after, proof[:at] + proof[at + 1 :])
        assert not merkle.verify_consistency(old, before, new, after, _flipped(proof, at))


@given(st.integers(2, 699), st.integers(0, 699), st.data())
def test_a_rewritten_history_is_not_consistent(old: int, changed: int, data: st.DataObject) -> None:
    """Whoever rewrites a leaf that a checkpoint covered has no proof, whatever the rest became."""
    changed %= old
    new = data.draw(st.integers(old, 699))
    leaves = [*_LEAVES[:changed], leaf_hash(b"rewritten"), *_LEAVES[changed + 1 : new]]

    def rewritten(subtree: Subtree) -> bytes:
        width = 1 << subtree.height
        return merkle.root_of(merkle.extended(b"", 0, leaves[subtree.number * width : (subtree.number + 1) * width]))

    proof = merkle.consistency_proof(old, new, rewritten)
    assert merkle.verify_consistency(old, merkle.root(old, rewritten), new, merkle.root(new, rewritten), proof)
    assert not merkle.verify_consistency(old, _root(old), new, merkle.root(new, rewritten), proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4)])
def test_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_parts(index, size)


def test_no_proof_that_a_tree_shrank() -> None:
    with pytest.raises(ValueError, match="did not grow"):
        merkle.consistency_parts(5, 4)


def _flipped(proof: list[bytes], at: int) -> list[bytes]:
    changed = bytes([proof[at][0] ^ 8]) + proof[at][1:]
    return [*proof[:at], changed, *proof[at + 1 :]]
