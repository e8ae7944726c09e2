"""Sessions, who was there, and what is credited for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.office import Office, correction, credit, founded, line, roll, session

LATER = "2026-03-02T10:00:00+08:00"  # an hour into m-1
AFTER = "2026-03-02T10:30:00+08:00"  # when m-1 ends


def _held(*lines: dict[str, object]) -> Office:
    office = founded()
    office.did("learning.convene-session", session())
    if lines:
        office.did("learning.record-attendance", roll(*lines))
    return office


def _beside(office: Office, starts_at: str = LATER, **more: object) -> None:
    office.did("learning.convene-session", session("m-2", starts_at=starts_at, **more))


# --- sessions ---


def test_a_session_id_is_taken_once_and_free_after_revocation() -> None:
    office = founded()
    convened = office.did("learning.convene-session", session())
    assert office.refused("learning.convene-session", session()) == "id-reused"
    office.revoke(convened)
    office.did("learning.convene-session", session(title="又一次"))


@pytest.mark.parametrize("more", [{"chair": "p-9"}, {"expected": ["p-1", "p-9"]}, {"observers": ["p-9"]}])
def test_all_persons_of_a_session_must_exist(more: dict[str, Any]) -> None:
    assert founded().refused("learning.convene-session", session(**more)) == "unknown-reference"


@pytest.mark.parametrize(
    ("convened", "starts", "entered", "known"),
    [
        ("2026-02-01T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-02-02T08:00:00+08:00", True),
        ("2026-03-20T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-03-02T11:00:00+08:00", True),  # convened late
        ("2026-03-20T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-03-01T11:00:00+08:00", False),
    ],
)
def test_a_session_is_known_from_convening_or_start_whichever_is_earlier(
    convened: str, starts: str, entered: str, known: bool
) -> None:
    office = founded()
    office.did("learning.convene-session", session(starts_at=starts), convened)
    if known:
        office.did("learning.record-attendance", roll(line()), entered)
    else:
        assert office.refused("learning.record-attendance", roll(line()), entered) == "unknown-reference"


# --- attendance ---


def test_one_submission_is_one_event_a_person() -> None:
    office = _held()
    decided = office.submit("learning.record-attendance", roll(line("p-1"), line("p-2", "leave", 0, leave_kind="duty")))
    assert isinstance(decided, list)
    assert [(e.data.person, e.data.state, e.stream) for e in decided] == [
        ("p-1", "present", "session/m-1"),
        ("p-2", "leave", "session/m-1"),
    ]
    assert len({e.id for e in decided}) == 2
    assert decided[0].data.session_stamp.minutes == 90


def test_minutes_stay_within_the_session() -> None:
    office = _held()
    assert office.refused("learning.record-attendance", roll(line(minutes=91))) == "minutes-above-session"
    office.did("learning.record-attendance", roll(line(minutes=90)))


def test_unknown_sessions_and_persons() -> None:
    office = _held()
    assert office.refused("learning.record-attendance", roll(line(), session="m-9")) == "unknown-reference"
    assert office.refused("learning.record-attendance", roll(line("p-1"), line("p-9"))) == "unknown-reference"


def test_one_state_a_person_and_session() -> None:
    office = _held(line("p-1"))
    assert (
        office.refused("learning.record-attendance", roll(line("p-2"), line("p-1", "absent", 0))) == "second-attendance"
    )
    assert office.refused("learning.record-attendance", roll(line("p-2"), line("p-2"))) == "second-attendance"
    office.did("learning.record-attendance", roll(line("p-2")))


def test_nobody_is_present_in_two_sessions_at_once() -> None:
    office = _held(line("p-1"))
    _beside(office)
    assert (
        office.refused("learning.record-attendance", roll(line("p-1", minutes=60), session="m-2")) == "session-overlap"
    )
    office.did("learning.record-attendance", roll(line("p-1", "partial", 60), line("p-2"), session="m-2"))


def test_the_order_of_entry_does_not_matter_for_an_overlap() -> None:
    office = founded()
    _beside(office)
    office.did("learning.record-attendance", roll(line("p-1"), session="m-2"))
    office.did("learning.convene-session", session())
    assert office.refused("learning.record-attendance", roll(line("p-1"))) == "session-overlap"


def test_one_session_may_begin_when_another_ends() -> None:
    office = _held(line("p-1"))
    _beside(office, AFTER)
    office.did("learning.record-attendance", roll(line("p-1"), session="m-2"))


def test_an_overlap_is_found_across_midnight_and_offsets() -> None:
    office = founded()
    office.did("learning.convene-session", session(starts_at="2026-03-02T23:30:00+08:00"))
    _beside(office, "2026-03-02T16:30:00Z")  # half past midnight in Shanghai
    office.did("learning.record-attendance", roll(line("p-1")))
    assert office.refused("learning.record-attendance", roll(line("p-1"), session="m-2")) == "session-overlap"


def test_present_elsewhere_is_no_hindrance_once_revoked() -> None:
    office = _held()
    first = office.did("learning.record-attendance", roll(line("p-1")))
    _beside(office)
    office.revoke(first)
    office.did("learning.record-attendance", roll(line("p-1"), session="m-2"))


# --- credit ---


@pytest.mark.parametrize(("state", "minutes"), [("leave", 0), ("absent", 0)])
def test_credit_needs_attendance(state: str, minutes: int) -> None:
    office = _held(line("p-1", state, minutes))
    assert office.refused("learning.credit-hours", credit()) == "no-attendance"
    assert office.refused("learning.credit-hours", credit("p-2")) == "no-attendance"


def test_the_same_credit_is_given_once_an_account() -> None:
    office = _held(line("p-1"))
    office.did("learning.credit-hours", credit())
    assert office.refused("learning.credit-hours", credit(centi_xueshi=400)) == "credit-twice"
    office.did("learning.credit-hours", credit(account="recognised"))


def test_credit_for_what_is_not_there() -> None:
    office = _held(line("p-1"))
    assert office.refused("learning.credit-hours", credit(session="m-9")) == "unknown-reference"
    assert office.refused("learning.credit-hours", credit("p-9")) == "unknown-reference"


# --- taking back and correcting ---


def test_attendance_with_credit_on_it_stays_but_may_become_partial() -> None:
    office = _held()
    there = office.did("learning.record-attendance", roll(line("p-1")))
    credited = office.did("learning.credit-hours", credit())
    assert office.refused_revocation(there) == "rests-on-it"
    gone = correction(there, "learning.record-attendance", roll(line("p-1", "absent", 0)))
    assert office.refused("any.correct-entry", gone) == "rests-on-it"
    office.did("any.correct-entry", correction(there, "learning.record-attendance", roll(line("p-1", "partial", 30))))
    office.revoke(credited)


def test_attendance_corrected_into_another_session_needs_its_credit_gone() -> None:
    office = _held()
    _beside(office, "2026-03-04T09:00:00+08:00")
    there = office.did("learning.record-attendance", roll(line("p-1")))
    credited = office.did("learning.credit-hours", credit())
    moved = correction(
        there, "learning.record-attendance", roll(line("p-1"), session="m-2"), "2026-03-04T11:00:00+08:00"
    )
    assert office.refused("any.correct-entry", moved) == "rests-on-it"
    office.revoke(credited)
    fact = office.did("any.correct-entry", moved)
    assert fact.stream == "session/m-2"
    assert office.refused("learning.credit-hours", credit()) == "no-attendance"
    office.did("learning.credit-hours", credit(session="m-2"), "2026-03-04T11:00:00+08:00")


def test_a_session_with_a_roll_stays() -> None:
    office = _held(line("p-1"))
    convened = next(e for e in office.events.values() if "convened" in e.data.TYPE)
    assert office.refused_revocation(convened) == "rests-on-it"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"minutes": 60}, "rests-on-it"),  # someone has 90 minutes
        ({"session": "m-7"}, "rests-on-it"),  # the roll would hang in the air
        ({"starts_at": "2026-03-05T09:30:00+08:00"}, "session-overlap"),  # into m-2, where p-1 is present too
        ({"starts_at": "2026-03-05T10:30:00+08:00"}, None),
        ({"title": "更名", "minutes": 120}, None),
    ],
)
def test_a_session_is_corrected_only_so_that_its_roll_holds(change: dict[str, Any], code: str | None) -> None:
    office = _held(line("p-1"))
    _beside(office, "2026-03-05T09:00:00+08:00")
    office.did("learning.record-attendance", roll(line("p-1"), session="m-2"), "2026-03-05T11:00:00+08:00")
    convened = next(e for e in office.events.values() if "convened" in e.data.TYPE)
    corrected = correction(convened, "learning.convene-session", session(**change))
    if code is None:
        office.did("any.correct-entry", corrected)
    else:
        assert office.refused("any.correct-entry", corrected) == code


def test_a_session_moved_away_leaves_no_overlap_behind() -> None:
    office = _held()
    _beside(office)
    convened = next(e for e in office.events.values() if "convened" in e.data.TYPE)
    moved = correction(convened, "learning.convene-session", session(starts_at="2026-03-09T09:00:00+08:00"))
    office.did("any.correct-entry", moved)
    office.did("learning.record-attendance", roll(line("p-1"), session="m-2"))
    office.did("learning.record-attendance", roll(line("p-1")))


def test_an_overlap_with_more_than_one_session_is_kept_when_one_of_them_goes() -> None:
    office = _held(line("p-1"))
    _beside(office)
    third = office.did("learning.convene-session", session("m-3", starts_at=LATER))
    office.revoke(third)
    assert office.refused("learning.record-attendance", roll(line("p-1"), session="m-2")) == "session-overlap"
