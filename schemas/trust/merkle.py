"""The Merkle tree over a shard's events: RFC 6962, section 2.1 (RFC 9162 has the same tree), with SHA-256.

A tree of ``size`` leaves is made of perfect subtrees, one a binary digit of the size; their roots are its *peaks*. A
subtree of height h and number n spans the leaves n·2^h up to (n+1)·2^h. Everything here is pure; who proves something
hands in a reader, which knows the roots of perfect subtrees.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

HASH: Final = 32  # bytes
EMPTY_ROOT: Final = hashlib.sha256().digest()


class Subtree(NamedTuple):
    """A perfect subtree; at height 0 a leaf."""

    height: int
    number: int


Reader = Callable[[Subtree], bytes]
Part = list[Subtree]  # what one hash of a proof is folded from; more than one at the tree's right edge only


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


# --- the tree by its peaks ---


def extended(peaks: bytes, size: int, leaves: Iterable[bytes]) -> bytes:
    """The peaks of a tree of ``size`` leaves after these leaf hashes were appended: one hash a leaf on average."""
    sha256 = hashlib.sha256
    stack = split(peaks)
    for leaf in leaves:
        node, at = leaf, size
        while at & 1:
            node = sha256(b"\x01" + stack.pop() + node).digest()
            at >>= 1
        stack.append(node)
        size += 1
    return b"".join(stack)


def root_of(peaks: bytes) -> bytes:
    """The root of the tree with these peaks, largest first."""
    return folded(split(peaks))


def split(hashes: bytes) -> list[bytes]:
    """Hashes that stand one behind the other."""
    return [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]


def folded(hashes: Sequence[bytes]) -> bytes:
    """One hash over adjacent perfect subtrees, largest first; of none the empty tree's."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


# --- proofs ---


def perfect(begin: int, end: int) -> Part:
    """The perfect subtrees over the leaves from ``begin`` up to ``end``, from left to right, as large as they fit."""
    part: Part = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        if begin:
            height = min(height, (begin & -begin).bit_length() - 1)
        part.append(Subtree(height, begin >> height))
        begin += 1 << height
    return part


def inclusion_parts(index: int, size: int) -> list[Part]:
    """What an inclusion proof of a leaf in a tree of ``size`` is made of, from the leaf's sibling upwards.

    Raises ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no leaf {index}")
    return _way(index, size, lambda begin, end: end - begin == 1)[0]


def consistency_parts(old: int, new: int) -> list[Part]:
    """What a consistency proof between trees of two sizes is made of. Raises ValueError where the old is larger."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} did not grow from one of {old}")
    if old in {0, new}:
        return []
    parts, begin = _way(old - 1, new, lambda _, end: end == old)
    if begin:  # else it is the old tree itself, whose root the verifier has
        parts.insert(0, perfect(begin, old))
    return parts


def _way(leaf: int, size: int, there: Callable[[int, int], bool]) -> tuple[list[Part], int]:
    """What lies beside the way from the root to a leaf, until the range is there; from below, and where that begins.

    RFC 6962 cuts a range after the largest power of two below its width.
    """
    parts: list[Part] = []
    begin, end = 0, size
    while not there(begin, end):
        middle = begin + (1 << (end - begin - 1).bit_length() - 1)
        if leaf < middle:
            parts.append(perfect(middle, end))
            end = middle
        else:
            parts.append(perfect(begin, middle))
            begin = middle
    return parts[::-1], begin


def inclusion_proof(index: int, size: int, read: Reader) -> list[bytes]:
    """RFC 6962, section 2.1.1."""
    return _proof(inclusion_parts(index, size), read)


def consistency_proof(old: int, new: int, read: Reader) -> list[bytes]:
    """RFC 6962, section 2.1.2."""
    return _proof(consistency_parts(old, new), read)


def root(size: int, read: Reader) -> bytes:
    """The root of a tree of that size."""
    return folded([read(subtree) for subtree in perfect(0, size)])


def _proof(parts: Iterable[Part], read: Reader) -> list[bytes]:
    return [folded([read(subtree) for subtree in part]) for part in parts]


# --- verifying: RFC 9162, sections 2.1.3.2 and 2.1.4.2 ---


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf hash stands at that index in the tree of that size and root."""
    if not 0 <= index < size or any(len(each) != HASH for each in (leaf, root, *proof)):
        return False
    at, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree begins with all leaves of the old one."""
    if not 0 <= old <= new or any(len(each) != HASH for each in (old_root, new_root, *proof)):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not proof:
        return False
    return _climb(old - 1, new - 1, path) == (old_root, new_root)


def _climb(at: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to, or None where it has too many hashes or too few."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, node)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None
