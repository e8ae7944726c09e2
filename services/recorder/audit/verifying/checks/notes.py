"""Every checkpoint that is kept: in the ledger, in the file outside, in an auditor's own, and on the topic."""

import base64
import binascii
import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from schemas.trust.merkle import split
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.errors import Misconfigured, Untrusted
from services.recorder.trust import outside
from services.recorder.trust.checkpoint import Checkpoint, verified
from services.recorder.trust.note import VerifierKey
from services.recorder.trust.witness import spoken_of

_SIGNATURE_BYTES: Final = 68  # key id and Ed25519 signature
_DIGEST_BYTES: Final = 16


class Kept(NamedTuple):
    """A note, unverified, and where it was found; ``told``: what the ledger's columns say of it (shard, size, root).

    ``given``: by whoever verifies, to be held against this ledger and no other.
    """

    where: str
    note: bytes
    told: tuple[int, int, bytes] | None = None
    given: bool = False


class Signed(NamedTuple):
    """A checkpoint that a trusted key signed."""

    where: str
    shard: int
    size: int
    root: bytes


class Signatures:
    """What was signed of a shard, by where it is kept: forty bytes each, for there may be a million."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[array[int], bytearray]] = {}

    def add(self, signed: Signed) -> None:
        """One more."""
        sizes, roots = self._kept.setdefault(signed.where, (array("Q"), bytearray()))
        sizes.append(signed.size)
        roots += signed.root

    def sizes(self) -> list[int]:
        """All sizes, in order."""
        return sorted({size for sizes, _ in self._kept.values() for size in sizes})

    def by_place(self) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
        """Of each place sizes and roots, in order."""
        for where, (sizes, roots) in sorted(self._kept.items()):
            yield where, sorted(zip(sizes, split(bytes(roots)), strict=True))


class Notary:
    """Whose checkpoints are meant, and which keys are believed. Each note is verified once, and not kept.

    ``signed``: what holds, by shard; ``wrong``: what doesn't; ``seen``: how many notes there were.
    """

    def __init__(self, ledger: UUID, shards: Sequence[int], keys: Sequence[VerifierKey]) -> None:
        self.ledger = ledger
        self.shards = shards
        self.keys = keys
        self.signed: defaultdict[int, Signatures] = defaultdict(Signatures)
        self.wrong: dict[int | None, Findings] = {}
        self.seen = 0
        self._verified: set[bytes] = set()  # digests: most notes are kept in three places

    def take(self, kept: Iterable[Kept]) -> None:
        """Believe those that are this ledger's and signed; where no key is trusted, only count them."""
        for each in kept:
            self.seen += 1
            if self.keys:
                self._take(each)

    def _take(self, kept: Kept) -> None:
        """Another shard's is left out; where nobody gave it, another installation's and a torn one, too."""
        shard, size = spoken_of(kept.note, self.ledger) if kept.told is None else kept.told[:2]
        if shard not in self.shards and shard is not None:
            return
        if kept.given and shard is None:
            found = kept.note.partition(b"\n")[0].decode(errors="replace")
            self._wrong(kept, None, None, f"a checkpoint of {self.ledger}", found)
            return
        try:
            signed = self._checked(kept.note)
        except Untrusted as error:
            if kept.where != "file" or kept.given or (shard is not None and _whole(kept.note)):
                self._wrong(kept, shard, size, "signed by a trusted key", str(error))
            return
        if kept.told is not None and kept.told != (shard, signed.size, signed.root):
            self._wrong(kept, shard, size, "the columns say as the note", f"the note says {signed.size}")
        elif shard is not None:
            self.signed[shard].add(Signed(kept.where, shard, signed.size, signed.root))

    def _checked(self, note: bytes) -> Checkpoint:
        digest = hashlib.blake2b(note, digest_size=_DIGEST_BYTES).digest()
        if digest in self._verified:
            return Checkpoint.parse(note.decode().rpartition("\n\n")[0] + "\n")
        signed = verified(note, self.keys)
        self._verified.add(digest)
        return signed

    def _wrong(self, kept: Kept, shard: int | None, size: int | None, expected: str, found: str) -> None:
        findings = self.wrong.setdefault(shard, Findings(shard))
        findings.add(Kind.SIGNATURE, size, expected, found, where=kept.where)


def in_file(path: Path, where: str) -> Iterator[Kept]:
    """The notes of the installation's own file. Raises Misconfigured."""
    return (Kept(where, note) for note in outside.notes(path))


def given(path: Path) -> Iterator[Kept]:
    """The notes of a file that somebody kept elsewhere. Raises Misconfigured, also at once."""
    if not path.exists():
        raise Misconfigured(f"{path}: there is no such file of checkpoints.", f"{path}：没有这个检查点文件。")
    if next(in_file(path, str(path)), None) is None:
        raise Misconfigured(f"{path}: there is no checkpoint in it.", f"{path}：其中没有检查点。")
    return (each._replace(given=True) for each in in_file(path, str(path)))


def _whole(note: bytes) -> bool:
    """Whether the last signature is as long as one is."""
    encoded = note.decode(errors="replace").rstrip("\n").rpartition(" ")[2]
    try:
        return len(base64.b64decode(encoded, validate=True)) == _SIGNATURE_BYTES
    except (ValueError, binascii.Error):
        return False
