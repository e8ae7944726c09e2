"""Needs, visits and gatherings; the spirit. In the rules' own words: given, when, then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.office import Office, correction, founded

LATER = "2026-03-04T09:00:00+08:00"


def _visit(ident: str = "v-1", **more: object) -> dict[str, Any]:
    fields = {"visit": ident, "person": "p-1", "occasion": "结婚", "class": "event", "event_on": "2026-03-01"}
    return fields | {"fund": "union", "fen": 80_000} | more


def _proposal(**more: object) -> dict[str, Any]:
    return {name: value for name, value in (_visit() | more).items() if name != "event_on"}


def _proposed() -> Office:
    office = founded()
    office.did("welfare.propose-visit", _proposal())
    return office


def _approved() -> Office:
    office = _proposed()
    office.did("welfare.approve-visit", {"visit": "v-1", "approver": "p-2"})
    return office


# --- visits ---


def test_given_nothing_proposed_when_a_visit_is_made_then_it_stands() -> None:
    made = founded().did("welfare.make-home-visit", _visit())
    assert made.stream == "visit/v-1"
    assert (made.data.stamps[0].section, made.data.stamps[0].tier) == ("s-1", "staff")


def test_given_a_visit_when_another_is_made_of_the_same_id_then_the_id_is_taken() -> None:
    office = founded()
    office.did("welfare.make-home-visit", _visit())
    assert office.refused("welfare.make-home-visit", _visit(fen=0)) == "id-reused"
    assert office.refused("welfare.propose-visit", _proposal()) == "id-reused"


def test_given_a_proposal_when_it_is_made_unapproved_then_not_as_approved_and_once_approved_it_passes() -> None:
    office = _proposed()
    assert office.refused("welfare.make-home-visit", _visit()) == "not-as-approved"
    office.did("welfare.approve-visit", {"visit": "v-1", "approver": "p-2"})
    office.did("welfare.make-home-visit", _visit())


@pytest.mark.parametrize(
    "other", [{"fen": 80_001}, {"fen": 79_999}, {"fund": "welfare"}, {"class": "festival"}, {"person": "p-3"}]
)
def test_given_an_approval_when_what_is_made_differs_then_not_as_approved(other: dict[str, Any]) -> None:
    office = _approved()
    assert office.refused("welfare.make-home-visit", _visit(**other)) == "not-as-approved"
    office.did("welfare.make-home-visit", _visit(visitors=["p-2", "p-3"], event_on="2026-03-02"))


def test_given_no_proposal_when_somebody_approves_then_there_is_no_such_visit_even_where_one_was_made() -> None:
    office = founded()
    assert office.refused("welfare.approve-visit", {"visit": "v-1", "approver": "p-2"}) == "unknown-reference"
    office.did("welfare.make-home-visit", _visit())
    assert office.refused("welfare.approve-visit", {"visit": "v-1", "approver": "p-2"}) == "unknown-reference"


def test_given_a_visit_as_approved_when_its_approval_or_proposal_goes_then_the_visit_rests_on_it() -> None:
    office = _proposed()
    proposal = office.events[next(reversed(office.events))]
    approval = office.did("welfare.approve-visit", {"visit": "v-1", "approver": "p-2"})
    made = office.did("welfare.make-home-visit", _visit())
    assert office.refused_revocation(proposal) == "rests-on-it"
    assert office.refused_revocation(approval) == "rests-on-it"
    changed = correction(proposal, "welfare.propose-visit", _proposal(fen=90_000))
    assert office.refused("any.correct-entry", changed) == "rests-on-it"
    for event in (made, approval, proposal):
        office.revoke(event)
    office.did("welfare.make-home-visit", _visit())


# --- needs ---


def _need(**more: object) -> dict[str, Any]:
    return {"need": "n-1", "person": "p-1", "kind": "住房", "what": "宿舍漏水"} | more


def test_given_a_need_when_it_is_met_then_both_are_facts_of_that_need() -> None:
    office = founded()
    raised = office.did("welfare.raise-need", _need())
    met = office.did("welfare.meet-need", {"need": "n-1", "on": "2026-03-04", "how": "已报修"}, LATER)
    assert raised.stream == met.stream == "need/n-1"
    assert raised.data.kind.alg == met.data.how.alg == "A256GCM"
    assert office.refused_revocation(raised) == "rests-on-it"


def test_given_no_need_when_one_is_met_or_visited_for_then_there_is_no_such_need() -> None:
    office = founded()
    met = {"need": "n-1", "on": "2026-03-04", "how": "已报修"}
    assert office.refused("welfare.meet-need", met) == "unknown-reference"
    assert office.refused("welfare.make-home-visit", _visit(need="n-1")) == "unknown-reference"
    office.did("welfare.raise-need", _need())
    office.did("welfare.make-home-visit", _visit(need="n-1"))


def test_given_a_gathering_when_its_id_is_used_again_then_it_is_taken() -> None:
    office = founded()
    gathering = {"gathering": "g-1", "kind": "ball-game", "title": "羽毛球赛", "on": "2026-03-01", "persons": ["p-1"]}
    assert office.did("welfare.hold-gathering", gathering | {"relatives": 0}).stream == "gathering/g-1"
    assert office.refused("welfare.hold-gathering", gathering | {"relatives": 2}) == "id-reused"
    strange = gathering | {"relatives": 0, "gathering": "g-2", "persons": ["p-9"]}
    assert office.refused("welfare.hold-gathering", strange) == "unknown-reference"


# --- spirit ---


def test_given_phrases_when_the_spirit_is_adopted_then_it_names_those_that_there_are() -> None:
    office = founded()
    spirit = {"spirit": "sp-1", "guides": [], "on": "2026-03-02", "phrases": [{"text": "以学立身", "from": ["ph-1"]}]}
    assert office.refused("spirit.adopt-spirit", spirit) == "unknown-reference"
    phrase = office.did("spirit.propose-phrase", {"phrase": "ph-1", "person": "p-1", "text": "学以立身"})
    assert office.did("spirit.adopt-spirit", spirit).data.phrases[0].from_ == ("ph-1",)
    assert office.refused_revocation(phrase) == "rests-on-it"


def test_conduct_is_a_persons_or_a_sections() -> None:
    office = founded()
    conduct = {"recognition": "r-1", "guide": "harmony", "for_what": "帮带新人", "by": "p-2"}
    person = office.did("spirit.recognise-conduct", conduct | {"person": "p-1", "good": "cadre"})
    section = office.did("spirit.recognise-conduct", conduct | {"recognition": "r-2", "section": "s-1"})
    assert [stamp.person for stamp in person.data.stamps] == ["p-1"]
    assert section.data.stamps == ()


# --- caps ---


@pytest.mark.parametrize(
    ("occasion", "cap"),
    [
        ("生日", 30_000), ("本人结婚", 200_000), ("wedding", 200_000), ("生育", 100_000), ("住院手术", 200_000),
        ("本人住院", 100_000), ("父亲去世", 100_000), ("职工病故", 200_000), ("退休", 100_000),
    ],
)  # fmt: skip
def test_given_a_pack_when_a_visit_costs_the_union_more_than_its_cap_then_over_cap(occasion: str, cap: int) -> None:
    office = founded()
    office.did("any.follow-pack", {"pack": "anhui-2026", "from_on": "2026-01-01"})
    assert office.refused("welfare.make-home-visit", _visit(occasion=occasion, fen=cap + 1)) == "over-cap"
    office.did("welfare.make-home-visit", _visit("v-2", occasion=occasion, fen=cap + 1, fund="welfare"))
    made = office.did("welfare.make-home-visit", _visit("v-3", occasion=occasion, fen=cap))
    assert made.data.rule_pack == "anhui-2026"


def test_festivals_of_a_year_count_together_and_those_of_another_year_do_not() -> None:
    office = founded()
    office.did("any.follow-pack", {"pack": "anhui-2026", "from_on": "2025-01-01"})
    festival = {"occasion": "春节走访", "class": "festival"}
    first = office.did("welfare.make-home-visit", _visit("v-1", fen=150_000, **festival))
    assert office.refused("welfare.make-home-visit", _visit("v-2", fen=50_001, **festival)) == "over-cap"
    office.did("welfare.make-home-visit", _visit("v-3", fen=200_000, event_on="2025-12-31", **festival))
    office.did("welfare.make-home-visit", _visit("v-4", fen=200_000, **festival, person="p-2"))
    office.did("welfare.make-home-visit", _visit("v-5", fen=50_000, **festival))
    office.revoke(first)
    office.did("welfare.make-home-visit", _visit("v-6", fen=150_000, **festival))


def test_what_is_a_festivals_by_its_occasion_has_that_cap_whatever_class_it_is_entered_in() -> None:
    office = founded()
    office.did("any.follow-pack", {"pack": "anhui-2026", "from_on": "2025-01-01"})
    said = {"occasion": "春节慰问", "class": "event"}
    assert office.refused("welfare.make-home-visit", _visit("v-1", fen=200_001, **said)) == "over-cap"
    office.did("welfare.make-home-visit", _visit("v-2", fen=200_000, **said))


def test_where_the_pack_says_nothing_there_is_no_cap() -> None:
    made = founded().did("welfare.make-home-visit", _visit(fen=1_000_000))
    assert made.data.rule_pack == "national-2026"
