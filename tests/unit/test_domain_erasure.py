"""Erasing: who may be erased when, and what can still be recorded of somebody who was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.recorder.domain.deciding.core import RETRYABLE, Rejection, Terms
from tests.unit.office import Office, correction, founded, line, person, roll, session

ERASE = {"person": "p-1", "basis": "档案销毁决定 2026-3"}
HOLD = {"person": "p-1", "basis": "审计通知 2026-7"}
TALK = {"talk": "t-1", "initiator": "p-2", "participants": ["p-1"], "mode": "one-to-one", "note": "谈得很好"}
VISIT = {
    "visit": "v-1", "person": "p-1", "occasion": "生日", "class": "event", "event_on": "2026-03-01", "fund": "none",
    "fen": 0,
}  # fmt: skip


def _erase_now(office: Office) -> Any:  # noqa: ANN401  # an event
    office.did("people.request-erasure", ERASE)
    return office.did("people.erase-person", ERASE)


def _erased() -> Office:
    office = founded("p-1", "p-2", "p-3")
    _erase_now(office)
    return office


def test_a_person_is_erased_once() -> None:
    office = founded("p-1")
    event = _erase_now(office)
    assert event.stream == "person/p-1"
    assert [(s.section, s.tier) for s in event.data.stamps] == [("s-1", "staff")]
    assert office.refused("people.erase-person", ERASE) == "erased"
    assert office.refused("people.request-erasure", ERASE) == "erased"
    assert "erased" not in RETRYABLE


@pytest.mark.parametrize("name", ["request-erasure", "erase-person", "place-hold", "lift-hold"])
def test_nobody_knows_a_stranger(name: str) -> None:
    assert founded("p-1").refused(f"people.{name}", HOLD | {"person": "p-9"}) == "unknown-reference"


def test_a_hold_forbids_erasing_until_it_is_lifted() -> None:
    office = founded("p-1")
    placed = office.did("people.place-hold", HOLD)
    assert office.refused("people.erase-person", ERASE) == "on-hold"
    assert "on-hold" in RETRYABLE
    assert office.did("people.lift-hold", HOLD).data.hold == placed.id
    _erase_now(office)


def test_each_hold_is_lifted_by_itself() -> None:
    office = founded("p-1")
    first, second = office.did("people.place-hold", HOLD), office.did("people.place-hold", HOLD | {"basis": "b"})
    assert office.did("people.lift-hold", HOLD).data.hold == first.id
    assert office.refused("people.erase-person", ERASE) == "on-hold"
    assert office.did("people.lift-hold", HOLD).data.hold == second.id
    assert office.refused("people.lift-hold", HOLD) == "unknown-reference"


def test_who_is_erased_is_not_held_any_more() -> None:
    assert _erased().refused("people.place-hold", HOLD) == "erased"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("people.register-person", person("p-1")),
        ("talk.hold-talk", TALK),
        ("talk.hold-talk", TALK | {"initiator": "p-1", "participants": ["p-2", "p-3"], "mode": "group"}),
        ("welfare.make-home-visit", VISIT),
    ],
)
def test_what_needs_the_key_is_refused_for_good(name: str, data: dict[str, object]) -> None:
    assert _erased().refused(name, data) == "erased"


def test_so_is_a_correction_that_would_seal_anew() -> None:
    office = founded("p-1", "p-2")
    held = office.did("talk.hold-talk", TALK)
    _erase_now(office)
    assert office.refused("any.correct-entry", correction(held, "talk.hold-talk", TALK | {"note": "x"})) == "erased"


def test_facts_without_sealed_fields_may_still_come() -> None:
    office = _erased()
    office.did("learning.convene-session", session(chair="p-2"))
    office.did("learning.record-attendance", roll(line("p-1")))
    office.did("talk.hold-talk", TALK | {"note": None})
    office.did("talk.hold-talk", TALK | {"talk": "t-2", "initiator": "p-1", "participants": ["p-2"]})  # p-2's note


def test_a_sealed_fact_of_the_erased_may_be_revoked() -> None:
    office = founded("p-1", "p-2")
    held = office.did("talk.hold-talk", TALK)
    _erase_now(office)
    assert office.revoke(held).data.fact.data["note"].kid


def test_neither_erasure_nor_hold_is_revoked_or_corrected() -> None:
    office = founded("p-1")
    office.did("people.request-erasure", ERASE)
    for name, data in (("place-hold", HOLD), ("lift-hold", HOLD), ("erase-person", ERASE)):
        event = office.did(f"people.{name}", data)
        assert office.refused_revocation(event) == "not-revocable"
        assert office.refused("any.correct-entry", correction(event, f"people.{name}", data)) == "not-revocable"


def test_the_registration_of_who_was_held_or_erased_stays() -> None:
    office = Office()
    registered = office.did("people.register-person", person("p-1"))
    office.did("people.place-hold", HOLD)
    assert office.refused_revocation(registered) == "rests-on-it"


# --- it takes two ---


def _by(office: Office, name: str, by: str, delay: int = 0, now: str = "2026-03-02T12:00:00+08:00") -> Any:  # noqa: ANN401
    """What one identity's action comes to at that time, where a request waits so many hours."""
    office.count += 1
    action = office.action(f"people.{name}", ERASE).under(Terms(delay_hours=delay), by)
    return office.decide(action, datetime.fromisoformat(now))


def _code(decided: Any) -> str:  # noqa: ANN401
    assert isinstance(decided, Rejection), decided
    return decided.code


def test_nobody_is_erased_unasked() -> None:
    office = founded("p-1")
    assert _code(_by(office, "erase-person", "b")) == "unknown-reference"
    _by(office, "request-erasure", "a")
    assert _by(office, "erase-person", "b")[0].data.person == "p-1"


def test_who_asked_does_not_confirm() -> None:
    office = founded("p-1")
    (asked,) = _by(office, "request-erasure", "a")
    assert (asked.data.requested_by, asked.data.basis) == ("a", ERASE["basis"])
    assert _code(_by(office, "erase-person", "a")) == "not-yours"
    (erased,) = _by(office, "erase-person", "b")
    assert erased.data.request == asked.id


def test_two_who_both_asked_may_confirm_each_others() -> None:
    office = founded("p-1")
    (first,), (_second,) = _by(office, "request-erasure", "a"), _by(office, "request-erasure", "b")
    assert _by(office, "erase-person", "b")[0].data.request == first.id


def test_it_waits_as_long_as_was_settled_when_it_was_asked() -> None:
    office = founded("p-1")
    (asked,) = _by(office, "request-erasure", "a", delay=24)
    assert asked.data.not_before == "2026-03-03T04:00:00.000000Z"
    early = _by(office, "erase-person", "b", now="2026-03-03T11:59:59+08:00")
    assert (_code(early), early.final) == ("not-yet", False)
    assert "2026-03-03T04:00:00" in early.en
    assert _by(office, "erase-person", "b", now="2026-03-03T12:00:00+08:00")[0].data.request == asked.id


def test_a_request_is_taken_back_until_it_was_confirmed() -> None:
    office = founded("p-1")
    (asked,) = _by(office, "request-erasure", "a")
    office.revoke(asked)
    assert _code(_by(office, "erase-person", "b")) == "unknown-reference"
    (again,) = _by(office, "request-erasure", "a")
    _by(office, "erase-person", "b")
    assert office.refused_revocation(again) == "rests-on-it"


# --- retention ---


def _erase(office: Office, days: int, on: str) -> str | None:
    """The code of an erasure at noon of that day in an installation that keeps files for so many days."""
    office.submit("people.request-erasure", ERASE)
    office.count += 1
    action = office.action("people.erase-person", ERASE, f"{on}T12:00:00+08:00")
    decided = office.decide(action.under(Terms(retention_days=days), "confirms"))
    return decided.code if isinstance(decided, Rejection) else None


def test_files_are_kept_from_the_end_of_the_last_post() -> None:
    office = founded("p-1")
    assert _erase(office, 30, "2026-03-02") == "within-retention"  # holds a post
    office.did("people.end-post", {"person": "p-1", "post": "post-p-1", "on": "2026-03-02"})
    assert _erase(office, 30, "2026-03-31") == "within-retention"
    assert "within-retention" in RETRYABLE
    assert _erase(office, 30, "2026-04-01") is None


def test_who_never_held_a_post_is_kept_from_joining() -> None:
    office = Office()
    office.did("people.register-person", person("p-1", joined_on="2026-03-01"))
    assert _erase(office, 30, "2026-03-30") == "within-retention"
    assert _erase(office, 30, "2026-03-31") is None


def test_without_a_period_nothing_is_kept() -> None:
    assert _erase(founded("p-1"), 0, "2026-03-02") is None
