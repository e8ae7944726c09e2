"""Every code by which the recorder refuses, over HTTP and over Kafka: status, finality, and words in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.pair import PLANTED, Json, Office, Pair, line, structured, unique

RETRYABLE = {
    "unknown-reference",
    "not-yet",
    "unknown-type",
    "no-attendance",
    "session-not-held",
    "stale-version",
    "archived",
}


@dataclass(frozen=True)
class World:
    """An office with two persons, a session, an attendance and a talk."""

    office: Office
    person: str
    other: str
    session: str
    attendance: Json
    talk: Json

    def act(self, name: str, data: Json, **more: object) -> Json:
        return self.office.action(name, data, **more)


@pytest.fixture(scope="module")
def world(pair: Pair) -> World:
    office = Office(pair)
    person, other = office.register(), office.register()
    session = office.convened(person)
    attendance = pair.accepted(office.attendance(session, line(person, minutes=80)))
    credit = {"session": session, "person": person, "centi_xueshi": 100, "account": "study"}
    pair.accepted(office.action("learning.credit-hours", credit))
    pair.accepted(office.section("s-taken"))
    talk = {"talk": unique("t"), "initiator": person, "participants": [other], "mode": "one-to-one"}
    return World(office, person, other, session, attendance, pair.accepted(office.action("talk.hold-talk", talk)))


def _ahead() -> str:
    return (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _talk(w: World, mode: str, *participants: str) -> Json:
    data = {"talk": unique("t"), "initiator": w.person, "participants": list(participants), "mode": mode}
    return w.act("talk.hold-talk", data)


def _credit(w: World, person: str, account: str = "study") -> Json:
    data = {"session": w.session, "person": person, "centi_xueshi": 100, "account": account}
    return w.act("learning.credit-hours", data)


def _revoke(w: World, event: str) -> Json:
    return w.act("any.revoke-entry", {"event": event, "reason": "mistake"})


def _overlap(w: World) -> Json:
    session = w.office.convened(w.other, starts_at="2026-03-02T10:00:00+08:00")
    return w.office.attendance(session, line(w.person)) | {"time": "2026-03-02T10:00:00+08:00"}


def _too_early(w: World) -> Json:
    session = w.office.convened(w.other, starts_at="2026-03-02T10:00:00+08:00")
    return w.office.attendance(session, line(w.person))


def _revocation(w: World) -> str:
    """The id of a revocation, and what it revoked is gone."""
    fact = w.office.pair.accepted(w.office.section())["events"][0]["id"]
    revoked: str = w.office.pair.accepted(_revoke(w, fact))["events"][0]["id"]
    return revoked


def _already(w: World) -> Json:
    fact = w.office.pair.accepted(w.office.section())["events"][0]["id"]
    w.office.pair.accepted(_revoke(w, fact))
    return _revoke(w, fact)


def _output(w: World, **more: object) -> Json:
    data = {"output": unique("u"), "lead": w.person, "line": "information", "title": "题", "level": "city"}
    return w.act("work.file-output", data | {"effect": "adopted"} | more)


def _correct(w: World, name: str, data: Json) -> Json:
    """A correction of the attendance by something that doesn't fit."""
    event = w.attendance["events"][0]["id"]
    replacement = {"type": f"chengzhang.{name}.v1", "time": "2026-03-02T09:00:00+08:00", "data": data}
    return w.act("any.correct-entry", {"event": event, "reason": "mistake", "replacement": replacement})


def _many(person: str, count: int) -> list[Json]:
    return [line(person) for _ in range(count)]


CASES: list[tuple[str, str, Callable[[World], Json]]] = [
    ("nobody", "unknown-reference", lambda w: w.office.session("p-nobody")),
    ("no session", "unknown-reference", lambda w: w.office.attendance("s-none", line(w.person))),
    ("person of another office", "unknown-reference", lambda w: Office(w.office.pair).session(w.person)),
    ("no event", "unknown-reference", lambda w: _revoke(w, "00000000-0000-5000-8000-000000000000")),
    ("event of another office", "unknown-reference",
     lambda w: Office(w.office.pair).action("any.revoke-entry",
                                            {"event": w.attendance["events"][0]["id"], "reason": "mistake"})),
    ("before it was convened", "unknown-reference",
     lambda w: w.office.attendance(w.session, line(w.other), guide="work") | {"time": "2026-03-01T09:00:00+08:00"}),
    ("before it began", "session-not-held", _too_early),
    ("more than the session gives", "credit-above-session",
     lambda w: w.act("learning.credit-hours", {"session": w.session, "person": w.person, "centi_xueshi": 201,
                                               "account": "online"})),
    ("not of this time", "not-yet", lambda w: w.office.section() | {"time": _ahead()}),
    ("no such type", "unknown-type", lambda w: w.act("learning.record-atendance", {})),
    ("no such version", "unknown-type",
     lambda w: w.office.section() | {"type": "chengzhang.people.define-section.v2"}),
    ("an event's type", "unknown-type",
     lambda w: w.office.section() | {"type": "chengzhang.people.section-defined.v1"}),
    ("credit without attendance", "no-attendance", lambda w: _credit(w, w.other)),
    ("an old version", "stale-version",
     lambda w: w.office.attendance(w.session, line(w.other)) | {"expectedversion": 1}),
    ("section again", "id-reused", lambda w: w.office.section("s-taken", "另一科")),
    ("session again", "id-reused", lambda w: w.office.session(w.person, w.session)),
    ("talk again", "id-reused",
     lambda w: w.act("talk.hold-talk", {"talk": w.talk["events"][0]["stream"][5:], "initiator": w.person,
                                        "participants": [w.other], "mode": "one-to-one"})),
    ("longer than the session", "minutes-above-session",
     lambda w: w.office.attendance(w.session, line(w.other, minutes=91))),
    ("there twice", "second-attendance", lambda w: w.office.attendance(w.session, line(w.person, "partial", 10))),
    ("twice on one roll", "second-attendance", lambda w: w.office.attendance(w.session, *_many(w.other, 2))),
    ("credited twice", "credit-twice", lambda w: _credit(w, w.person)),
    ("in two places", "session-overlap", _overlap),
    ("talk with oneself", "talk-not-two", lambda w: _talk(w, "one-to-one", w.person)),
    ("one to two", "talk-not-two", lambda w: _talk(w, "one-to-one", w.other, w.office.register())),
    ("group of two", "talk-too-few", lambda w: _talk(w, "group", w.other)),
    ("revoked before", "already-revoked", _already),
    ("a revocation", "not-revocable", lambda w: _revoke(w, _revocation(w))),
    ("credit rests on it", "rests-on-it", lambda w: _revoke(w, w.attendance["events"][0]["id"])),
    ("corrected to absence", "rests-on-it",
     lambda w: _correct(w, "learning.record-attendance",
                        {"session": w.session, "roll": [line(w.person, "absent", 0)]})),
    ("corrected to another type", "invalid-field",
     lambda w: _correct(w, "work.file-output", _output(w)["data"])),
    ("corrected to a revocation", "invalid-field",
     lambda w: _correct(w, "any.revoke-entry", {"event": w.attendance["events"][0]["id"], "reason": "mistake"})),
    ("corrected to a type that nobody knows", "unknown-type", lambda w: _correct(w, "x.y", {})),
    ("a secret's title", "classified-title", lambda w: _output(w, line="classified-communications")),
    ("a need that nobody raised", "unknown-reference",
     lambda w: _correct(w, "learning.record-attendance", {"session": "s-none", "roll": [line(w.person)]})),
]  # fmt: skip


def _same_as_told(receipt: Json, code: str) -> None:
    assert receipt["code"] == code, receipt
    assert receipt["outcome"] == "rejected"
    assert receipt["final"] is (code not in RETRYABLE)
    assert (receipt["events"], receipt["at_least"]) == ([], None)
    assert receipt["message"].keys() == {"en", "zh"}
    assert all(receipt["message"].values())
    assert any("\u4e00" <= letter <= "\u9fff" for letter in receipt["message"]["zh"])


@pytest.mark.parametrize(("code", "make"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_refused_over_http(pair: Pair, world: World, code: str, make: Callable[[World], Json]) -> None:
    answer = pair.post(make(world))
    assert answer.status_code == (409 if code == "stale-version" else 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert list(body) == ["type", "title", "status", "detail", "code", "errors", "receipt"]
    assert (body["code"], body["type"]) == (code, f"urn:chengzhang:problem:{code}")
    assert body["detail"] == body["receipt"]["message"]["en"]
    _same_as_told(body["receipt"], code)


def test_refused_over_kafka_all_in_a_row_and_the_neighbours_recorded(pair: Pair, world: World) -> None:
    made = [(name, code, make(world)) for name, code, make in CASES]
    neighbours = [world.office.section() for _ in made]
    mixed = [fields for (_, _, wrong), good in zip(made, neighbours, strict=True) for fields in (wrong, good)]
    told = pair.told(mixed)
    for (name, code, _), refused, good in zip(made, told[::2], told[1::2], strict=True):
        assert refused.receipt is not None, (name, refused)
        assert refused.code == code, (name, refused)
        _same_as_told(refused.receipt, code)
        assert good.receipt is not None
        assert good.receipt["outcome"] == "accepted"


def test_plaintext_where_sealed_fields_are_is_refused_over_kafka_only(pair: Pair, world: World) -> None:
    fields = world.office.registration(unique("p"))
    (told,) = pair.told([fields])
    assert told.receipt is not None
    _same_as_told(told.receipt, "plaintext-sealed")
    talk = world.act("talk.hold-talk", {
        "talk": unique("t"), "initiator": world.person, "participants": [world.other], "mode": "one-to-one",
        "note": f"{PLANTED}谈",
    })  # fmt: skip
    assert pair.told([talk])[0].code == "plaintext-sealed"
    open_ = _talk(world, "one-to-one", world.other)
    assert pair.told([open_])[0].code is None
    assert pair.post(fields | {"id": unique("a")}).status_code == 201


def test_an_event_that_would_be_too_large_is_refused_though_its_action_is_not(pair: Pair, world: World) -> None:
    person = world.office.register("p" * 40 + unique("-"))
    fields = world.office.session(person, expected=[person] * 1000)
    room = 64 * 1024 - len(_compact(fields))
    fields["data"]["expected"] += [person] * (room // (len(person) + 3))
    assert 65_000 < len(_compact(fields)) <= 65_536
    answer = pair.post(_compact(fields))
    assert answer.status_code == 422
    _same_as_told(answer.json()["receipt"], "too-large")
    (told,) = pair.told([structured(_compact(fields | {"id": unique("a")}))])
    assert told.code == "too-large"


def _compact(fields: Json) -> bytes:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_refused_action_leaves_no_event(pair: Pair, world: World) -> None:
    refused = _output(world, line="classified-communications")
    pair.post(refused)
    assert not pair.sql("SELECT 1 FROM ledger.event WHERE stream = $1", f"output/{refused['data']['output']}")
