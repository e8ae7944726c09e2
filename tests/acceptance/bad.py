"""What goes wrong in practice, as bytes on the wire. ``over_http`` and ``over_kafka`` are the codes that each gives."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.acceptance.pair import Json, Office, line


@dataclass(frozen=True)
class Bad:
    """One kind of bad input. ``make`` gets an office, a person and a session; ``pointer`` is where HTTP must point."""

    name: str
    make: Callable[[Office, str, str], bytes]
    status: int
    code: str
    pointer: str | None = None
    quarantined: bool = False


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _roll(change: Callable[[Json], None]) -> Callable[[Office, str, str], bytes]:
    """An attendance of one person, spoilt."""

    def make(office: Office, person: str, session: str) -> bytes:
        fields = copy.deepcopy(office.attendance(session, line(person)))
        change(fields)
        return _compact(fields)

    return make


def _line(**more: object) -> Callable[[Office, str, str], bytes]:
    return _roll(lambda f: f["data"]["roll"][0].update(more))


def _set(path: str, value: object) -> Callable[[Office, str, str], bytes]:
    def change(fields: Json) -> None:
        at: Any = fields
        *way, last = path.split(".")
        for name in way:
            at = at[int(name) if name.isdigit() else name]
        at[last] = value

    return _roll(change)


def _drop(path: str) -> Callable[[Office, str, str], bytes]:
    def change(fields: Json) -> None:
        at: Any = fields
        *way, last = path.split(".")
        for name in way:
            at = at[int(name) if name.isdigit() else name]
        del at[last]

    return _roll(change)


def _raw(old: bytes, new: bytes) -> Callable[[Office, str, str], bytes]:
    """The attendance with some of its bytes replaced."""

    def make(office: Office, person: str, session: str) -> bytes:
        text = _compact(office.attendance(session, line(person)))
        assert old in text
        return text.replace(old, new)

    return make


def _hours(fields: Json) -> None:
    fields["data"]["roll"][0]["hours"] = fields["data"]["roll"][0].pop("minutes")


def _session(**more: object) -> Callable[[Office, str, str], bytes]:
    return lambda office, person, _: _compact(office.session(person, **more))


def _long(office: Office, person: str, session: str) -> bytes:
    fields = office.attendance(session, line(person))
    fields["subject"] = ""
    fields["subject"] = "x" * (64 * 1024 + 1 - len(_compact(fields)))
    text = _compact(fields)
    assert len(text) == 64 * 1024 + 1
    return text


def _deep(levels: int, opening: bytes, closing: bytes) -> Callable[[Office, str, str], bytes]:
    return _raw(b'"minutes":90', b'"minutes":' + opening * levels + b"1" + closing * levels)


INVALID: Final = "invalid-field"
BAD: Final = (
    # --- what has no address ---
    Bad("not JSON", lambda *_: b"{not json", 400, "not-json", quarantined=True),
    Bad("cut off", _raw(b"}]}}", b"}]"), 400, "not-json", quarantined=True),
    Bad("one bracket too many", _raw(b"}]}}", b"}]}}}"), 400, "not-json", quarantined=True),
    Bad("single quotes", lambda *_: b"{'specversion': '1.0'}", 400, "not-json", quarantined=True),
    Bad("a byte order mark", lambda *_: b"\xef\xbb\xbf{}", 400, "not-json", quarantined=True),
    Bad("not UTF-8", _raw(b"p-clerk", b"p-\xff\xfe"), 400, "not-utf8", quarantined=True),
    Bad("GBK", _raw(b"p-clerk", "王".encode("gbk")), 400, "not-utf8", quarantined=True),
    Bad("UTF-16", lambda *_: '{"specversion":"1.0"}'.encode("utf-16"), 400, "not-utf8", quarantined=True),
    Bad("a surrogate in UTF-8", _raw(b"p-clerk", b"p-\xed\xa0\x80"), 400, "not-utf8", quarantined=True),
    Bad("a lone surrogate", _raw(b"p-clerk", b"p-\\ud800"), 400, "not-json", quarantined=True),
    Bad("NaN", _raw(b'"minutes":90', b'"minutes":NaN'), 400, "not-json", quarantined=True),
    Bad("Infinity", _raw(b'"minutes":90', b'"minutes":Infinity'), 400, "not-json", quarantined=True),
    Bad("a list", lambda *_: b"[]", 422, "not-an-object", quarantined=True),
    Bad("a list of actions", lambda o, *_: _compact([o.section()]), 422, "not-an-object", quarantined=True),
    Bad("a number", lambda *_: b"42", 422, "not-an-object", quarantined=True),
    Bad("null", lambda *_: b"null", 422, "not-an-object", quarantined=True),
    Bad("an empty object", lambda *_: b'{"specversion":"1.0"}', 422, "no-address", "/office", quarantined=True),
    Bad("no office", _drop("office"), 422, "no-address", "/office", quarantined=True),
    Bad("no id", _drop("id"), 422, "no-address", "/id", quarantined=True),
    Bad("no source", _drop("source"), 422, "no-address", "/source", quarantined=True),
    Bad("no type", _drop("type"), 422, "no-address", "/type", quarantined=True),
    Bad("an office that is none", _set("office", "a/b"), 422, "no-address", "/office", quarantined=True),
    Bad("a number for an id", _set("id", 17), 422, "no-address", "/id", quarantined=True),
    Bad("NUL in the id", _set("id", "a\x00b"), 422, "no-address", "/id", quarantined=True),
    Bad("more than 64 KiB", _long, 413, "too-large", quarantined=True),
    Bad("nested 10,000 deep", _deep(10_000, b"[", b"]"), 400, "not-json", quarantined=True),
    Bad("nested 10,000 objects deep", _deep(5000, b'{"a":', b"}"), 400, "not-json", quarantined=True),
    Bad("nested 600 deep", _deep(600, b"[", b"]"), 400, "too-deep", quarantined=True),
    Bad("a member twice", _raw(b'"minutes":90', b'"minutes":90,"minutes":89'), 400, "member-twice", quarantined=True),
    # --- what has one, and a receipt ---
    Bad("no specversion", _drop("specversion"), 422, INVALID, "/specversion"),
    Bad("another specversion", _set("specversion", "0.3"), 422, INVALID, "/specversion"),
    Bad("no time", _drop("time"), 422, INVALID, "/time"),
    Bad("no actor", _drop("actor"), 422, INVALID, "/actor"),
    Bad("no data", _drop("data"), 422, INVALID, "/data"),
    Bad("data null", _set("data", None), 422, INVALID, "/data"),
    Bad("data a list", _set("data", []), 422, INVALID, "/data"),
    Bad("data a text", _set("data", "{}"), 422, INVALID, "/data"),
    Bad("an attribute that is none", _set("Colour", "red"), 422, INVALID, "/Colour"),
    Bad("an attribute written wrongly", _set("expectedversoin", 1), 422, INVALID, "/expectedversoin"),
    Bad("unknown type", _set("type", "chengzhang.learning.attend.v1"), 422, "unknown-type"),
    Bad("unknown version", _set("type", "chengzhang.learning.record-attendance.v9"), 422, "unknown-type"),
    Bad("naive time", _set("time", "2026-03-02T09:00:00"), 422, INVALID, "/time"),
    Bad("a time without a T", _set("time", "2026-03-02 09:00:00+08:00"), 422, INVALID, "/time"),
    Bad("an hour that is none", _set("time", "2026-03-02T24:61:00+08:00"), 422, INVALID, "/time"),
    Bad("a day that is none, in time", _set("time", "2026-02-30T09:00:00+08:00"), 422, INVALID, "/time"),
    Bad("year 0", _set("time", "0000-01-01T00:00:00Z"), 422, INVALID, "/time"),
    Bad("year 9999", _set("time", "9999-12-31T23:59:59Z"), 422, INVALID, "/time"),
    Bad("an offset of a day", _set("time", "2026-03-02T09:00:00+25:00"), 422, INVALID, "/time"),
    Bad("a time stamp", _set("time", 1772413200), 422, INVALID, "/time"),
    Bad("a text for expectedversion", _set("expectedversion", "1"), 422, INVALID, "/expectedversion"),
    Bad("a negative expectedversion", _set("expectedversion", -1), 422, INVALID, "/expectedversion"),
    Bad("a wrong traceparent", _set("traceparent", "00-xyz"), 422, INVALID, "/traceparent"),
    Bad("missing field", _drop("data.session"), 422, INVALID, "/data/session"),
    Bad("missing field in a list", _drop("data.roll.0.state"), 422, INVALID, "/data/roll/0/state"),
    Bad("extra field", _set("data.mood", "good"), 422, INVALID, "/data/mood"),
    Bad("extra field in a list", _line(mood="good"), 422, INVALID, "/data/roll/0/mood"),
    Bad("hours for minutes", _roll(_hours), 422, INVALID, "/data/roll/0/hours"),
    Bad("a negative amount", _line(minutes=-1), 422, INVALID, "/data/roll/0/minutes"),
    Bad("a float", _line(minutes=45.5), 422, INVALID, "/data/roll/0/minutes"),
    Bad("a large exponent", _raw(b'"minutes":90', b'"minutes":9e300'), 422, INVALID, "/data/roll/0/minutes"),
    Bad("a number in quotes", _line(minutes="90"), 422, INVALID, "/data/roll/0/minutes"),
    Bad("true for a number", _line(minutes=True), 422, INVALID, "/data/roll/0/minutes"),
    Bad("null for what must be there", _line(state=None), 422, INVALID, "/data/roll/0/state"),
    Bad("2^53", _line(minutes=2**53), 422, INVALID, "/data/roll/0/minutes"),
    Bad("2^63", _line(minutes=2**63), 422, INVALID, "/data/roll/0/minutes"),
    Bad("2^64", _line(minutes=2**64), 422, INVALID, "/data/roll/0/minutes"),
    Bad("10^400", _raw(b'"minutes":90', b'"minutes":1' + b"0" * 400), 400, "not-json", quarantined=True),
    Bad("-2^63", _line(minutes=-(2**63)), 422, INVALID, "/data/roll/0/minutes"),
    Bad("an unknown word", _line(state="here"), 422, INVALID, "/data/roll/0/state"),
    Bad("NUL in a text", _session(title="a\x00b"), 422, INVALID, "/data/title"),
    Bad("NUL in a name", _raw(b'"state"', b'"st\\u0000ate"'), 422, INVALID),
    Bad("an empty text", _session(title=""), 422, INVALID, "/data/title"),
    Bad("a long text", _session(title="长" * 201), 422, INVALID, "/data/title"),
    Bad("no minutes at all", _session(minutes=0), 422, INVALID, "/data/minutes"),
    Bad("an empty roll", _set("data.roll", []), 422, INVALID, "/data/roll"),
    Bad("minutes on leave", _line(state="leave"), 422, INVALID, "/data/roll/0"),
    Bad("a kind of leave without leave", _line(leave_kind="duty"), 422, INVALID, "/data/roll/0"),
    Bad("an id with a space", _line(person="p 1"), 422, INVALID, "/data/roll/0/person"),
    Bad("an id of 65", _line(person="p" * 65), 422, INVALID, "/data/roll/0/person"),
    Bad("an id with a line feed at its end", _line(person="p-1\n"), 422, INVALID, "/data/roll/0/person"),
    Bad("Arabic digits in an id", _line(person="p-١"), 422, INVALID, "/data/roll/0/person"),
    Bad("an object for an id", _line(person={"id": "p-1"}), 422, INVALID, "/data/roll/0/person"),
    Bad("duplicate in a roll",
        lambda o, p, s: _compact(o.attendance(s, line(p), line(p))), 422, "second-attendance"),
    Bad("unknown person", _line(person="p-nobody"), 422, "unknown-reference"),
    Bad("a day that does not exist",
        lambda o, p, _: _compact(o.action("people.transfer-person",
                                          {"person": p, "to_section": "s-1", "on": "2026-02-30"})),
        422, INVALID, "/data/on"),
    Bad("a day in another order",
        lambda o, p, _: _compact(o.action("people.transfer-person",
                                          {"person": p, "to_section": "s-1", "on": "30.03.2026"})),
        422, INVALID, "/data/on"),
    Bad("an event id that is none",
        lambda o, *_: _compact(o.action("any.revoke-entry", {"event": "e-1", "reason": "mistake"})),
        422, INVALID, "/data/event"),
)  # fmt: skip
