"""Taking back and correcting: what a revocation carries, what can't be revoked, and what comes back."""

from __future__ import annotations

import pytest

from services.recorder.domain.deciding.core import Rejection
from services.recorder.domain.deciding.revocation import Revocation
from tests.unit.office import correction, credit, founded, line, roll, session

OUTPUT = {"output": "u-1", "lead": "p-1", "line": "information", "title": "信息", "level": "city", "effect": "pending"}
NOWHERE = "6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"


def test_a_revocation_carries_the_fact_with_its_time_and_stamps() -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT, "2026-02-01T08:00:00+08:00")
    revoked = office.revoke(filed)
    assert (revoked.data.event, revoked.stream) == (filed.id, filed.stream)
    assert (revoked.data.fact.type, revoked.data.fact.time) == (filed.data.TYPE, filed.time)
    assert revoked.data.stamps == filed.data.stamps
    assert revoked.data.fact.data["title"] == "信息"


def test_what_is_not_there_may_come_yet() -> None:
    assert founded().refused("any.revoke-entry", {"event": NOWHERE, "reason": "mistake"}) == "unknown-reference"


def test_nothing_is_revoked_twice_and_no_revocation_at_all() -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT)
    revoked = office.revoke(filed)
    assert office.refused_revocation(filed) == "already-revoked"
    assert office.refused_revocation(revoked) == "not-revocable"
    assert office.refused("any.correct-entry", correction(filed, "work.file-output", OUTPUT)) == "already-revoked"
    assert office.refused("any.correct-entry", correction(revoked, "work.file-output", OUTPUT)) == "not-revocable"


def test_a_correction_is_a_revocation_and_the_new_fact_in_one() -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT)
    decided = office.submit("any.correct-entry", correction(filed, "work.file-output", OUTPUT | {"effect": "adopted"}))
    assert not isinstance(decided, Rejection)
    revoked, fact = decided
    assert (revoked.data.event, fact.data.corrects, fact.data.effect) == (filed.id, filed.id, "adopted")
    assert revoked.id != fact.id


def test_a_correction_may_itself_be_corrected_and_then_revoked() -> None:
    office = founded()
    first = office.did("work.file-output", OUTPUT)
    second = office.did("any.correct-entry", correction(first, "work.file-output", OUTPUT | {"level": "district"}))
    third = office.did("any.correct-entry", correction(second, "work.file-output", OUTPUT | {"level": "province"}))
    assert third.data.corrects == second.id
    assert office.refused("any.correct-entry", correction(first, "work.file-output", OUTPUT)) == "already-revoked"
    assert office.refused_revocation(second) == "already-revoked"
    office.revoke(third)
    office.did("work.file-output", OUTPUT)


def test_a_corrected_attendance_may_itself_be_corrected() -> None:
    office = founded()
    office.did("learning.convene-session", session())
    first = office.did("learning.record-attendance", roll(line()))
    office.did("learning.credit-hours", credit())
    second = office.did("any.correct-entry", correction(first, "learning.record-attendance", roll(line(minutes=60))))
    third = office.did("any.correct-entry", correction(second, "learning.record-attendance", roll(line(minutes=30))))
    assert (third.data.minutes, third.data.corrects) == (30, second.id)
    assert office.refused_revocation(third) == "rests-on-it"
    assert office.refused("learning.credit-hours", credit()) == "credit-twice"


def test_a_correction_keeps_the_type() -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT)
    assert (
        office.refused("any.correct-entry", correction(filed, "learning.convene-session", session())) == "invalid-field"
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [({"lead": "p-9"}, "unknown-reference"), ({"line": "classified-communications"}, "classified-title")],
)
def test_a_replacement_is_decided_like_any_fact(change: dict[str, str], code: str) -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT)
    assert office.refused("any.correct-entry", correction(filed, "work.file-output", OUTPUT | change)) == code


def test_a_correction_to_a_taken_id_is_refused() -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT)
    office.did("work.file-output", OUTPUT | {"output": "u-2"})
    assert (
        office.refused("any.correct-entry", correction(filed, "work.file-output", OUTPUT | {"output": "u-2"}))
        == "id-reused"
    )


def test_a_replacement_from_the_future_waits() -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT)
    late = correction(filed, "work.file-output", OUTPUT, "2027-06-01T08:00:00+08:00")
    assert office.refused("any.correct-entry", late) == "not-yet"


def test_a_mark_stays_on_what_was_revoked() -> None:
    office = founded()
    filed = office.did("work.file-output", OUTPUT)
    revoked = office.revoke(filed)
    assert office.states["revocation", f"o-1/{filed.id}"] == Revocation(by=revoked.id)
