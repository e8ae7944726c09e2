"""verify.py on archives that are broken or made to break it: an exit code and a sentence, whatever they hold."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import stat
import struct
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.recorder.audit.offline import standalone as verify

_LEDGER: Final = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
_EVENT: Final = "11111111-2222-5333-8444-555555555555"
_PRIVATE: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_PUBLIC: Final = b"\x01" + _PRIVATE.public_key().public_bytes_raw()
_NOTHING: Final[dict[str, Any]] = {
    "section": None, "tier": None, "requirement_met": False, "requirement_events": [], "evidence_by_group": {},
    "evidence_by_guide": {}, "evidence_events": [], "stage": "not-opened", "routine_grades": [], "duty_reports": [],
    "proposed_grade": None, "grade": None, "cycle": None, "pool": None, "establishment": "civil-service",
    "admitted_events": [], "special_appraisals": [], "bars": [], "missing": [], "posting_ends_on": None,
    "notice_signed_on": None, "appraised_by": None, "reason": None, "follows": [],
}  # fmt: skip


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _ident(name: str) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _PUBLIC).digest()[:4]


_KEY: Final = f"{_LEDGER}/3+{_ident(f'{_LEDGER}/3').hex()}+{_b64(_PUBLIC)}"


def _signed(*lines: str) -> bytes:
    text = "".join(f"{line}\n" for line in lines)
    return f"{text}\n— {lines[0]} {_b64(_ident(lines[0]) + _PRIVATE.sign(text.encode()))}\n".encode()


def _bundle() -> dict[str, bytes]:
    """One event, which counts for nothing, proved to be all of a shard."""
    event = {
        "id": _EVENT, "source": f"urn:chengzhang:ledger:{_LEDGER}", "shard": 3, "sequence": f"{0:019}", "office": "o-1",
        "type": "chengzhang.people.person-registered.v1", "time": "2026-03-02T09:00:00+08:00",
        "data": {"person": "p-1"},
    }  # fmt: skip
    body = json.dumps(event).encode()
    note = _signed(f"{_LEDGER}/3", "1", _b64(hashlib.sha256(b"\x00" + body).digest()))
    stated = {
        "format": "chengzhang-evidence/1", "ledger": _LEDGER, "person": "p-1", "year": 2026,
        "offices": [{"office": "o-1", "shard": 3} | _NOTHING],
    }  # fmt: skip
    files = {
        f"events/{_EVENT}.json": body,
        f"events/{_EVENT}.tlog-proof": b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + note,
        "checkpoints/3": note,
        "figures.json": json.dumps(stated).encode(),
        "keys.txt": f"{_KEY}\n".encode(),
    }
    manifest = json.dumps({"files": {name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()}}).encode()
    signed = _signed(f"{_LEDGER}/evidence", hashlib.sha256(manifest).hexdigest())
    return files | {"manifest.json": manifest, "manifest.signed": signed}


def _zipped(files: dict[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, raw in files.items():
            packed.writestr(name, raw)
    return into.getvalue()


def _ran(path: Path, *arguments: str) -> tuple[int, str]:
    """Exit code, and all that it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = verify.main([str(path), "--lang", "en", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, said.getvalue()


def _of(tmp_path: Path, content: bytes, *arguments: str) -> tuple[int, str]:
    file = tmp_path / "evidence.zip"
    file.write_bytes(content)
    return _ran(file, *arguments)


# --- which key ---


def test_the_first_line_says_which_key_and_its_own_is_vouched_for_by_nobody(tmp_path: Path) -> None:
    content = _zipped(_bundle())
    code, given = _of(tmp_path, content, "--key", _KEY)
    assert (code, given.splitlines()[0]) == (0, f"Checked by {_KEY}, which you gave.")
    assert given.splitlines()[-1] == "Everything holds."
    code, own = _of(tmp_path, content)
    assert code == 0
    assert own.startswith(f"Checked by {_KEY}. THIS KEY CAME WITH THE BUNDLE")
    assert own.splitlines()[-1] == "Everything holds by the bundle's own key, for which this can't vouch."
    code, none = _of(tmp_path, _zipped(_bundle() | {"keys.txt": b"none"}))
    assert (code, none.splitlines()[0]) == (1, "THE BUNDLE BRINGS NO KEY that can be read.")


def test_nothing_that_it_says_is_obeyed_by_a_terminal(tmp_path: Path) -> None:
    files = _bundle() | {"\x1b[2J\u202eevil.json": b""}
    _, said = _of(tmp_path, _zipped(files))
    assert "\\u001b[2J\\u202eevil.json" in said
    assert all(letter.isprintable() or letter == "\n" for letter in said)


# --- what is broken ---


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bytes_that_were_cut_off_or_turned(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(_zipped(_bundle()))
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    whole = data.draw(st.booleans())
    code, said = _of(tmp_path, bytes(content if whole else content[: data.draw(st.integers(0, len(content)))]))
    assert code in {0, 1, 2}
    assert "Traceback" not in said


_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["format", "ledger", "person", "year", "offices", "files", "office", "shard", "data"]), inner
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(_bundle())), st.data())
def test_files_that_hold_something_else(tmp_path: Path, name: str, data: st.DataObject) -> None:
    files = _bundle()
    replaced = data.draw(st.binary(max_size=40) | _JSON.map(lambda value: json.dumps(value).encode()))
    with contextlib.suppress(ValueError):  # a part of it replaced, where there are parts
        whole = json.loads(files[name])
        member = data.draw(st.sampled_from(sorted(whole)))
        replaced = data.draw(st.just(replaced) | _JSON.map(lambda value: json.dumps(whole | {member: value}).encode()))
    for arguments in ((), ("--json",), ("--key", _KEY)):
        code, said = _of(tmp_path, _zipped(files | {name: replaced}), *arguments)
        assert code in {0, 1, 2}
        assert "Traceback" not in said


def test_a_small_archive_that_becomes_a_large_one(tmp_path: Path) -> None:
    code, said = _of(tmp_path, _zipped(_bundle() | {"events/zeros": bytes(300 * 1024 * 1024)}))
    assert (code, "> 268435456 bytes" in said) == (2, True)


def test_an_archive_that_says_it_is_smaller_than_it_is(tmp_path: Path) -> None:
    content = _zipped({"manifest.json": b"{}" + b" " * 100_000})
    size = struct.pack("<I", 100_002)
    code, said = _of(tmp_path, content.replace(size, struct.pack("<I", 10)))
    assert (code, "Traceback" in said) == (2, False)


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "events/../../outside", "C:/outside", "a\\..\\b"])
def test_names_of_places_outside(tmp_path: Path, name: str) -> None:
    member = zipfile.ZipInfo("x")
    member.filename = name
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as packed:
        packed.writestr(member, b"")
        packed.writestr("manifest.json", b"{}")
    assert _of(tmp_path, into.getvalue())[0] == 2


def test_links_lead_nowhere(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("keys.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as packed:
        packed.writestr(link, "/etc/hostname")
    assert _of(tmp_path, into.getvalue())[0] == 2
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "manifest.json").write_bytes(b"{}")
    (folder / "keys.txt").symlink_to("/etc/hostname")
    code, said = _ran(folder)
    assert (code, "a link" in said) == (2, True)


def test_folders_where_files_should_be(tmp_path: Path) -> None:
    for name, raw in _bundle().items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
    assert _ran(tmp_path)[0] == 0
    (tmp_path / "figures.json").unlink()
    (tmp_path / "figures.json").mkdir()
    assert _ran(tmp_path)[0] == 1
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "manifest.json").mkdir()
    assert _ran(tmp_path)[0] == 2
