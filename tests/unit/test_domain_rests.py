"""What rests on what: an event that made something stays while facts that stand name it."""

from __future__ import annotations

from typing import Any

import pytest

from services.recorder.domain.deciding.core import Event, Rejection
from tests.unit.office import Office, correction, founded, line, person, post, roll, session

LATE = "2026-03-03T09:00:00+08:00"
OUTPUT = {"output": "u-1", "lead": "p-9", "line": "information", "title": "信息", "level": "city", "effect": "adopted"}
VISIT = {"visit": "v-1", "person": "p-1", "occasion": "x", "class": "event", "event_on": "2026-03-01", "fund": "none",
         "fen": 0, "visitors": ["p-9"]}  # fmt: skip
TALK = {"talk": "t-1", "initiator": "p-1", "participants": ["p-9"], "mode": "one-to-one"}
# A fact of each kind that names p-9, by type and data.
NAMING: list[tuple[str, dict[str, Any]]] = [
    ("people.assume-post", post("p-9")),
    ("people.set-party-role", {"person": "p-9", "branch": "b", "role": "member", "from_on": "2026-01-01"}),
    ("learning.convene-session", session("m-2", chair="p-9")),
    ("learning.convene-session", session("m-2", expected=["p-1", "p-9"])),
    ("learning.convene-session", session("m-2", observers=["p-9"])),
    ("learning.record-attendance", roll(line("p-9"))),
    ("learning.record-attendance", roll(line("p-1", "leave", 0, granted_by="p-9"))),
    ("talk.hold-talk", TALK),
    ("work.file-output", OUTPUT),
    ("welfare.make-home-visit", VISIT),
]


def _office() -> tuple[Office, Event]:
    office = founded()
    registered = office.did("people.register-person", person("p-9", joined_on="2026-01-01"))
    office.did("learning.convene-session", session())
    return office, registered


def _why(office: Office, event: Event) -> Rejection:
    decided = office.submit("any.revoke-entry", {"event": event.id, "reason": "mistake"})
    assert isinstance(decided, Rejection)
    return decided


@pytest.mark.parametrize(("name", "data"), NAMING)
def test_a_registration_stays_while_a_fact_names_the_person_and_goes_once_none_does(
    name: str, data: dict[str, Any]
) -> None:
    office, registered = _office()
    fact = office.did(name, data, LATE)
    why = _why(office, registered)
    assert (why.code, fact.id in why.en, fact.id in why.zh) == ("rests-on-it", True, True)
    office.revoke(fact)
    office.revoke(registered)


def test_how_many_rest_on_it_and_only_those_that_stand_are_named() -> None:
    office, registered = _office()
    filed = [office.did("work.file-output", OUTPUT | {"output": f"u-{n}"}, LATE) for n in range(9)]
    assert "9 of them" in _why(office, registered).en
    for event in filed[:7]:
        office.revoke(event)
    why = _why(office, registered)
    assert "2 of them" in why.en
    assert {event.id for event in filed if event.id in why.en} == {event.id for event in filed[7:]}


def test_a_section_stays_while_somebody_sits_there() -> None:
    office = founded("p-1")
    defined = office.did("people.define-section", {"section": "s-2", "name": "二科"}, "2020-01-01T08:00:00+08:00")
    moved = office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-02-01"})
    assert _why(office, defined).code == "rests-on-it"
    office.revoke(moved)
    office.revoke(defined)


@pytest.mark.parametrize(("joined", "code"), [("2026-03-02", None), ("2026-03-04", "rests-on-it")])
def test_a_registration_is_corrected_only_to_before_what_rests_on_it(joined: str, code: str | None) -> None:
    office, registered = _office()
    office.did("work.file-output", OUTPUT, LATE)
    better = correction(registered, "people.register-person", person("p-9", joined_on=joined), "2026-03-05T09:00:00Z")
    if code is None:
        office.did("any.correct-entry", better)
    else:
        assert office.refused("any.correct-entry", better) == code


def test_a_replacement_that_records_several_facts_is_refused_in_words() -> None:
    office, _ = _office()
    there = office.did("learning.record-attendance", roll(line("p-1")))
    two = correction(there, "learning.record-attendance", roll(line("p-2")))
    action = office.action("any.correct-entry", two)
    assert action.replacement is not None
    several = action.replacement.data.model_copy(
        update={"roll": (*action.replacement.data.__dict__["roll"], *_lines("p-3"))}
    )
    decided = office.decide(action._replace(replacement=action.replacement._replace(data=several)))
    assert isinstance(decided, Rejection)
    assert decided.code == "invalid-field"


def _lines(ident: str) -> tuple[Any, ...]:
    action = founded().action("learning.record-attendance", roll(line(ident)))
    lines: tuple[Any, ...] = action.data.__dict__["roll"]
    return lines
