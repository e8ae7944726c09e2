"""Every checkpoint that is kept: in the ledger, in the file outside, in an auditor's own, and on the topic."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from services.recorder.audit import outside
from services.recorder.audit.checkpoint import Checkpoint, verified
from services.recorder.audit.note import VerifierKey
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.errors import Misconfigured, Untrusted

_SIGNATURE_BYTES: Final = 68  # key id and Ed25519 signature


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


@dataclass(frozen=True, slots=True)
class Notary:
    """Whose checkpoints are meant, and which keys are believed."""

    ledger: UUID
    shards: Sequence[int]
    keys: Sequence[VerifierKey]

    def believed(self, kept: Iterable[Kept]) -> tuple[list[Signed], list[Findings]]:
        """Those that are this ledger's and signed; and what is wrong with the others. Each note is verified once."""
        verdicts: dict[bytes, Checkpoint | Untrusted] = {}
        signed: list[Signed] = []
        wrong: list[Findings] = []
        for each in kept:
            verdict = verdicts.get(each.note) or verdicts.setdefault(each.note, self._verdict(each.note))
            found = self._checked(each, verdict)
            if isinstance(found, Signed):
                signed.append(found)
            elif found is not None:
                wrong.append(found)
        return signed, wrong

    def _verdict(self, note: bytes) -> Checkpoint | Untrusted:
        try:
            return verified(note, self.keys)
        except Untrusted as error:
            return error

    def _checked(self, kept: Kept, verdict: Checkpoint | Untrusted) -> Signed | Findings | None:
        """None where it is another shard's; and, where nobody gave it, another installation's or cut by a power cut."""
        shard, size = _place(kept.note, self.ledger) if kept.told is None else kept.told[:2]
        if shard not in self.shards and shard is not None:
            return None
        if kept.given and shard is None:
            found = kept.note.partition(b"\n")[0].decode(errors="replace")
            return _problem(None, None, f"a checkpoint of {self.ledger}", found, kept.where)
        if isinstance(verdict, Untrusted):
            if kept.where == "file" and not kept.given and (shard is None or not _whole(kept.note)):
                return None
            return _problem(shard, size, "signed by a trusted key", str(verdict), kept.where)
        if kept.told is not None and kept.told != (shard, verdict.size, verdict.root):
            return _problem(shard, size, "the columns say as the note", f"the note says {verdict.size}", kept.where)
        return None if shard is None else Signed(kept.where, shard, verdict.size, verdict.root)


def in_file(path: Path, where: str) -> list[Kept]:
    """The notes of the installation's own file. Raises Misconfigured."""
    try:
        return [Kept(where, note) for note in outside.notes(path)]
    except OSError as error:
        raise Misconfigured(f"{path}: can't be read ({error.strerror}).") from error


def given(path: Path) -> list[Kept]:
    """The notes of a file that somebody kept elsewhere. Raises Misconfigured."""
    if not path.exists():
        raise Misconfigured(f"{path}: there is no such file of checkpoints.")
    kept = in_file(path, str(path))
    if not kept:
        raise Misconfigured(f"{path}: there is no checkpoint in it.")
    return [each._replace(given=True) for each in kept]


def _problem(shard: int | None, size: int | None, expected: str, found: str, where: str) -> Findings:
    findings = Findings(shard)
    findings.add(Kind.SIGNATURE, size, expected, found, where=where)
    return findings


def _place(note: bytes, ledger: UUID) -> tuple[int | None, int | None]:
    """The shard and size that an unverified note speaks of, as far as it is this ledger's."""
    lines = note.decode(errors="replace").split("\n")
    origin, _, shard = lines[0].rpartition("/")
    if origin != str(ledger) or not shard.isascii() or not shard.isdigit():
        return None, None
    size = lines[1] if len(lines) > 1 else ""
    return int(shard), int(size) if size.isascii() and size.isdigit() else None


def _whole(note: bytes) -> bool:
    """Whether the last signature is as long as one is."""
    encoded = note.decode(errors="replace").rstrip("\n").rpartition(" ")[2]
    try:
        return len(base64.b64decode(encoded, validate=True)) == _SIGNATURE_BYTES
    except (ValueError, binascii.Error):
        return False
