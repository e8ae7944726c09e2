"""What verifying keeps of checkpoints: sizes and roots, and not the notes, of which there may be a million."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from uuid import UUID

from services.recorder.audit.verifying.checks.notes import Kept, Notary
from services.recorder.audit.verifying.problems import MOST, Kind
from services.recorder.trust.checkpoint import Checkpoint, origin_of
from services.recorder.trust.note import SigningKey

_LEDGER = UUID(int=7)
_NOTES = 4000


def _kept(key: SigningKey, count: int) -> Iterator[Kept]:
    for size in range(1, count + 1):
        yield Kept("file", Checkpoint(origin_of(_LEDGER, 3), size, size.to_bytes(32, "big")).signed([key]))


def test_of_a_note_its_size_and_root_are_kept_and_not_the_note() -> None:
    """A note with its signature takes some 300 bytes, as what was read of it does; 200,000 of them took 150 MB."""
    key = SigningKey.generate(str(_LEDGER))
    notary = Notary(_LEDGER, [3], [key.verifier])
    notary.take(_kept(key, 1))
    tracemalloc.start()
    try:
        notary.take(_kept(key, _NOTES))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert notary.signed[3].sizes() == list(range(1, _NOTES + 1))
    assert kept / _NOTES < 250


def test_the_same_note_elsewhere_is_believed_too_and_a_changed_one_is_not() -> None:
    key = SigningKey.generate(str(_LEDGER))
    notary = Notary(_LEDGER, [3], [key.verifier])
    (kept,) = _kept(key, 1)
    changed = kept.note.replace(b"\n1\n", b"\n2\n")
    notary.take([kept, kept._replace(where="topic"), kept._replace(where="topic", note=changed)])
    root = (1).to_bytes(32, "big")
    assert list(notary.signed[3].by_place()) == [("file", [(1, root)]), ("topic", [(1, root)])]
    (problem,) = notary.wrong[3].problems
    assert (problem.kind, problem.position, problem.more) == (Kind.SIGNATURE, 2, {"where": "topic"})


def test_notes_that_no_trusted_key_signed_are_listed_up_to_so_many() -> None:
    key, other = (SigningKey.generate(str(_LEDGER)) for _ in range(2))
    notary = Notary(_LEDGER, [3], [other.verifier])
    notary.take(_kept(key, MOST + 5))
    findings = notary.wrong[3]
    assert (len(findings.problems), findings.unlisted) == (MOST, {"signature": 5})
