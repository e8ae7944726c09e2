"""Make-up, cancelled and moved sessions, what sessions bring, plans, courses: each rule by given, when, then."""

from __future__ import annotations

from typing import Any

import pytest

from services.recorder.domain.deciding.core import Event, Rejection
from tests.unit.office import MONDAY, Office, correction, credit, founded, line, roll, session

NEXT_DAY = "2026-03-03T09:00:00+08:00"
SHA = "0" * 64
MAKE_UP = {"session": "m-1", "person": "p-1", "on": "2026-03-03", "form": "reading"}
IN_A_SESSION: list[tuple[str, dict[str, Any]]] = [
    ("record-attendance", roll(line("p-2"))),
    ("complete-make-up", MAKE_UP),
    ("record-minutes", {"session": "m-1", "recorder": "p-2", "document_sha256": SHA}),
    ("deliver-speech", {"session": "m-1", "person": "p-2", "part": "free", "topic": "体会"}),
    ("submit-reflection", {"session": "m-1", "person": "p-2", "document_sha256": SHA}),
    ("score-contest", {"session": "m-1", "person": "p-2", "milli_points": 1000, "place": 1}),
    ("observe-session", {"session": "m-1", "unit": "宣传部", "note": "好", "on": "2026-03-03"}),
]
EARLIER = "2026-02-01T09:00:00+08:00"


def _convened(**more: Any) -> Office:  # noqa: ANN401
    office = founded()
    office.did("learning.convene-session", session(**more), EARLIER)
    return office


def _away(state: str = "leave") -> tuple[Office, Any]:
    office = _convened()
    return office, office.did("learning.record-attendance", roll(line(state=state, minutes=0)))


# --- in a session ---


@pytest.mark.parametrize(("name", "data"), IN_A_SESSION, ids=[name for name, _ in IN_A_SESSION])
def test_given_a_session_when_something_in_it_comes_before_its_start_then_it_was_not_held(
    name: str, data: dict[str, Any]
) -> None:
    office = _convened()
    before = "2026-03-02T08:59:59+08:00"
    assert office.refused(f"learning.{name}", data, before) == "session-not-held"
    if name != "complete-make-up":
        office.did(f"learning.{name}", data)  # at its start it passes


@pytest.mark.parametrize(("name", "data"), IN_A_SESSION, ids=[name for name, _ in IN_A_SESSION])
def test_given_a_cancelled_session_then_nothing_in_it_is_recorded_until_that_is_revoked(
    name: str, data: dict[str, Any]
) -> None:
    office = _convened()
    cancelled = office.did("learning.cancel-session", {"session": "m-1", "reason": "clash"}, EARLIER)
    assert office.refused(f"learning.{name}", data, NEXT_DAY) == "session-cancelled"
    office.revoke(cancelled)
    if name != "complete-make-up":
        office.did(f"learning.{name}", data, NEXT_DAY)


@pytest.mark.parametrize(("name", "data"), IN_A_SESSION[2:-1], ids=[name for name, _ in IN_A_SESSION[2:-1]])
def test_what_is_recorded_once_a_session_or_person_is_free_again_after_revocation(
    name: str, data: dict[str, Any]
) -> None:
    office = _convened()
    first = office.did(f"learning.{name}", data, NEXT_DAY)
    assert office.refused(f"learning.{name}", data, NEXT_DAY) == "once-only"
    office.revoke(first)
    office.did(f"learning.{name}", data, NEXT_DAY)


def test_one_person_speaks_once_in_each_part() -> None:
    office = _convened()
    speech = IN_A_SESSION[3][1]
    office.did("learning.deliver-speech", speech)
    office.did("learning.deliver-speech", speech | {"part": "keynote"})
    assert office.refused("learning.deliver-speech", speech | {"part": "keynote"}) == "once-only"


def test_events_in_a_session_carry_what_is_known_of_it_and_where_people_sat() -> None:
    office = _convened(kinds=["lecture", "quiz"])
    for name, data in IN_A_SESSION[3:6]:
        event = office.did(f"learning.{name}", data)
        assert event.stream == "session/m-1"
        assert (event.data.session_stamp.kinds, event.data.session_stamp.minutes) == (("lecture", "quiz"), 90)
        assert [stamp.section for stamp in event.data.stamps] == ["s-1"]


def test_minutes_end_after_the_session_begins() -> None:
    office = _convened()
    minutes = IN_A_SESSION[2][1]
    assert office.refused("learning.record-minutes", minutes | {"ended_at": MONDAY}, NEXT_DAY) == "invalid-field"
    told = {
        "ended_at": "2026-03-02T10:00:00+08:00",
        "matters": [{"matter": "计划", "for": 9, "against": 1, "abstained": 0}],
    }
    event = office.did("learning.record-minutes", minutes | told, NEXT_DAY)
    assert event.data.payload()["matters"] == [{"matter": "计划", "for": 9, "against": 1, "abstained": 0}]


# --- cancelled ---


def test_a_session_is_cancelled_once_and_not_once_it_took_place() -> None:
    office = _convened()
    cancel = {"session": "m-1", "reason": "no-quorum"}
    rolled = office.did("learning.record-attendance", roll(line()))
    assert office.refused("learning.cancel-session", cancel) == "rests-on-it"
    office.revoke(rolled)
    minutes = office.did("learning.record-minutes", IN_A_SESSION[2][1])
    assert office.refused("learning.cancel-session", cancel) == "rests-on-it"
    office.revoke(minutes)
    office.did("learning.cancel-session", cancel)
    assert office.refused("learning.cancel-session", cancel) == "session-cancelled"
    moved = {"session": "m-1", "starts_at": NEXT_DAY, "minutes": 90}
    assert office.refused("learning.reschedule-session", moved) == "session-cancelled"


# --- moved ---


def test_given_a_session_moved_then_its_new_time_counts_for_roll_and_minutes() -> None:
    office = _convened()
    office.did("learning.reschedule-session", {"session": "m-1", "starts_at": NEXT_DAY, "minutes": 60}, EARLIER)
    assert office.refused("learning.record-attendance", roll(line(minutes=60))) == "session-not-held"
    assert office.refused("learning.record-attendance", roll(line(minutes=61)), NEXT_DAY) == "minutes-above-session"
    there = office.did("learning.record-attendance", roll(line(minutes=60)), NEXT_DAY)
    assert (there.data.session_stamp.starts_at, there.data.session_stamp.minutes) == (NEXT_DAY, 60)


def test_of_several_moves_the_latest_counts_and_without_it_the_one_before() -> None:
    office = _convened()
    office.did("learning.reschedule-session", {"session": "m-1", "starts_at": NEXT_DAY, "minutes": 60}, EARLIER)
    second = office.did(
        "learning.reschedule-session",
        {"session": "m-1", "starts_at": MONDAY, "minutes": 30},
        "2026-02-02T09:00:00+08:00",
    )
    assert office.refused("learning.record-attendance", roll(line(minutes=31))) == "minutes-above-session"
    office.revoke(second)
    assert office.refused("learning.record-attendance", roll(line(minutes=30))) == "session-not-held"


def test_a_roll_must_fit_into_the_time_to_which_a_session_moves_and_stays_fitting() -> None:
    office = _convened()
    moved = office.did("learning.reschedule-session", {"session": "m-1", "starts_at": MONDAY, "minutes": 120}, EARLIER)
    office.did("learning.record-attendance", roll(line(minutes=120)))
    shorter = {"session": "m-1", "starts_at": MONDAY, "minutes": 119}
    assert office.refused("learning.reschedule-session", shorter) == "rests-on-it"
    later = {"session": "m-1", "starts_at": NEXT_DAY, "minutes": 120}
    assert office.refused("learning.reschedule-session", later) == "rests-on-it"
    assert office.refused_revocation(moved) == "rests-on-it"
    longer = office.did("learning.reschedule-session", {"session": "m-1", "starts_at": MONDAY, "minutes": 150})
    office.revoke(longer)


def test_a_session_does_not_move_onto_another_at_which_the_same_people_were() -> None:
    office = _convened()
    office.did("learning.convene-session", session("m-2", starts_at=NEXT_DAY), EARLIER)
    office.did("learning.record-attendance", roll(line(), session="m-2"), NEXT_DAY)
    moved = office.did("learning.reschedule-session", {"session": "m-1", "starts_at": NEXT_DAY, "minutes": 90}, EARLIER)
    assert office.refused("learning.record-attendance", roll(line()), NEXT_DAY) == "session-overlap"
    office.revoke(moved)
    office.did("learning.record-attendance", roll(line()))
    again = {"session": "m-1", "starts_at": "2026-03-03T08:00:00+08:00", "minutes": 90}
    assert office.refused("learning.reschedule-session", again, NEXT_DAY) == "rests-on-it"  # its roll is of the 2nd


@pytest.mark.parametrize(
    ("starts_at", "day"),
    [
        ("2026-03-01T23:30:00+08:00", "2026-03-01"),  # until half past midnight
        ("2024-02-29T23:59:00+08:00", "2024-02-29"),
        ("2025-12-31T16:00:00Z", "2026-01-01"),
    ],
)
def test_sessions_across_midnight_meet_those_of_both_days(starts_at: str, day: str) -> None:
    office = founded()
    long_ago = "2024-01-02T09:00:00+08:00"
    office.did("learning.convene-session", session(starts_at=starts_at, minutes=90), long_ago)
    office.did("learning.convene-session", session("m-2", starts_at=f"{day}T12:00:00+08:00"), long_ago)
    office.did("learning.record-attendance", roll(line()), starts_at)
    office.did(
        "learning.reschedule-session",
        {"session": "m-2", "starts_at": starts_at.replace(":00", ":05", 1) if starts_at.endswith("Z") else starts_at,
         "minutes": 60}, long_ago,
    )  # fmt: skip
    late = "2026-12-01T09:00:00+08:00"
    assert (
        office.refused("learning.record-attendance", roll(line(minutes=60), session="m-2"), late) == "session-overlap"
    )


# --- make-up, and credit for it ---


@pytest.mark.parametrize("state", ["leave", "absent"])
def test_given_leave_or_absence_when_made_up_then_credit_may_be_given(state: str) -> None:
    office, _ = _away(state)
    assert office.refused("learning.credit-hours", credit(), NEXT_DAY) == "no-attendance"
    office.did("learning.complete-make-up", MAKE_UP, NEXT_DAY)
    office.did("learning.credit-hours", credit(), NEXT_DAY)


@pytest.mark.parametrize("there", [None, "present", "partial"])
def test_given_neither_leave_nor_absence_then_there_is_nothing_to_make_up(there: str | None) -> None:
    office = _convened()
    if there:
        office.did("learning.record-attendance", roll(line(state=there, minutes=60)))
    assert office.refused("learning.complete-make-up", MAKE_UP, NEXT_DAY) == "no-leave"


def test_nothing_is_made_up_before_the_sessions_day() -> None:
    office, _ = _away()
    assert office.refused("learning.complete-make-up", MAKE_UP | {"on": "2026-03-01"}, NEXT_DAY) == "session-not-held"
    office.did("learning.complete-make-up", MAKE_UP | {"on": "2026-03-02"}, NEXT_DAY)


def test_what_rests_on_a_line_and_on_a_make_up_keeps_them() -> None:
    office, away = _away()
    made_up = office.did("learning.complete-make-up", MAKE_UP, NEXT_DAY)
    assert office.refused_revocation(away) == "rests-on-it"
    present = correction(away, "learning.record-attendance", roll(line()))
    assert office.refused("any.correct-entry", present) == "rests-on-it"
    absent = correction(away, "learning.record-attendance", roll(line(state="absent", minutes=0)))
    office.did("any.correct-entry", absent)
    credited = office.did("learning.credit-hours", credit(), NEXT_DAY)
    assert office.refused_revocation(made_up) == "rests-on-it"
    for event in (credited, made_up):
        office.revoke(event)
    assert office.refused("learning.credit-hours", credit(), NEXT_DAY) == "no-attendance"


# --- plans ---

PLAN = {"plan": "pl-1", "year": 2026, "carrier": "branch"}
MONTH: dict[str, Any] = {
    "plan": "pl-1", "month": "2026-03",
    "items": [{"item": "i-1", "iso_week": "2026-W10", "kinds": ["lecture"], "title": "党课"}],
}  # fmt: skip


def test_a_carrier_and_group_has_one_plan_a_year() -> None:
    office = founded()
    office.did("learning.adopt-plan", PLAN)
    assert office.refused("learning.adopt-plan", PLAN | {"plan": "pl-2"}) == "once-only"
    office.did("learning.adopt-plan", PLAN | {"plan": "pl-2", "group": "s-1"})
    office.did("learning.adopt-plan", PLAN | {"plan": "pl-3", "year": 2027})


def test_a_plan_has_one_arrangement_a_month_within_its_year() -> None:
    office = founded()
    assert office.refused("learning.arrange-month", MONTH) == "unknown-reference"
    adopted = office.did("learning.adopt-plan", PLAN)
    arranged = office.did("learning.arrange-month", MONTH)
    again = MONTH | {"items": [MONTH["items"][0] | {"item": "i-9"}]}
    assert office.refused("learning.arrange-month", again) == "once-only"
    april = MONTH["items"][0] | {"iso_week": "2026-W15"}
    assert office.refused("learning.arrange-month", MONTH | {"month": "2026-04", "items": [april]}) == "id-reused"
    elsewhere = {
        "plan": "pl-1",
        "month": "2025-12",
        "items": [MONTH["items"][0] | {"item": "i-8", "iso_week": "2026-W01"}],
    }
    assert office.refused("learning.arrange-month", elsewhere) == "invalid-field"
    assert office.refused_revocation(adopted) == "rests-on-it"
    office.did("learning.convene-session", session(items=["i-1"]))
    assert office.refused_revocation(arranged) == "rests-on-it"


def test_a_session_knows_the_plans_whose_items_it_fulfils_each_once() -> None:
    office = founded()
    for plan, carrier, item in (("pl-1", "branch", "i-1"), ("pl-2", "section", "i-2")):
        office.did("learning.adopt-plan", PLAN | {"plan": plan, "carrier": carrier})
        items = [{"item": item, "ten_days": "early", "kinds": ["lecture"], "title": "党课"},
                 {"item": f"{item}-b", "ten_days": "late", "kinds": ["quiz"], "title": "竞赛"}]  # fmt: skip
        office.did("learning.arrange-month", {"plan": plan, "month": "2026-03", "items": items})
    convened = office.did(
        "learning.convene-session", session(items=["i-2", "i-1", "i-1-b"], carriers=["branch", "section"])
    )
    assert convened.data.plans == ("pl-2", "pl-1")
    assert office.did("learning.convene-session", session("m-2")).data.plans == ()
    assert office.refused("learning.convene-session", session("m-3", items=["i-9"])) == "unknown-reference"


def test_only_members_leave_a_carrier() -> None:
    office = founded()
    member = {"person": "p-1", "carrier": "youth-group", "on": "2026-02-01"}
    assert office.refused("learning.leave-carrier", member) == "unknown-reference"
    office.did("learning.join-carrier", member)
    assert office.refused("learning.leave-carrier", member | {"on": "2026-01-31"}) == "unknown-reference"
    assert office.refused("learning.leave-carrier", member | {"group": "一组"}) == "unknown-reference"
    office.did("learning.leave-carrier", member | {"on": "2026-03-01"})
    assert office.refused("learning.leave-carrier", member | {"on": "2026-03-02"}) == "unknown-reference"


# --- courses ---

COURSE = {
    "course": "c-1", "person": "p-1", "title": "进修班", "organiser": "组织部", "institution": "党校",
    "kind": "off-the-job", "from_on": "2026-02-02", "to_on": "2026-02-06", "centi_xueshi": 4200, "days": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "leave", "code"),
    [
        ("off-the-job", 600, None),  # a seventh of it
        ("off-the-job", 601, "above-leave-share"),
        ("recognised", 601, None),
        ("online", 4200, None),
    ],
)
def test_more_leave_than_a_seventh_of_a_course_off_the_job_gives_no_credit(
    kind: str, leave: int, code: str | None
) -> None:
    decided = founded().submit("learning.record-course", COURSE | {"kind": kind, "leave_centi_xueshi": leave})
    if code is None:
        assert isinstance(decided, list)
        assert isinstance(decided[0], Event)
    else:
        assert isinstance(decided, Rejection)
        assert (decided.code, decided.final, "national-2026" in decided.en, "1/7" in decided.zh) == (
            code,
            True,
            True,
            True,
        )
