"""Talks, outputs, visits: who with whom, what counts, what is never told."""

from __future__ import annotations

import pytest

from schemas.base import Tier
from services.recorder.domain.deciding.core import Rejection
from tests.unit.office import KEY, Office, checked, correction, founded, person, post

DAY = "2026-03-02T09:00:00+08:00"


def _talk(*participants: str, mode: str = "one-to-one", **more: object) -> dict[str, object]:
    return {"talk": "t-1", "initiator": "p-1", "participants": list(participants), "mode": mode} | more


def _output(**more: object) -> dict[str, object]:
    return {
        "output": "u-1",
        "lead": "p-1",
        "line": "information",
        "title": "信息",
        "level": "city",
        "effect": "adopted",
    } | more


def _visit(**more: object) -> dict[str, object]:
    return {
        "visit": "v-1",
        "person": "p-1",
        "occasion": "生日",
        "class": "event",
        "event_on": "2026-03-01",
        "fund": "union",
        "fen": 0,
    } | more


def _tiers(*tiers: Tier | None) -> Office:
    office = founded("p-0")
    for number, tier in enumerate(tiers, 1):
        office.did("people.register-person", person(f"p-{number}"))
        if tier:
            office.did("people.assume-post", post(f"p-{number}", tier))
    return office


# --- talks ---


@pytest.mark.parametrize(
    ("first", "second", "pair"),
    [
        ("leadership", "leadership", "leadership-leadership"),
        ("leadership", "section-head", "leadership-section-head"),
        ("section-head", "leadership", "leadership-section-head"),
        ("staff", "leadership", "leadership-staff"),
        ("staff", "section-head", "section-head-staff"),
        ("section-head", "section-head", "peer"),
        ("staff", "staff", "peer"),
        ("staff", None, "peer"),
        (None, None, "peer"),
    ],
)
def test_the_pair_follows_from_the_tiers_whoever_began(first: Tier | None, second: Tier | None, pair: str) -> None:
    assert _tiers(first, second).did("talk.hold-talk", _talk("p-2")).data.pair == pair


def test_the_highest_tier_counts_even_where_it_is_concurrent_and_the_stamp_is_the_main_post() -> None:
    office = _tiers("staff", "staff")
    office.did("people.assume-post", post("p-1", "leadership", post="c", concurrent=True))
    talk = office.did("talk.hold-talk", _talk("p-2")).data
    assert talk.pair == "leadership-staff"
    assert [stamp.tier for stamp in talk.stamps] == ["staff", "staff"]


def test_the_tiers_are_those_of_the_talks_day_in_shanghai() -> None:
    office = _tiers("staff", "staff")
    office.did("people.assume-post", post("p-1", "section-head", post="h", from_on="2026-03-02"))
    assert office.did("talk.hold-talk", _talk("p-2"), "2026-03-01T15:59:59Z").data.pair == "peer"
    assert (
        office.did("talk.hold-talk", _talk("p-2", talk="t-2"), "2026-03-01T16:00:00Z").data.pair == "section-head-staff"
    )


@pytest.mark.parametrize(
    ("participants", "mode", "code"),
    [
        (["p-1"], "one-to-one", "talk-not-two"),
        (["p-2", "p-3"], "one-to-one", "talk-not-two"),
        (["p-2"], "group", "talk-too-few"),
        (["p-2", "p-2", "p-1"], "group", "talk-too-few"),
        (["p-9"], "one-to-one", "unknown-reference"),
    ],
)
def test_who_makes_no_talk(participants: list[str], mode: str, code: str) -> None:
    assert founded().refused("talk.hold-talk", _talk(*participants, mode=mode)) == code


def test_a_group_talk_has_no_pair_and_stamps_each_member_once() -> None:
    talk = founded().did("talk.hold-talk", _talk("p-2", "p-3", "p-1", mode="group")).data
    assert talk.pair is None
    assert [stamp.person for stamp in talk.stamps] == ["p-1", "p-2", "p-3"]


def test_one_to_one_with_the_initiator_named_again_is_still_between_two() -> None:
    office = founded()
    office.did("talk.hold-talk", _talk("p-2", "p-1"))
    assert office.refused("talk.hold-talk", _talk("p-3")) == "id-reused"


def test_what_was_said_is_only_there_sealed_for_this_event() -> None:
    event = founded().did("talk.hold-talk", _talk("p-2", topics=["工作"], note="很好"))
    assert event.data.topics.aad == event.data.note.aad == event.id
    assert KEY.open(event.data.note) == "…"
    assert "很好" not in repr(event)


def test_a_talk_belongs_to_the_one_talked_with_and_a_group_talk_to_its_initiator() -> None:
    assert checked("talk.hold-talk", _talk("p-2"), DAY, "a").data.sealed_for() == "p-2"
    assert checked("talk.hold-talk", _talk("p-1", "p-2"), DAY, "a").data.sealed_for() == "p-2"
    assert checked("talk.hold-talk", _talk("p-2", "p-3", mode="group"), DAY, "a").data.sealed_for() == "p-1"


# --- outputs ---


def test_an_output_is_one_fact_for_all_its_members() -> None:
    decided = founded().submit("work.file-output", _output(participants=["p-2", "p-1"]))
    assert not isinstance(decided, Rejection)
    (event,) = decided
    assert [stamp.person for stamp in event.data.stamps] == ["p-1", "p-2"]


def test_classified_communications_take_counts_and_never_titles() -> None:
    office = founded()
    line = {"line": "classified-communications"}
    assert office.refused("work.file-output", _output(**line)) == "classified-title"
    data = office.did("work.file-output", _output(**line, title=None, count=12)).data
    assert (data.title, data.count) == (None, 12)


@pytest.mark.parametrize("more", [{"lead": "p-9"}, {"participants": ["p-2", "p-9"]}])
def test_outputs_of_nobody(more: dict[str, object]) -> None:
    assert founded().refused("work.file-output", _output(**more)) == "unknown-reference"


# --- visits ---


def test_zero_fen_is_normal_and_the_occasion_is_sealed() -> None:
    event = founded().did("welfare.make-home-visit", _visit())
    assert event.data.fen == 0
    assert event.data.occasion.aad == event.id
    assert "生日" not in repr(event)
    assert event.data.payload()["class"] == "event"


@pytest.mark.parametrize("more", [{"person": "p-9"}, {"visitors": ["p-9"]}, {"need": "n-1"}])
def test_visits_to_or_by_nobody_or_for_no_known_need(more: dict[str, object]) -> None:
    assert founded().refused("welfare.make-home-visit", _visit(**more)) == "unknown-reference"


# --- all three ---


@pytest.mark.parametrize(
    ("name", "data"),
    [("talk.hold-talk", _talk("p-2")), ("work.file-output", _output()), ("welfare.make-home-visit", _visit())],
)
def test_an_id_is_taken_until_its_fact_is_revoked(name: str, data: dict[str, object]) -> None:
    office = founded()
    fact = office.did(name, data)
    assert office.refused(name, data) == "id-reused"
    office.revoke(fact)
    again = office.did(name, data)
    corrected = office.did("any.correct-entry", correction(again, name, data))
    assert corrected.data.corrects == again.id
    assert office.refused(name, data) == "id-reused"
