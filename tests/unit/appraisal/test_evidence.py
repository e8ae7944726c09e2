"""What is admitted as evidence (rule 9): verified learning, work and activity of that person and year; nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.catalogue import ACTIONS, BECOMES, EVENTS
from services.recorder.domain.deciding.core import Event, Rejection
from services.recorder.intake.reading import Readable, read
from tests.contract import examples
from tests.unit.appraisal.year import Year, staffed
from tests.unit.office import Office, correction, line, roll, session

MAY = "2025-05-06T09:00:00+08:00"
OUTPUT = {"output": "u-1", "lead": "p-2", "line": "information", "title": "信息", "level": "city", "effect": "adopted"}


def _admit(year: Year, *events: Event, who: str = "p-2") -> str | None:
    said = year.said("admit-evidence", who, events=[event.id for event in events])
    return said.code if isinstance(said, Rejection) else None


def _output(office: Office, at: str = MAY, **more: object) -> Any:  # noqa: ANN401
    return office.did("work.file-output", OUTPUT | more, at)


def test_learning_work_and_activity_of_the_year_are_admitted_and_stay_while_they_are() -> None:
    office = staffed()
    output = _output(office)
    office.did("learning.convene-session", session(starts_at=MAY), MAY)
    there = office.did("learning.record-attendance", roll(line("p-2")), MAY)
    shared = office.did(
        "team.share-knowledge", {"sharing": "s", "person": "p-2", "topic": "公文", "reached": ["p-3"]}, MAY
    )
    year = Year(office)
    assert _admit(year, output, there, shared) is None
    admitted = list(office.events.values())[-1]
    for event in (output, there, shared):
        assert office.refused_revocation(event) == "rests-on-it"
    office.revoke(admitted)
    office.revoke(output)


@pytest.mark.parametrize(("at", "code"), [
    ("2024-12-31T23:59:59+08:00", "not-evidence"), ("2024-12-31T16:00:00Z", None),
    ("2025-12-31T15:59:59Z", None), ("2026-01-01T00:00:00+08:00", "not-evidence"),
])  # fmt: skip
def test_of_the_calendar_year_in_shanghai(at: str, code: str | None) -> None:
    office = staffed()
    assert _admit(Year(office), _output(office, at)) == code


def test_of_that_person() -> None:
    office = staffed()
    output = _output(office, participants=["p-3"])
    year = Year(office)
    assert _admit(year, output, who="p-3") is None
    assert _admit(year, output, who="p-4") == "not-evidence"


def test_what_is_not_there_may_come_and_what_was_revoked_may_not() -> None:
    office = staffed()
    year = Year(office)
    missing = "00000000-0000-5000-8000-000000000000"
    assert year.no("admit-evidence", "p-2", events=[missing]) == "unknown-reference"
    output = _output(office)
    office.revoke(output)
    assert _admit(year, output) == "already-revoked"


def test_what_is_proposed_or_disputed_only_once_that_is_settled() -> None:
    office = staffed()
    year = Year(office)
    proposal = office.did("any.propose-entry", {"type": "chengzhang.work.file-output.v1", "data": OUTPUT}, MAY)
    assert _admit(year, proposal) == "unverified"
    verified = office.submit("any.verify-entry", {"event": proposal.id}, MAY)
    assert isinstance(verified, list)
    output = office.events[verified[1].id]
    office.did("any.dispute-entry", {"event": output.id, "what": "不实"}, MAY)
    assert _admit(year, output) == "unverified"
    office.did("any.settle-dispute", {"event": output.id, "upheld": False}, MAY)
    assert _admit(year, output) is None
    assert _admit(year, proposal) == "unverified"


def test_one_that_does_not_count_keeps_out_those_beside_it() -> None:
    office = staffed()
    year = Year(office)
    good, other = _output(office), _output(office, "2024-05-06T09:00:00+08:00", output="u-2")
    assert _admit(year, good, other) == "not-evidence"
    office.revoke(good)


# --- by construction: every type, by every way in ---

JUDGED = {"learning", "work", "activity"}


@pytest.fixture(scope="module")
def recorded() -> tuple[Office, dict[str, Event]]:
    """Every type's example, recorded, and a cycle of their year."""
    office = Office()
    found = {event.data.TYPE: event for _, events in examples.recorded(office) for event in events}
    return office, found


@pytest.mark.parametrize("type_", EVENTS)
def test_no_type_but_those_of_the_three_groups_is_ever_evidence(
    recorded: tuple[Office, dict[str, Event]], type_: str
) -> None:
    office, found = recorded
    event = found[type_]
    who = event.data.stamps[0].person if event.data.stamps else "p-1"
    again = Office(dict(office.states), dict(office.events), 5000)
    data = {"cycle": "cy-2026", "person": who, "events": [event.id]}
    said = again.submit("appraisal.admit-evidence", data, "2026-12-02T09:00:00+08:00")
    entry = EVENTS[type_].ENTRY
    if entry is None or entry.group not in JUDGED:
        assert isinstance(said, Rejection), type_
        assert said.code in {"not-evidence", "unverified", "archived-file", "already-revoked"}
        assert type_.endswith("proposed.v1") or said.code != "unverified"
    elif isinstance(said, Rejection):
        assert said.code in {"archived-file", "already-revoked", "not-evidence"}  # of another year, or of nobody


def test_care_is_not_proposed_either() -> None:
    office = staffed()
    for action in ACTIONS:
        if action.startswith(("chengzhang.welfare.", "chengzhang.talk.", "chengzhang.appraisal.")):
            data = {"type": action, "data": {}}
            said = office.submit("any.propose-entry", data) if _proposable(action) else None
            assert said is None or isinstance(said, Rejection)
            assert EVENTS[BECOMES[action]].ENTRY is None or EVENTS[BECOMES[action]].ENTRY.group == "talk"  # type: ignore[union-attr]


def _proposable(action: str) -> bool:
    from services.recorder.domain.proposing import PROPOSABLE  # noqa: PLC0415

    return action in PROPOSABLE


@pytest.mark.parametrize("name", ["talk.hold-talk", "welfare.make-home-visit", "welfare.raise-need"])
def test_care_comes_in_neither_by_a_correction_nor_by_a_proposal(name: str) -> None:
    care: dict[str, dict[str, Any]] = {
        "talk.hold-talk": {"talk": "t", "initiator": "p-1", "participants": ["p-2"], "mode": "one-to-one"},
        "welfare.make-home-visit": {"visit": "v", "person": "p-2", "occasion": "住院", "class": "event", "fund": "none",
                                    "event_on": "2025-05-06", "fen": 0, "visitors": ["p-1"]},
        "welfare.raise-need": {"need": "n", "person": "p-2", "kind": "住房", "what": "临时周转"},
    }  # fmt: skip
    office = staffed()
    event, output = office.did(name, care[name], MAY), _output(office)
    year = Year(office)
    admitted = year.did("admit-evidence", "p-2", events=[output.id])
    data = year.data("admit-evidence", "p-2", {"events": [output.id, event.id]})
    smuggled = correction(admitted, "appraisal.admit-evidence", data, year.at("admit-evidence"))
    assert office.refused("any.correct-entry", smuggled) == "not-evidence"
    proposal = {"type": "chengzhang.appraisal.admit-evidence.v1", "data": data}
    fields = {"specversion": "1.0", "id": "x", "source": "/t", "type": "chengzhang.any.propose-entry.v1", "time": MAY,
              "office": "o-1", "actor": "p-2", "data": proposal}  # fmt: skip
    readable = read(fields, orjson.dumps(fields))
    assert isinstance(readable, Readable)
    assert readable.refusal is not None
