"""What nobody sees is refused where it comes in, and written out where it goes to people."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.telling.visible import all_visible, unseen, visible
from services.recorder.intake.binary import binary
from services.recorder.intake.parsing import Unreadable, read_json
from services.recorder.intake.reading import Readable, read

_BIDI: Final = {"BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_ACTION: Final[dict[str, Any]] = {
    "specversion": "1.0", "id": "a-1", "source": "/oa", "type": "chengzhang.people.define-section.v1",
    "time": "2026-03-02T09:00:00+08:00", "office": "o-1", "actor": "p-9", "data": {"section": "s-1", "name": "综合科"},
}  # fmt: skip


def test_by_unicodes_own_tables() -> None:
    """Controls, separators of lines and paragraphs, and whatever turns a direction (but the soft hyphen and such)."""
    for point in range(0x3000):
        letter = chr(point)
        turns = unicodedata.bidirectional(letter) in _BIDI - {"BN"} or point in {0x200E, 0x200F, 0x61C}
        hidden = unicodedata.category(letter) in {"Cc", "Zl", "Zp"} or turns
        assert (unseen(f"a{letter}b") is not None) is hidden, hex(point)
        assert (visible(letter) == f"\\u{point:04x}") is hidden, hex(point)


@given(st.text())
def test_what_is_shown_can_be_seen(text: str) -> None:
    assert unseen(visible(text)) is None
    assert all_visible({text: [text, 1, None]}) == {visible(text): [visible(text), 1, None]}


def _read(fields: dict[str, Any]) -> Readable:
    raw = orjson.dumps(fields)
    parsed = read_json(raw)
    assert isinstance(parsed, dict)
    found = read(parsed, raw)
    assert isinstance(found, Readable), found
    return found


@pytest.mark.parametrize("escaped", [False, True], ids=["as it is", "escaped"])
@pytest.mark.parametrize("letter", ["\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u061c", "\u2028", "\x00", "\n"])
@pytest.mark.parametrize("pointer", ["/id", "/source", "/type", "/actor", "/data/name", "/data/section", "/data/x"])
def test_every_field_is_looked_at(pointer: str, letter: str, escaped: bool) -> None:
    fields = orjson.loads(orjson.dumps(_ACTION))
    *path, name = pointer.split("/")[1:]
    (fields[path[0]] if path else fields)[name] = f"a{letter}b"
    raw = orjson.dumps(fields)
    if escaped:
        raw = raw.replace(letter.encode(), f"\\u{ord(letter):04X}".encode())
    found = read(orjson.loads(raw), raw)
    if isinstance(found, Unreadable):
        assert (found.code, pointer in {"/id", "/source", "/type"}) == ("no-address", True)
        return
    assert found.refusal is not None
    assert found.refusal.code == "invalid-field"
    (told,) = [error for error in found.errors if error.pointer == pointer][:1]
    assert f"U+{ord(letter):04X}" in told.en
    assert f"U+{ord(letter):04X}" in told.zh


def test_what_is_written_at_length_may_have_lines_and_no_more() -> None:
    talk = {
        "talk": "t-1", "initiator": "p-1", "participants": ["p-1", "p-2"], "form": "face-to-face",
        "note": "一\r\n\t二",
    }  # fmt: skip
    action = _ACTION | {"type": "chengzhang.talk.hold-talk.v1", "data": talk}
    assert not [e for e in _read(action).errors if e.pointer == "/data/note"]
    action["data"] = talk | {"note": "一\x1b[2J"}
    assert _read(action).errors[0].pointer == "/data/note"


def test_attributes_in_binary_mode_too() -> None:
    attributes = {f"ce_{name}": value for name, value in _ACTION.items() if name != "data"} | {"ce_actor": "p\u202e9"}
    data = orjson.dumps(_ACTION["data"])
    fields = orjson.loads(data)
    found = read(binary(attributes, fields), data + "".join(attributes.values()).encode())
    assert isinstance(found, Readable)
    assert [error.pointer for error in found.errors] == ["/actor"]
