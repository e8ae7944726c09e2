"""Sessions, who was there, and what is credited for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recorder.domain.deciding.core import Rejection
from tests.unit.office import MONDAY, Office, correction, credit, founded, line, roll, session

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


def _there(office: Office, *lines: dict[str, object], at: str = LATER) -> Any:  # noqa: ANN401
    """A roll of m-2."""
    return office.did("learning.record-attendance", roll(*lines, session="m-2"), at)


def _not_there(office: Office, *lines: dict[str, object], at: str = LATER) -> str:
    return office.refused("learning.record-attendance", roll(*lines, session="m-2"), at)


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
    ("convened", "starts", "entered", "code"),
    [
        ("2026-02-01T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-02-02T08:00:00+08:00", "session-not-held"),
        ("2026-02-01T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-03-02T08:59:59+08:00", "session-not-held"),
        ("2026-02-01T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-03-02T01:00:00Z", None),
        ("2026-03-20T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-03-02T11:00:00+08:00", None),  # convened late
        ("2026-03-20T08:00:00+08:00", "2026-03-02T09:00:00+08:00", "2026-03-01T11:00:00+08:00", "unknown-reference"),
    ],
)
def test_a_session_is_known_from_convening_or_start_whichever_is_earlier_and_held_from_its_start(
    convened: str, starts: str, entered: str, code: str | None
) -> None:
    office = founded()
    office.did("learning.convene-session", session(starts_at=starts), convened)
    decided = office.submit("learning.record-attendance", roll(line()), entered)
    assert getattr(decided, "code", None) == code


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
    assert _not_there(office, line("p-1", minutes=60)) == "session-overlap"
    _there(office, line("p-1", "partial", 60), line("p-2"))


def test_the_order_of_entry_does_not_matter_for_an_overlap() -> None:
    office = founded()
    _beside(office)
    _there(office, line("p-1"))
    office.did("learning.convene-session", session())
    assert office.refused("learning.record-attendance", roll(line("p-1"))) == "session-overlap"


@pytest.mark.parametrize(("first", "second"), [(MONDAY, AFTER), (AFTER, MONDAY)])
def test_one_session_may_begin_when_another_ends(first: str, second: str) -> None:
    office = founded()
    office.did("learning.convene-session", session(starts_at=first))
    office.did("learning.record-attendance", roll(line("p-1")), first)
    _beside(office, second)
    _there(office, line("p-1"), at=second)


def test_an_overlap_is_found_across_midnight_and_offsets() -> None:
    office = founded()
    office.did("learning.convene-session", session(starts_at="2026-03-02T23:30:00+08:00"))
    _beside(office, "2026-03-02T16:30:00Z")  # half past midnight in Shanghai
    office.did("learning.record-attendance", roll(line("p-1")), "2026-03-02T23:30:00+08:00")
    assert _not_there(office, line("p-1"), at="2026-03-02T16:30:00Z") == "session-overlap"


def test_present_elsewhere_is_no_hindrance_once_revoked() -> None:
    office = _held()
    first = office.did("learning.record-attendance", roll(line("p-1")))
    _beside(office)
    office.revoke(first)
    _there(office, line("p-1"))


def test_minutes_in_sessions_at_the_same_time_fit_into_that_time() -> None:
    office = _held(line("p-1", "partial", 60))
    _beside(office, MONDAY, minutes=60)
    assert _not_there(office, line("p-1", "partial", 60), at=MONDAY) == "session-overlap"
    assert _not_there(office, line("p-1", "partial", 31), at=MONDAY) == "session-overlap"
    there = _there(office, line("p-1", "partial", 30), at=MONDAY)
    more = roll(line("p-1", "partial", 31), session="m-2")
    mended = correction(there, "learning.record-attendance", more)
    assert office.refused("any.correct-entry", mended) == "session-overlap"


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.integers(1, 30), st.sampled_from(["present", "partial", "leave", "absent"]),
            st.integers(1, 30),
        ),
        min_size=2, max_size=6,
    )
)  # fmt: skip
def test_a_chain_of_sessions_is_as_long_as_its_minutes_laid_side_by_side(
    meant: list[tuple[int, int, str, int]],
) -> None:
    """Against a person's minutes one by one: sessions of one minute in common hang together."""
    office = founded()
    begins = datetime.fromisoformat(MONDAY)
    for number, (start, length, _, _) in enumerate(meant):
        starts_at = (begins + timedelta(minutes=start)).isoformat()
        office.did("learning.convene-session", session(f"c-{number}", starts_at=starts_at, minutes=length))
    chains: list[tuple[set[int], int, int]] = []  # the minutes of the clock, those attended, how often present
    for number, (start, length, state, some) in enumerate(meant):
        minutes = {"present": length, "partial": min(some, length)}.get(state, 0)
        entered = roll(line("p-1", state, minutes), session=f"c-{number}")
        decided = office.submit("learning.record-attendance", entered, "2026-03-02T18:00:00+08:00")
        if not minutes:
            assert isinstance(decided, list)
            continue
        clock = set(range(start, start + length))
        near = [chain for chain in chains if chain[0] & clock]
        joined = clock.union(*(chain[0] for chain in near))
        total = minutes + sum(chain[1] for chain in near)
        present = (state == "present") + sum(chain[2] for chain in near)
        holds = total <= len(joined) and present <= 1
        assert getattr(decided, "code", None) == (None if holds else "session-overlap")
        if holds:
            chains = [chain for chain in chains if chain not in near] + [(joined, total, present)]


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


@pytest.mark.parametrize(("minutes", "most"), [(1, 100), (45, 100), (46, 200), (90, 200), (91, 300), (180, 400)])
def test_credit_is_at_most_what_the_session_gives(minutes: int, most: int) -> None:
    office = founded()
    office.did("learning.convene-session", session(minutes=minutes))
    office.did("learning.record-attendance", roll(line("p-1", minutes=minutes)))
    assert office.refused("learning.credit-hours", credit(centi_xueshi=most + 1)) == "credit-above-session"
    office.did("learning.credit-hours", credit(centi_xueshi=most))


def test_credit_comes_with_the_session_and_not_before() -> None:
    office = founded()
    office.did("learning.convene-session", session(starts_at=LATER))
    office.did("learning.record-attendance", roll(line("p-1")), LATER)
    assert office.refused("learning.credit-hours", credit()) == "session-not-held"
    office.did("learning.credit-hours", credit(), LATER)


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
        ({"starts_at": "2026-03-01T09:30:00+08:00"}, "session-overlap"),  # into m-2, where p-1 is present too
        ({"starts_at": "2026-03-01T10:30:00+08:00"}, None),
        ({"starts_at": "2026-03-02T09:00:01+08:00"}, "rests-on-it"),  # behind its own roll
        ({"title": "更名", "minutes": 120}, None),
    ],
)
def test_a_session_is_corrected_only_so_that_its_roll_holds(change: dict[str, Any], code: str | None) -> None:
    office = _held(line("p-1"))
    _beside(office, "2026-03-01T09:00:00+08:00")
    _there(office, line("p-1"), at="2026-03-01T11:00:00+08:00")
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
    _there(office, line("p-1"))
    office.did("learning.record-attendance", roll(line("p-1")), "2026-03-09T09:00:00+08:00")


def test_a_session_moved_or_cut_frees_itself_when_what_rests_on_it_is_gone() -> None:
    office = _held(line("p-1", "partial", 40))
    credited = office.did("learning.credit-hours", credit())
    convened = next(e for e in office.events.values() if "convened" in e.data.TYPE)
    there = next(e for e in office.events.values() if "attendance" in e.data.TYPE)
    shorter = correction(convened, "learning.convene-session", session(minutes=45))
    later = correction(convened, "learning.convene-session", session(starts_at=LATER))
    refused = office.submit("any.correct-entry", shorter)
    assert isinstance(refused, Rejection)
    assert (refused.code, "1 of them" in refused.en, credited.id in refused.en) == ("rests-on-it", True, True)
    refused = office.submit("any.correct-entry", later)
    assert isinstance(refused, Rejection)
    assert (refused.code, "2 of them" in refused.en) == ("rests-on-it", True)
    office.revoke(credited)
    assert office.refused("any.correct-entry", later) == "rests-on-it"
    office.revoke(there)
    office.did("any.correct-entry", later)


def test_an_overlap_with_more_than_one_session_is_kept_when_one_of_them_goes() -> None:
    office = _held(line("p-1"))
    _beside(office)
    third = office.did("learning.convene-session", session("m-3", starts_at=LATER))
    office.revoke(third)
    assert _not_there(office, line("p-1")) == "session-overlap"
