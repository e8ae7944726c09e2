"""Bad input: whatever comes is a Readable or an Unreadable that says what, where and how to mend it; nothing raises."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recorder.intake.explain import FieldError
from services.recorder.intake.parsing import Unreadable, read_json
from services.recorder.intake.reading import Readable, read
from tests.unit.office import correction, founded, line, person, post, roll, session

SECRET = "王小明的秘密"
ENVELOPE: dict[str, Any] = {
    "specversion": "1.0", "id": "a-1", "source": "/oa", "time": "2026-03-02T09:00:00+08:00",
    "office": "o-1", "actor": "p-9",
}  # fmt: skip


def _action(name: str, data: object, **more: object) -> dict[str, Any]:
    return ENVELOPE | {"type": f"chengzhang.{name}.v1", "data": data} | more


def _read(fields: dict[str, Any]) -> Readable:
    raw = orjson.dumps(fields)
    parsed = read_json(raw)
    assert isinstance(parsed, dict)
    readable = read(parsed, raw)
    assert isinstance(readable, Readable), readable
    return readable


def _errors(fields: dict[str, Any]) -> dict[str, FieldError]:
    readable = _read(fields)
    assert readable.refusal is not None
    assert readable.refusal.code == "invalid-field"
    assert readable.refusal.final
    told = {error.pointer: error for error in readable.errors}
    assert len(told) == len(readable.errors), "one error a place"
    assert all(all((e.en, e.zh, e.fix_en, e.fix_zh)) for e in readable.errors)
    return told


def _one(fields: dict[str, Any]) -> FieldError:
    (error,) = _errors(fields).values()
    return error


# --- what is said ---


@pytest.mark.parametrize(
    ("name", "data", "pointer", "en", "fix"),
    [
        ("people.define-section", {"section": "s"}, "/data/name", "is missing", "add it"),
        (
            "people.define-section",
            {"section": "s", "nam": "x", "name": "x"},
            "/data/nam",
            "is not a field",
            "did you mean name?",
        ),
        ("people.define-section", {"section": "s", "name": ""}, "/data/name", "is too short", "at least 1"),
        ("people.define-section", {"section": "s", "name": "x" * 201}, "/data/name", "is too long", "at most 200"),
        ("people.define-section", {"section": "s s", "name": "x"}, "/data/section", "is not written", "letters a–z"),
        ("people.define-section", {"section": 3, "name": "x"}, "/data/section", "is not a text", "a JSON string"),
        (
            "people.define-section",
            {"section": "s", "name": "x", "work_lines": "information"},
            "/data/work_lines",
            "is not a list",
            "JSON array",
        ),
        (
            "people.define-section",
            {"section": "s", "name": "x", "work_lines": ["x"]},
            "/data/work_lines/0",
            "not allowed",
            "information, policy-research",
        ),
        (
            "people.define-section",
            {"section": "s", "name": "x", "late_reason": "no"},
            "/data/late_reason",
            "not allowed",
            "forgotten, offline",
        ),
        (
            "people.register-person",
            person(birth_year=1990.5),
            "/data/birth_year",
            "is not a whole number",
            "no decimal point",
        ),
        ("people.register-person", person(birth_year="1990"), "/data/birth_year", "is not a whole number", "no quotes"),
        ("people.register-person", person(birth_year=1800), "/data/birth_year", "is too small", "1900 or more"),
        (
            "people.register-person",
            person(joined_on="2026-02-30"),
            "/data/joined_on",
            "does not exist",
            "check month and day",
        ),
        ("people.register-person", person(joined_on="30.2.2026"), "/data/joined_on", "is not a day", "2026-03-02"),
        (
            "people.register-person",
            person(joined_on="1800-01-01"),
            "/data/joined_on",
            "outside the years",
            "check the year",
        ),
        ("people.assume-post", post(concurrent="yes"), "/data/concurrent", "neither true nor false", "without quotes"),
        ("people.assume-post", post(tier="boss"), "/data/tier", "not allowed", "leadership, section-head, staff"),
        (
            "learning.convene-session",
            session(starts_at="2026-03-02T09:00:00"),
            "/data/starts_at",
            "has no offset",
            "+08:00",
        ),
        (
            "learning.convene-session",
            session(starts_at="tomorrow"),
            "/data/starts_at",
            "is not an instant",
            "2026-03-02T09:00:00+08:00",
        ),
        ("learning.convene-session", session(minutes=2000), "/data/minutes", "is too large", "1440 or less"),
        (
            "learning.convene-session",
            session(expected=["p"] * 2001),
            "/data/expected",
            "too many items",
            "at most 2000",
        ),
        ("learning.record-attendance", roll(line(minutes=-5)), "/data/roll/0/minutes", "is too small", "0 or more"),
        (
            "learning.record-attendance",
            roll(line(minutes=2**53)),
            "/data/roll/0/minutes",
            "is too large",
            str(2**53 - 1),
        ),
        (
            "learning.record-attendance",
            roll(line(minutes=2**63)),
            "/data/roll/0/minutes",
            "is too large",
            str(2**53 - 1),
        ),
        (
            "learning.record-attendance",
            roll(line(), line(minutes=True)),
            "/data/roll/1/minutes",
            "is not a whole number",
            "integer",
        ),
        ("learning.record-attendance", roll(line(state="leave")), "/data/roll/0", "who was away", "set minutes to 0"),
        (
            "learning.record-attendance",
            roll(line(leave_kind="duty")),
            "/data/roll/0",
            "without leave",
            "leave leave_kind out",
        ),
        (
            "learning.record-attendance",
            {"session": "s", "roll": [3]},
            "/data/roll/0",
            "is not an object",
            "JSON object",
        ),
        ("learning.record-attendance", roll(), "/data/roll", "too few items", "at least 1"),
        (
            "work.file-output",
            {"output": "u", "lead": "p", "line": "information", "level": "city", "effect": "adopted"},
            "/data",
            "needs a title",
            "add title",
        ),
        ("any.revoke-entry", {"event": "17", "reason": "mistake"}, "/data/event", "is not written", "event id"),
        (
            "talk.hold-talk",
            {"talk": "t", "initiator": "p", "participants": ["q"], "mode": "group", "topics": 3},
            "/data/topics",
            "is not a text",
            "JSON string",
        ),
        (
            "talk.hold-talk",
            {"talk": "t", "initiator": "p", "participants": ["q"], "mode": "group", "topics": ["a", ""]},
            "/data/topics/1",
            "is too short",
            "at least 1",
        ),
    ],
)
def test_what_where_and_how_to_mend_it(name: str, data: dict[str, Any], pointer: str, en: str, fix: str) -> None:
    error = _one(_action(name, data))
    assert error.pointer == pointer
    assert en in error.en
    assert fix in error.fix_en


def test_hours_for_minutes() -> None:
    told = _errors(_action("learning.record-attendance", roll({"person": "p", "state": "partial", "hours": 2})))
    assert told["/data/roll/0/hours"].fix_en == "did you mean minutes?"
    assert told["/data/roll/0/hours"].fix_zh == "是否应为 minutes？"
    told = _errors(_action("learning.record-attendance", roll({"person": "p", "state": "partial"})))
    assert told["/data/roll/0"].en == "has no minutes"


@pytest.mark.parametrize(
    ("change", "pointer", "en"),
    [
        ({"specversion": "0.3"}, "/specversion", "not allowed"),
        ({"time": "2026-03-02T09:00:00"}, "/time", "has no offset"),
        ({"time": "2026-02-30T09:00:00Z"}, "/time", "is not an instant"),
        ({"time": "2026-03-02T09:00:00Z\n"}, "/time", "contains U+000A"),
        ({"time": "2026-03-02T09:00:00+05:99"}, "/time", "is not an instant"),
        ({"time": "2026-03-02T09:00:00+05:60"}, "/time", "is not an instant"),
        ({"time": "2026-03-02T09:00:00-24:00"}, "/time", "is not an instant"),
        ({"time": "2026-03-02T09:00:00+0８:00"}, "/time", "is not an instant"),
        ({"time": "２０２６-03-02T09:00:00Z"}, "/time", "is not an instant"),
        ({"actor": "a\nb"}, "/actor", "contains U+000A"),
        ({"data": [1]}, "/data", "is not an object"),
        ({"data": None}, "/data", "is not an object"),
        ({"expectedversion": -1}, "/expectedversion", "is too small"),
        ({"offfice": "o-1"}, "/offfice", "is not a field"),
        ({"a/b~c": 1}, "/a~1b~0c", "is not a field"),
        ({"traceparent": "x"}, "/traceparent", "is not written"),
    ],
)
def test_the_envelope_is_checked_too(change: dict[str, Any], pointer: str, en: str) -> None:
    error = _one(_action("people.define-section", {"section": "s", "name": "x"}) | change)
    assert error.pointer == pointer
    assert en in error.en


def test_a_missing_actor_has_an_address_and_so_a_receipt() -> None:
    fields = _action("people.define-section", {"section": "s", "name": "x"})
    del fields["actor"]
    assert _one(fields).pointer == "/actor"


def test_nul_is_found_wherever_it_is() -> None:
    fields = _action("people.define-section", {"section": "s", "name": "a\x00b", "work_lines": ["\x00"], "x\x00": 1})
    told = _errors(fields)
    assert {"/data/name", "/data/work_lines/0", "/data/x\ufffd"} <= set(told)
    assert "\x00" not in repr(_read(fields).refusal)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("chengzhang.people.defin-section.v1", "define-section"),
        ("chengzhang.people.define-section.v2", "define-section"),
    ],
)
def test_an_unknown_type_or_version_may_pass_later(name: str, hint: str) -> None:
    refusal = _read(ENVELOPE | {"type": name, "data": {}}).refusal
    assert refusal is not None
    assert (refusal.code, refusal.final) == ("unknown-type", False)
    assert hint in refusal.en


@pytest.mark.parametrize("place", ["name", "branch", "joined_on", "birth_year", "previous"])
@pytest.mark.parametrize("value", [SECRET, [SECRET], {SECRET: SECRET}, SECRET * 3000])
def test_no_value_is_ever_repeated(place: str, value: object) -> None:
    readable = _read(_action("people.register-person", person() | {place: value}))
    assert SECRET not in repr((readable.refusal, readable.errors))


def test_a_sender_cannot_blow_a_receipt_up() -> None:
    huge = {"n" * 5000: 1} | {f"extra-{n}": 1 for n in range(2000)}
    readable = _read(_action("people.define-section", huge))
    assert len(readable.errors) <= 100
    assert readable.refusal is not None
    assert len(readable.refusal.en) < 1000


# --- what can't be read ---


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "not-json"),
        (b"\xff\xfe", "not-utf8"),
        (b'{"a":"\\ud800"}', "not-json"),
        (b'{"a":NaN}', "not-json"),
        (b'{"a":1e400}', "not-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b"x" * 65_537, "too-large"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "not-json"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "not-json"),
    ],
)
def test_what_is_no_json_object(raw: bytes, code: str) -> None:
    unread = read_json(raw)
    assert isinstance(unread, Unreadable)
    assert unread.code == code
    assert unread.en
    assert unread.zh


@pytest.mark.parametrize("missing", ["office", "source", "id", "type"])
@pytest.mark.parametrize("value", [None, 3, "", "x" * 300, ["x"]])
def test_without_an_address_nobody_can_be_answered(missing: str, value: object) -> None:
    fields = _action("people.define-section", {}) | {missing: value}
    unread = read(fields, orjson.dumps(fields))
    assert isinstance(unread, Unreadable)
    assert unread.code == "no-address"
    assert f"/{missing}" in unread.en


@pytest.mark.parametrize("depth", [100, 240, 253, 260, 500, 1000])
@pytest.mark.parametrize("where", ["data", "surprise", "actor", "entry"])
def test_deep_nesting_is_refused_and_never_raises(depth: int, where: str) -> None:
    deep = b"[" * depth + b'"\\u0000"' + b"]" * depth
    raw = b'{"specversion":"1.0","id":"a","source":"/s","type":"t","time":"x","office":"o","actor":"p","%b":%b}' % (
        where.encode(),
        deep,
    )
    fields = read_json(raw)
    told = read(fields, raw) if isinstance(fields, dict) else fields
    assert isinstance(told, Unreadable) or told.refusal is not None


TEXTS = st.text(st.characters(codec="utf-8"))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    fields = read_json(raw)
    if isinstance(fields, dict):
        read(fields, raw)


@given(
    st.sampled_from(["people.register-person", "any.correct-entry", "talk.hold-talk", "learning.record-attendance"]),
    JSON,
)
def test_any_data(name: str, data: object) -> None:
    _read(_action(name, data))


@given(st.dictionaries(st.sampled_from([*ENVELOPE, "data", "entry", "expectedversion", "subject"]), JSON))
def test_any_envelope(change: dict[str, Any]) -> None:
    fields = _action("people.define-section", {"section": "s", "name": "x"}) | change
    raw = orjson.dumps(fields)
    told = read(fields, raw)
    assert isinstance(told, Readable | Unreadable)


# --- the most that may be said ---


@pytest.mark.parametrize(
    ("name", "field", "most", "data"),
    [
        ("learning.credit-hours", "centi_xueshi", 500_000, {"session": "s", "person": "p", "account": "study"}),
        (
            "work.file-output", "count", 1_000_000,
            {"output": "u", "lead": "p", "line": "classified-communications", "level": "city", "effect": "adopted"},
        ),
        (
            "welfare.make-home-visit", "fen", 1_000_000_000,
            {"visit": "v", "person": "p", "occasion": "x", "class": "event", "event_on": "2026-03-01", "fund": "union"},
        ),
        ("learning.convene-session", "minutes", 1440, session()),
        ("people.register-person", "birth_year", 2200, person()),
    ],
)  # fmt: skip
def test_absurd_amounts_are_refused(name: str, field: str, most: int, data: dict[str, Any]) -> None:
    assert _read(_action(name, data | {field: most})).refusal is None
    error = _one(_action(name, data | {field: most + 1}))
    assert error.pointer == f"/data/{field}"
    assert (error.en, error.zh) == ("is too large", "数值过大")
    assert (error.fix_en, error.fix_zh) == (f"give {most} or less", f"不得大于 {most}")


# --- corrections ---


def test_a_correction_is_checked_by_its_replacements_own_schema() -> None:
    office = founded()
    office.did("learning.convene-session", session())
    there = office.did("learning.record-attendance", roll(line()))
    wrong = _errors(
        _action("any.correct-entry", correction(there, "learning.record-attendance", roll(line(minutes=-1))))
    )
    assert list(wrong) == ["/data/replacement/data/roll/0/minutes"]
    two = _errors(
        _action("any.correct-entry", correction(there, "learning.record-attendance", roll(line(), line("p-2"))))
    )
    assert list(two) == ["/data/replacement/data/roll"]
    nested = correction(there, "any.revoke-entry", {"event": there.id, "reason": "mistake"})
    assert list(_errors(_action("any.correct-entry", nested))) == ["/data/replacement/type"]


def test_a_replacement_of_an_unknown_type_may_pass_later() -> None:
    replacement = {"type": "chengzhang.work.new.v1", "time": "2026-03-02T09:00:00Z", "data": {}}
    data = {"event": "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab", "reason": "mistake", "replacement": replacement}
    refusal = _read(_action("any.correct-entry", data)).refusal
    assert refusal is not None
    assert refusal.code == "unknown-type"


@pytest.mark.parametrize("offset", ["Z", "+23:59", "-00:00", "+05:45", "-12:00"])
def test_every_offset_of_rfc_3339_is_taken(offset: str) -> None:
    fields = _action("people.define-section", {"section": "s", "name": "x"}, time=f"2026-03-02T09:00:00{offset}")
    assert _read(fields).action is not None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-03-02T09:00:00.5+08:00", "2026-03-02T09:00:00.5+08:00"),
        ("2026-03-02t09:00:00z", "2026-03-02T09:00:00Z"),
        ("2026-03-02t09:00:00.1234567891234+08:00", "2026-03-02T09:00:00.123456+08:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T07:59:60.7+08:00", "2017-01-01T08:00:00+08:00"),
    ],
)
def test_instants_are_kept_in_one_form(written: str, kept: str) -> None:
    data = session(starts_at=written)
    found = _read(_action("learning.convene-session", data, time=written)).action
    assert found is not None
    assert (found.time, vars(found.data)["starts_at"], found.moment) == (kept, kept, datetime.fromisoformat(kept))


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-02T09:00:60+08:00", "2026-03-02T23:59:60Z", "2016-12-31T23:59:61Z", "2026-03-02T24:00:00Z",
        "2026-03-02 09:00:00Z", "2026-03-02T09:00:00.Z", "2026-03-02T09:00Z", "2026-03-02T09:00:00+8:00",
        "2026-03-02T09:00:00+05:99", "２026-03-02T09:00:00Z",
    ],
)  # fmt: skip
def test_what_rfc_3339_does_not_know_is_no_instant(written: str) -> None:
    assert "/time" in _errors(_action("people.define-section", {"section": "s", "name": "x"}, time=written))


# --- JSON ---


def _text(**changed: str) -> bytes:
    """An action as a text, with members written as given."""
    fields = {name: json.dumps(value) for name, value in _action("learning.convene-session", session()).items()}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in (fields | changed).items()) + "}").encode()


@pytest.mark.parametrize("number", ["90", "90.0", "9e1", "9E+1", "900e-1", "90.000"])
def test_a_number_is_the_same_however_it_is_written(number: str) -> None:
    data = json.dumps(session()).replace('"minutes": 90', f'"minutes": {number}')
    assert number in data
    fields = read_json(_text(data=data, expectedversion="3.0"))
    assert isinstance(fields, dict)
    found = read(fields, b"")
    assert isinstance(found, Readable)
    assert found.action is not None, found.errors
    assert (vars(found.action.data)["minutes"], found.action.expectedversion) == (90, 3)
    plain = read(_action("learning.convene-session", session()), b"")
    assert isinstance(plain, Readable)
    assert found.body == plain.body


@pytest.mark.parametrize("number", ["90.5", "1e300", "-1e300", "9007199254740993.0"])
def test_what_is_no_whole_number_stays_what_it_is(number: str) -> None:
    data = json.dumps(session()).replace('"minutes": 90', f'"minutes": {number}')
    fields = read_json(_text(data=data))
    assert isinstance(fields, dict)
    assert "/data/minutes" in _errors(fields)


@pytest.mark.parametrize(
    "twice",
    [
        b'{"a":1,"a":1}', b'{"a":1, "b":{"c":[{"d":1,"d":2}]}}', b'{"a" :1,"a":2}', b'{"a" : 1, "a" : 2, "b" :3}',
        b'{"a":1,"\\u0061":2}', b'{"a":1,"a":2,"b":"\\u0022:"}', b'{"a":"\\":","a":1}', b'{"":0,"":0}',
    ],
)  # fmt: skip
def test_a_member_given_twice_is_refused(twice: bytes) -> None:
    twice = twice.replace(b"\\\\", b"\\")
    assert isinstance(json.loads(twice), dict)
    unread = read_json(twice)
    assert isinstance(unread, Unreadable)
    assert unread.code == "member-twice"


@given(st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text('":\\a , {}')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('":\\a '), inner, max_size=3), max_leaves=12,
), st.booleans(), st.booleans())  # fmt: skip
def test_what_is_given_once_is_taken_as_it_is(value: Any, wide: bool, plain: bool) -> None:  # noqa: ANN401
    text = json.dumps({"x": value}, separators=(" , ", " : ") if wide else (",", ":"), ensure_ascii=not plain)
    assert read_json(text.encode()) == {"x": value}


def test_an_extension_attribute_of_somebody_elses_says_nothing() -> None:
    fields = _action("people.define-section", {"section": "s", "name": "x"})
    more = fields | {"myext": "x", "comacmeflag": True, "comacmenumber": 7}
    assert _read(more).action == _read(fields).action is not None
    assert _read(more).body == _read(fields).body


@pytest.mark.parametrize(
    "more", [{"expectedversoin": 3}, {"entri": "hand"}, {"myExt": "x"}, {"my_ext": "x"}, {"myext": {}}, {"myext": None}]
)
def test_what_is_no_extension_attribute_or_looks_like_one_of_ours_is_refused(more: dict[str, Any]) -> None:
    fields = _action("people.define-section", {"section": "s", "name": "x"})
    assert list(_errors(fields | more)) == [f"/{name}" for name in more]


def test_only_so_many_attributes_are_looked_at() -> None:
    fields = _action("people.define-section", {"section": "s", "name": "x"})
    foreign = {f"comacme{number}": "x" for number in range(64)}
    few = dict(list(foreign.items())[: 64 - len(fields)])
    assert _read(fields | few).action is not None
    assert _errors(fields | few | {"onemore": "x"})


# --- the same body ---


def _body(fields: dict[str, Any]) -> bytes:
    return hashlib.sha256(_read(fields).body).digest()


def test_the_same_body_is_type_time_actor_and_data_in_whatever_order() -> None:
    fields = _action("people.define-section", {"section": "s", "name": "x"})
    turned = dict(reversed(fields.items())) | {"data": {"name": "x", "section": "s"}}
    assert _body(fields) == _body(turned)
    assert _body(fields) == _body(fields | {"expectedversion": 3, "entry": "hand", "subject": "x", "id": "a-2"})
    for change in ({"time": "2026-03-02T01:00:00Z"}, {"actor": "p-1"}, {"data": {"section": "s", "name": "y"}}):
        assert _body(fields) != _body(fields | change)


def test_what_says_how_it_was_entered_says_how_much_was_typed() -> None:
    data = {"section": "s-1", "name": "综合科", "work_lines": ["information", "secretarial"]}
    plain = {
        "specversion": "1.0", "id": "a-1", "source": "/oa", "type": "chengzhang.people.define-section.v1",
        "time": "2026-03-02T09:00:00+08:00", "office": "o-1", "actor": "p-9", "data": data,
    }  # fmt: skip
    for more, typed in (({}, None), ({"entry": "hand"}, 4), ({"entry": "machine"}, 4)):
        found = read(plain | more, orjson.dumps(plain | more))
        assert isinstance(found, Readable)
        assert found.action is not None
        assert found.action.typed == typed
