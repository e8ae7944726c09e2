"""Signed notes, checkpoints, the file of keys, and the file outside the database."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from uuid import UUID

import pytest

from services.recorder.errors import Misconfigured, Untrusted
from services.recorder.trust import keys, note, outside, witness
from services.recorder.trust.checkpoint import Checkpoint, origin_of, verified
from services.recorder.trust.note import SigningKey, VerifierKey

LEDGER = UUID("11111111-2222-3333-4444-555555555555")
ORIGIN = "11111111-2222-3333-4444-555555555555/3"
ROOT = bytes(range(32))
CHECKPOINT = Checkpoint(ORIGIN, 12, ROOT)
KEY = SigningKey.generate(str(LEDGER))
OTHER = SigningKey.generate(str(LEDGER))

# Published with Go's golang.org/x/mod/sumdb/note.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
QUOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.
"""
QUOTED = f"""{QUOTE}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""


# --- notes ---


def test_the_published_note_opens() -> None:
    key = VerifierKey.parse(NEUMANN)
    assert str(key) == NEUMANN
    assert note.opened(QUOTED.encode(), [key]) == QUOTE


def test_what_we_sign_opens_with_either_key() -> None:
    signed = note.sign("one\n\ntwo\n", [KEY, OTHER])
    for key in (KEY, OTHER):
        assert note.opened(signed, [key.verifier]) == "one\n\ntwo\n"
        assert VerifierKey.parse(str(key.verifier)) == key.verifier


@pytest.mark.parametrize(
    "changed",
    [
        QUOTED.replace("problem is", "answer is"),
        QUOTED.replace("x08go/ZJ", "x08go/ZK"),
        QUOTED.replace("x08go", "y08go"),  # another key's id
        QUOTED.replace("— ", "- "),
        QUOTED.replace("PeterNeumann", "Peter"),
        QUOTED.removesuffix("\n"),
        QUOTE,
        "",
    ],
)
def test_what_was_changed_does_not_open(changed: str) -> None:
    with pytest.raises(Untrusted):
        note.opened(changed.encode(), [VerifierKey.parse(NEUMANN)])


@pytest.mark.parametrize(
    "text", ["", "a+b", NEUMANN.replace("c74f20a3", "c74f20a4"), NEUMANN[:-4], NEUMANN.replace("+AR", "+BR")]
)
def test_a_verifier_key_is_whole(text: str) -> None:
    with pytest.raises(Untrusted):
        VerifierKey.parse(text)


# --- checkpoints ---


def test_a_checkpoint_as_the_specification_writes_it() -> None:
    text = CHECKPOINT.text()
    assert text == f"{ORIGIN}\n12\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert Checkpoint.parse(text) == CHECKPOINT
    assert origin_of(LEDGER, 3) == ORIGIN
    assert verified(CHECKPOINT.signed([KEY]), [KEY.verifier]) == CHECKPOINT
    with pytest.raises(Untrusted):
        verified(CHECKPOINT.signed([KEY]), [OTHER.verifier])


@pytest.mark.parametrize("text", ["", "a\n", "a\n1\nAAAA\n", f"{ORIGIN}\n012\n{'A' * 43}=\n", "a\n-1\nAA==\n"])
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(Untrusted):
        Checkpoint.parse(text)


# --- the file of keys ---


def test_keys_are_made_once_and_rotated(tmp_path: Path) -> None:
    path = tmp_path / "home" / "checkpoint-keys.json"
    first = keys.ensure(path, "me")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.ensure(path, "me") == first
    assert [key.name for key in first.signing] == ["me"]
    second = keys.rotate(path, "me")
    assert second.verifiers[1] == first.verifiers[0]
    assert [key.verifier for key in second.signing] == second.verifiers, "old and new sign"
    third = keys.rotate(path, "me")
    assert [key.verifier for key in third.signing] == third.verifiers[:2]
    assert third.verifiers[1:] == second.verifiers
    assert third.keys[2].retired_at
    assert json.loads(path.read_bytes())["keys"][2].keys() == {"verifier", "made_at", "retired_at"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name], "nothing half written is left"


def test_two_recorders_that_start_at_once_have_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    first = keys.ensure(path, "me")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "exists", lambda _: False)  # the second looked before the first had written
        assert keys.ensure(path, "me") == first


def test_a_file_of_keys_that_is_not_right_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with pytest.raises(Misconfigured, match=r"can't be read"):
        keys.Keys.load(path)
    stored = keys.ensure(path, "me").keys[0]
    other = keys._new("me", "")
    swapped = {"verifier": stored.verifier, "made_at": "", "private": other.private}
    for wrong in ([], [swapped]):
        path.write_text(json.dumps({"keys": wrong}))
        with pytest.raises(Misconfigured, match="not a file of checkpoint keys") as raised:
            keys.Keys.load(path)
        assert str(other.private) not in str(raised.value)


# --- the file outside ---


def _signed(size: int, shard: int = 3) -> bytes:
    return Checkpoint(f"{LEDGER}/{shard}", size, ROOT).signed([KEY])


def test_the_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "checkpoints"
    assert list(outside.notes(path)) == []
    written = [_signed(1), _signed(5), _signed(4, shard=0)]
    outside.append(path, written[:2])
    outside.append(path, written[2:])
    assert list(outside.notes(path)) == written
    found = witness.in_file(path, LEDGER, [KEY.verifier])
    assert {shard: max(roots) for shard, roots in found.items()} == {3: 5, 0: 4}
    assert witness.in_file(path, LEDGER, [OTHER.verifier]) == {}


def test_what_a_power_cut_left_half_written_is_passed_over(tmp_path: Path) -> None:
    whole, torn, after = _signed(5), _signed(6), _signed(7)
    for cut in range(1, len(torn) + 1):
        path = tmp_path / f"{cut}"
        outside.append(path, [whole])
        with path.open("ab") as file:
            file.write(torn[:cut])
        outside.append(path, [after])
        assert path.read_bytes().startswith(whole + b"\n" + torn[:cut])
        assert max(witness.in_file(path, LEDGER, [KEY.verifier])[3]) == 7, cut
        assert [n for n in outside.notes(path) if n in {whole, after}] == [whole, after], cut
