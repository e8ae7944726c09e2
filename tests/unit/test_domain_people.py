"""Who exists, who sits where, and what a day changes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.base import Stamp
from schemas.people.cadres import RecordLeaving
from tests.unit.office import Office, correction, founded, line, person, post, roll, session


def _stamp(office: Office, day: str, ident: str = "p-1") -> tuple[str | None, str | None]:
    """Where a fact of that day finds the person."""
    office.count += 1
    data = {
        "output": f"u-{office.count}",
        "lead": ident,
        "line": "information",
        "title": "t",
        "level": "office",
        "effect": "adopted",
    }
    (stamp,) = office.did("work.file-output", data, f"{day}T12:00:00+08:00").data.stamps
    return stamp.section, stamp.tier


# --- existing ---


@pytest.mark.parametrize(
    ("joined", "registered", "fact", "exists"),
    [
        ("2020-01-01", "2026-01-05T08:00:00+08:00", "2025-06-01T08:00:00+08:00", True),  # joined long before
        ("2020-01-01", "2026-01-05T08:00:00+08:00", "2019-12-31T08:00:00+08:00", False),
        ("2026-02-01", "2026-01-05T08:00:00+08:00", "2026-01-06T08:00:00+08:00", True),  # registered before joining
        ("2026-02-01", "2026-01-05T08:00:00+08:00", "2026-01-04T08:00:00+08:00", False),
    ],
)
def test_a_person_exists_from_joining_or_registration_whichever_is_earlier(
    joined: str, registered: str, fact: str, exists: bool
) -> None:
    office = Office()
    office.did("people.register-person", person(joined_on=joined), registered)
    visit = {
        "visit": "v",
        "person": "p-1",
        "occasion": "x",
        "class": "event",
        "event_on": "2026-01-01",
        "fund": "none",
        "fen": 0,
    }
    if exists:
        office.did("welfare.make-home-visit", visit, fact)
    else:
        assert office.refused("welfare.make-home-visit", visit, fact) == "unknown-reference"


def test_what_was_refused_for_now_passes_once_the_person_is_there() -> None:
    office = founded("p-1")
    visit = {
        "visit": "v",
        "person": "p-9",
        "occasion": "x",
        "class": "event",
        "event_on": "2026-01-01",
        "fund": "none",
        "fen": 0,
    }
    assert office.refused("welfare.make-home-visit", visit) == "unknown-reference"
    office.did("people.register-person", person("p-9"))
    office.did("welfare.make-home-visit", visit)


def test_an_id_stands_for_one_thing() -> None:
    office = founded("p-1")
    assert office.refused("people.register-person", person("p-1")) == "id-reused"
    assert office.refused("people.define-section", {"section": "s-1", "name": "另一科"}) == "id-reused"
    assert office.refused("people.assume-post", post("p-1")) == "id-reused"


def test_a_section_must_exist_at_the_time() -> None:
    office = founded("p-1")
    assert office.refused("people.assume-post", post(post="x", section="s-9")) == "unknown-reference"
    assert (
        office.refused("people.transfer-person", {"person": "p-1", "to_section": "s-9", "on": "2026-01-01"})
        == "unknown-reference"
    )
    office.did("people.define-section", {"section": "s-2", "name": "新科"}, "2026-05-01T08:00:00+08:00")
    late = post(post="x", section="s-2", from_on="2026-05-01")
    assert office.refused("people.assume-post", late, "2026-04-30T08:00:00+08:00") == "unknown-reference"
    office.did("people.assume-post", late, "2026-05-01T08:00:00+08:00")


def test_an_action_more_than_five_minutes_ahead_waits() -> None:
    office = founded("p-1")
    assert (
        office.refused("people.define-section", {"section": "s-2", "name": "x"}, "2027-01-01T00:05:00+08:00")
        == "not-yet"
    )
    office.did("people.define-section", {"section": "s-2", "name": "x"}, "2027-01-01T00:04:59+08:00")


# --- posts, moves, ends ---


def test_no_post_no_place() -> None:
    office = Office()
    office.did("people.register-person", person())
    assert _stamp(office, "2026-03-02") == (None, None)


def test_a_post_holds_from_its_day_to_the_day_before_its_end() -> None:
    office = founded("p-1")
    office.did("people.end-post", {"person": "p-1", "post": "post-p-1", "on": "2026-06-01"})
    assert _stamp(office, "2026-05-31") == ("s-1", "staff")
    assert _stamp(office, "2026-06-01") == (None, None)
    assert _stamp(office, "2020-01-02") == ("s-1", "staff")


def test_the_latest_main_post_counts_and_a_concurrent_one_does_not() -> None:
    office = founded("p-1")
    office.did("people.define-section", {"section": "s-2", "name": "二科"}, "2020-01-01T08:00:00+08:00")
    office.did(
        "people.assume-post", post(post="c", tier="leadership", section="s-2", concurrent=True, from_on="2026-01-01")
    )
    assert _stamp(office, "2026-02-01") == ("s-1", "staff")
    office.did("people.assume-post", post(post="m", tier="section-head", section="s-2", from_on="2026-04-01"))
    assert _stamp(office, "2026-03-31") == ("s-1", "staff")
    assert _stamp(office, "2026-04-01") == ("s-2", "section-head")


def test_of_two_main_posts_from_one_day_the_one_recorded_later_counts() -> None:
    office = founded("p-1")
    office.did("people.assume-post", post(post="m", tier="section-head", from_on="2020-01-01"))
    assert _stamp(office, "2026-03-31") == ("s-1", "section-head")


def test_a_transfer_moves_the_main_post_from_its_day_on_and_no_earlier_fact() -> None:
    office = founded("p-1")
    office.did("people.define-section", {"section": "s-2", "name": "二科"}, "2020-01-01T08:00:00+08:00")
    move = office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-04-01"})
    assert move.data.stamps == (Stamp(person="p-1", section="s-2", tier="staff"),)
    assert _stamp(office, "2026-03-31") == ("s-1", "staff")
    assert _stamp(office, "2026-04-01") == ("s-2", "staff")


def test_two_transfers_entered_in_the_wrong_order_count_by_their_days() -> None:
    office = founded("p-1")
    for section in ("s-2", "s-3"):
        office.did("people.define-section", {"section": section, "name": section}, "2020-01-01T08:00:00+08:00")
    office.did("people.transfer-person", {"person": "p-1", "to_section": "s-3", "on": "2026-06-01"})
    early = office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-03-01"})
    assert early.data.stamps == (Stamp(person="p-1", section="s-2", tier="staff"),)
    assert [_stamp(office, day)[0] for day in ("2026-02-28", "2026-03-01", "2026-06-01")] == ["s-1", "s-2", "s-3"]


def test_the_later_of_two_transfers_on_one_day_counts() -> None:
    office = founded("p-1")
    for section in ("s-2", "s-3"):
        office.did("people.define-section", {"section": section, "name": section}, "2020-01-01T08:00:00+08:00")
        office.did("people.transfer-person", {"person": "p-1", "to_section": section, "on": "2026-03-01"})
    assert _stamp(office, "2026-03-01") == ("s-3", "staff")


def test_a_transfer_needs_a_main_post() -> None:
    office = founded("p-1")
    office.did("people.end-post", {"person": "p-1", "post": "post-p-1", "on": "2026-01-01"})
    data = {"person": "p-1", "to_section": "s-1", "on": "2026-02-01"}
    assert office.refused("people.transfer-person", data) == "unknown-reference"


@pytest.mark.parametrize("data", [{"post": "other", "on": "2026-01-01"}, {"post": "post-p-1", "on": "2019-12-31"}])
def test_only_a_post_that_is_held_ends(data: dict[str, str]) -> None:
    assert founded("p-1").refused("people.end-post", {"person": "p-1"} | data) == "unknown-reference"


def test_a_post_ends_once() -> None:
    office = founded("p-1")
    office.did("people.end-post", {"person": "p-1", "post": "post-p-1", "on": "2026-01-01"})
    assert (
        office.refused("people.end-post", {"person": "p-1", "post": "post-p-1", "on": "2026-02-01"})
        == "unknown-reference"
    )


# --- what rests on it ---


def test_a_registration_that_facts_name_stays() -> None:
    office = Office()
    registered = office.did("people.register-person", person())
    office.revoke(registered)
    again = office.did("people.register-person", person())
    office.did("learning.convene-session", session())
    assert office.refused_revocation(again) == "rests-on-it"


def test_a_section_in_use_stays_until_its_post_is_gone() -> None:
    office = Office()
    section = office.did("people.define-section", {"section": "s-1", "name": "x"})
    office.did("people.register-person", person())
    held = office.did("people.assume-post", post())
    assert office.refused_revocation(section) == "rests-on-it"
    office.revoke(held)
    office.revoke(section)
    assert office.refused("people.assume-post", post(post="x")) == "unknown-reference"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("people.end-post", {"person": "p-1", "post": "post-p-1", "on": "2026-01-01"}),
        ("people.transfer-person", {"person": "p-1", "to_section": "s-1", "on": "2026-01-01"}),
    ],
)
def test_a_post_that_was_ended_or_moved_stays(name: str, data: dict[str, str]) -> None:
    office = founded("p-1")
    assumed = next(e for e in office.events.values() if "post" in e.data.TYPE)
    later = office.did(name, data)
    assert office.refused_revocation(assumed) == "rests-on-it"
    late = correction(assumed, "people.assume-post", post(from_on="2026-06-01"))
    assert office.refused("any.correct-entry", late) == "rests-on-it"
    office.did("any.correct-entry", correction(assumed, "people.assume-post", post(from_on="2021-01-01")))
    office.revoke(later)


def test_a_revoked_transfer_leaves_the_person_where_they_were() -> None:
    office = founded("p-1")
    office.did("people.define-section", {"section": "s-2", "name": "二科"}, "2020-01-01T08:00:00+08:00")
    move = office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-01-01"})
    office.revoke(move)
    assert _stamp(office, "2026-03-02") == ("s-1", "staff")


def test_a_backdated_transfer_does_not_move_earlier_facts() -> None:
    office = founded("p-1")
    office.did("people.define-section", {"section": "s-2", "name": "二科"}, "2020-01-01T08:00:00+08:00")
    office.did("learning.convene-session", session())
    before = office.did("learning.record-attendance", roll(line()))
    office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-01-01"})
    assert office.events[before.id].data.stamps == (Stamp(person="p-1", section="s-1", tier="staff"),)
    assert _stamp(office, "2026-03-02") == ("s-2", "staff")


# --- leaving ---


def _leaves(on: str, reason: str = "retired", **more: str) -> dict[str, str]:
    return {"person": "p-1", "on": on, "reason": reason} | more


def test_leaving_ends_what_was_held_from_that_day_on() -> None:
    office = founded("p-1")
    office.did("people.assume-post", post(post="second", tier="section-head", section="s-1", concurrent=True))
    left = office.did("people.record-leaving", _leaves("2026-02-01"))
    assert left.data.stamps == (Stamp(person="p-1", section="s-1", tier="staff"),)
    assert _stamp(office, "2026-01-31") == ("s-1", "staff")
    assert _stamp(office, "2026-02-01") == (None, None)
    report = {"person": "p-1", "half": "2026H1", "heard_by": []}
    assert office.refused("work.deliver-duty-report", report, "2026-06-30T09:00:00+08:00") == "heads-no-section"


def test_leaving_ends_party_roles_too() -> None:
    office = founded("p-1", "p-2")
    for who, role in (("p-1", "secretary"), ("p-2", "member")):
        office.did("people.set-party-role", {"person": who, "branch": "b", "role": role, "from_on": "2026-01-01"})
    office.did("people.record-leaving", _leaves("2026-03-02"))
    talk = {"talk": "t", "initiator": "p-1", "participants": ["p-2"], "mode": "one-to-one"}
    pairs = [
        office.did("talk.hold-talk", talk | {"talk": f"t-{day}"}, f"2026-03-{day}T12:00:00+08:00").data.party_pair
        for day in ("01", "02")
    ]
    assert pairs[0] not in {None, "peer"}
    assert pairs[1] in {None, "peer"}


def test_what_is_taken_on_later_goes_on_and_a_leaving_taken_back_never_was() -> None:
    office = founded("p-1")
    left = office.did("people.record-leaving", _leaves("2026-02-01", "transferred", to="o-2"))
    office.did("people.assume-post", post(post="again", tier="section-head", from_on="2026-02-10"))
    assert _stamp(office, "2026-02-09") == (None, None)
    assert _stamp(office, "2026-02-10") == ("s-1", "section-head")
    office.revoke(left)
    assert _stamp(office, "2026-02-09") == ("s-1", "staff")


def test_nobody_leaves_twice_without_a_post_between() -> None:
    office = founded("p-1")
    office.did("people.record-leaving", _leaves("2026-02-01"))
    for on in ("2026-01-15", "2026-02-01", "2026-02-20"):
        assert office.refused("people.record-leaving", _leaves(on)) == "once-only"
    office.did("people.assume-post", post(post="again", from_on="2026-02-10"))
    office.did("people.record-leaving", _leaves("2026-02-20", "deceased"))
    assert _stamp(office, "2026-02-19") == ("s-1", "staff")
    assert _stamp(office, "2026-02-20") == (None, None)


def test_only_who_is_transferred_goes_to_an_office() -> None:
    fields = {"person": "p-1", "on": "2026-02-01", "to": "o-2"}
    assert RecordLeaving.model_validate(fields | {"reason": "transferred"}).to == "o-2"
    with pytest.raises(ValidationError, match="transferred only"):
        RecordLeaving.model_validate(fields | {"reason": "retired"})
