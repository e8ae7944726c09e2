"""Choosing the advanced (rule 11) and honours. Given, when, then."""

from __future__ import annotations

from typing import Any

import pytest

from services.recorder.domain.deciding.core import Rejection
from tests.unit.appraisal.year import Year, enter, staffed
from tests.unit.office import Office, correction, post

OPENED, RECOMMENDED, ASKED, VOTED, POSTED, DECIDED = (f"2026-03-{day:02}T09:00:00+08:00" for day in (2, 3, 4, 5, 6, 16))
ENDS_ON = "2026-03-13"  # five workdays from Monday, 9 March


def _open(office: Office, *conditions: str, seats: int = 1, of: str = "persons", **more: object) -> None:
    data = {"selection": "sel", "honour": "先进个人", "seats": seats, "for": of, "conditions": list(conditions)}
    office.did("selection.open-selection", data | more, OPENED)


def _recommend(office: Office, *subjects: str, of: str = "person", by: str = "section") -> None:
    for who in subjects:
        office.did("selection.recommend-candidate", {"selection": "sel", of: who, "by": by}, RECOMMENDED)


def _post(office: Office, *candidates: str) -> Any:  # noqa: ANN401
    data = {"selection": "sel", "candidates": candidates, "from_on": "2026-03-09", "workdays": 5}
    return office.did("selection.post-candidates", data, POSTED)


def _choose(office: Office, *chosen: str, at: str = DECIDED) -> str | None:
    said = office.submit("selection.decide-selection", {"selection": "sel", "chosen": chosen}, at)
    return said.code if isinstance(said, Rejection) else None


def _posted(*candidates: str, seats: int = 1) -> Office:
    office = staffed()
    _open(office, seats=seats)
    _recommend(office, *candidates)
    _post(office, *candidates)
    return office


# --- its steps ---


def test_a_selection_from_opening_to_honour() -> None:
    office = staffed()
    _open(office, "months-served", "no-bar", "off-probation", "no-opinion-against")
    _recommend(office, "p-2", "p-3")
    opinion = {"selection": "sel", "person": "p-2", "of": "discipline", "against": False}
    office.did("selection.record-opinion", opinion, ASKED)
    office.did("selection.hold-vote", {"selection": "sel", "ballots": 9, "counts": {"p-2": 7, "p-3": 5}}, VOTED)
    assert _post(office, "p-2", "p-3").data.ends_on == ENDS_ON
    assert _choose(office, "p-2") is None
    decided = list(office.events.values())[-1]
    honour = {"award": "aw", "selection": "sel", "honour": "先进个人", "person": "p-2", "on": "2026-03-20"}
    awarded = office.did("selection.award-honour", honour, "2026-03-20T09:00:00+08:00")
    assert (awarded.data.rests_on, awarded.data.stamps[0].person) == ((decided.id,), "p-2")
    assert office.refused_revocation(decided) == "rests-on-it"


def test_more_chosen_than_seats_by_one_decision_or_by_several() -> None:
    office = _posted("p-2", "p-3", "p-4", seats=2)
    assert _choose(office, "p-2", "p-3", "p-4") == "over-quota"
    assert _choose(office, "p-2") is None
    assert _choose(office, "p-3", "p-4") == "over-quota"
    assert _choose(office, "p-2", "p-3") is None


def test_chosen_but_never_posted_or_still_posted_or_never_recommended() -> None:
    office = staffed()
    _open(office, seats=3)
    _recommend(office, "p-2", "p-3")
    assert _choose(office, "p-2") == "stage-order"
    _post(office, "p-2")
    assert _choose(office, "p-2", at=f"{ENDS_ON}T23:59:59+08:00") == "posting-running"
    assert _choose(office, "p-3") == "stage-order"
    assert _choose(office, "p-4") == "stage-order"
    assert _choose(office, "p-2", at="2026-03-13T16:00:00Z") is None  # the 14th in Shanghai


def test_who_is_no_candidate_is_not_asked_about_voted_on_posted_or_withdrawn() -> None:
    office = staffed()
    _open(office)
    sel = {"selection": "sel"}
    posting = sel | {"candidates": ["p-2"], "from_on": "2026-03-09", "workdays": 5}
    assert office.refused("selection.record-opinion", sel | {"person": "p-2", "of": "other", "against": True}) == (
        "stage-order"
    )
    assert office.refused("selection.hold-vote", sel | {"ballots": 9, "counts": {"p-2": 7}}, VOTED) == "stage-order"
    assert office.refused("selection.post-candidates", posting, POSTED) == "stage-order"
    assert office.refused("selection.withdraw-candidate", sel | {"person": "p-2"}, POSTED) == "stage-order"


def test_who_is_withdrawn_is_no_candidate_any_more_and_may_be_again_by_another() -> None:
    office = _posted("p-2")
    office.did("selection.withdraw-candidate", {"selection": "sel", "person": "p-2"}, "2026-03-10T09:00:00+08:00")
    assert _choose(office, "p-2") == "stage-order"
    again = {"selection": "sel", "person": "p-2", "by": "branch"}
    office.did("selection.recommend-candidate", again, "2026-03-11T09:00:00+08:00")
    assert _choose(office, "p-2") is None


def test_recommended_once_by_each_and_voted_once() -> None:
    office = staffed()
    _open(office)
    _recommend(office, "p-2")
    again = {"selection": "sel", "person": "p-2", "by": "section"}
    assert office.refused("selection.recommend-candidate", again, RECOMMENDED) == "once-only"
    _recommend(office, "p-2", by="branch")
    vote = {"selection": "sel", "ballots": 9, "counts": {"p-2": 7}}
    office.did("selection.hold-vote", vote, VOTED)
    assert office.refused("selection.hold-vote", vote, VOTED) == "once-only"


def test_a_posting_has_the_packs_workdays() -> None:
    office = staffed()
    _open(office)
    _recommend(office, "p-2")
    data = {"selection": "sel", "candidates": ["p-2"], "from_on": "2026-03-09", "workdays": 4}
    assert office.refused("selection.post-candidates", data, POSTED) == "invalid-field"


def test_an_objection_stops_its_own_candidate_only_until_it_is_settled() -> None:
    office = _posted("p-2", "p-3", seats=2)
    raised = {"selection": "sel", "objection": "ob", "person": "p-2", "what": "有异议"}
    assert office.refused("appraisal.raise-objection", raised | {"person": "p-4"}, ASKED) == "stage-order"
    office.did("appraisal.raise-objection", raised, "2026-03-10T09:00:00+08:00")
    assert _choose(office, "p-2") == "objection-open"
    assert _choose(office, "p-3") is None
    office.did("appraisal.settle-objection", {"selection": "sel", "objection": "ob", "upheld": False}, DECIDED)
    assert _choose(office, "p-2") is None


def test_what_later_steps_rest_on_stays() -> None:
    office = _posted("p-2")
    recommended = next(e for e in office.events.values() if e.data.TYPE.endswith("candidate-recommended.v1"))
    posted = next(e for e in office.events.values() if e.data.TYPE.endswith("candidates-posted.v1"))
    opened: Any = next(e for e in office.events.values() if e.data.TYPE.endswith("selection-opened.v1"))
    assert office.refused_revocation(recommended) == "rests-on-it"
    assert _choose(office, "p-2") is None
    decided = list(office.events.values())[-1]
    assert office.refused_revocation(posted) == "rests-on-it"
    assert office.refused_revocation(opened) == "rests-on-it"
    for event in (decided, posted, recommended, opened):
        office.revoke(event)


def test_a_correction_never_leaves_more_chosen_than_seats() -> None:
    office = _posted("p-2", "p-3", seats=2)
    assert _choose(office, "p-2", "p-3") is None
    opened: Any = next(e for e in office.events.values() if e.data.TYPE.endswith("selection-opened.v1"))
    fewer = {"selection": "sel", "honour": "先进个人", "seats": 1, "for": "persons", "conditions": []}
    better = correction(opened, "selection.open-selection", fewer, OPENED)
    assert office.refused("any.correct-entry", better) == "rests-on-it"


# --- conditions, in the words of the pack ---


def test_conditions_are_the_packs_and_fit_persons_or_sections() -> None:
    office = staffed()
    data = {"selection": "x", "honour": "先进", "seats": 1, "for": "persons", "conditions": ["section-exchanges"]}
    said = office.submit("selection.open-selection", data, OPENED)
    assert isinstance(said, Rejection)
    assert said.code == "unknown-reference"
    assert "months-served" in said.en
    assert office.refused("selection.open-selection", data | {"for": "sections", "conditions": ["no-bar"]}) == (
        "unknown-reference"
    )
    made = office.did("selection.open-selection", data | {"for": "sections"}, OPENED)
    assert (made.data.year, made.data.rule_pack) == (2026, "national-2026")


def _fails(office: Office, who: str, condition: str, of: str = "persons") -> bool:
    _open(office, condition, of=of)
    said = office.submit("selection.recommend-candidate",
                         {"selection": "sel", of.removesuffix("s"): who, "by": "branch"}, RECOMMENDED)  # fmt: skip
    if isinstance(said, Rejection):
        assert (said.code, condition in said.en, condition in said.zh) == ("not-eligible", True, True)
    return isinstance(said, Rejection)


@pytest.mark.parametrize(("grade", "competent", "excellent"), [
    ("excellent", False, False), ("competent", False, True), ("basically-competent", True, True),
    ("undetermined", True, True), (None, True, True),
])  # fmt: skip
def test_last_years_grade(grade: str | None, competent: bool, excellent: bool) -> None:
    for condition, fails in (("competent-years", competent), ("excellent-years", excellent)):
        office = staffed()
        if grade:
            Year(office).decided("p-2", grade, **({"reason": "investigation"} if grade == "undetermined" else {}))
        assert _fails(office, "p-2", condition) is fails


@pytest.mark.parametrize(("from_on", "fails"), [("2025-03-03", False), ("2025-03-04", True), ("2026-01-01", True)])
def test_twelve_months_in_a_post(from_on: str, fails: bool) -> None:
    office = staffed()
    enter(office, "x", held={"from_on": from_on})
    assert _fails(office, "x", "months-served") is fails


@pytest.mark.parametrize(("until", "fails"), [("2026-03-02", False), ("2026-03-03", True)])
def test_off_probation(until: str, fails: bool) -> None:
    office = staffed()
    enter(office, "x", probation_until=until)
    assert _fails(office, "x", "off-probation") is fails


@pytest.mark.parametrize(("decided_on", "fails"), [("2026-01-05", True), ("2025-12-31", False)])
def test_no_bar_of_this_year(decided_on: str, fails: bool) -> None:
    office = staffed()
    measure = {"measure": "d", "person": "p-2", "measure_kind": "警告", "case": "decided", "decided_on": decided_on}
    office.did("people.record-discipline", measure, f"{decided_on}T09:00:00+08:00")
    assert _fails(office, "p-2", "no-bar") is fails


def test_no_open_case() -> None:
    office = staffed()
    office.did("people.record-discipline", {"measure": "d", "person": "p-2", "measure_kind": "立案", "case": "open"},
               "2025-12-01T09:00:00+08:00")  # fmt: skip
    assert _fails(office, "p-2", "no-bar")


@pytest.mark.parametrize(("halves", "fails"), [((), True), (("2025H1",), True), (("2025H1", "2025H2"), False)])
def test_who_heads_a_section_has_delivered_the_last_two_duty_reports(halves: tuple[str, ...], fails: bool) -> None:
    office = staffed()
    for half in halves:
        report = {"person": "p-1", "half": half, "heard_by": ["s-1"]}
        office.did("work.deliver-duty-report", report, "2026-01-05T09:00:00+08:00")
    assert _fails(office, "p-1", "duty-reports") is fails


def test_who_heads_none_owes_none() -> None:
    assert not _fails(staffed(), "p-2", "duty-reports")


def test_an_opinion_against_stops_a_candidate_until_its_body_says_otherwise() -> None:
    office = staffed()
    _open(office, "no-opinion-against")
    _recommend(office, "p-2")
    said = {"selection": "sel", "person": "p-2", "of": "discipline", "against": True}
    office.did("selection.record-opinion", said, ASKED)
    posting = {"selection": "sel", "candidates": ["p-2"], "from_on": "2026-03-09", "workdays": 5}
    assert office.refused("selection.post-candidates", posting, POSTED) == "not-eligible"
    office.did("selection.record-opinion", said | {"of": "personnel", "against": False}, ASKED)
    assert office.refused("selection.post-candidates", posting, POSTED) == "not-eligible"
    office.did("selection.record-opinion", said | {"against": False}, ASKED)
    office.did("selection.post-candidates", posting, POSTED)


def test_sections_exchange_six_times_a_year() -> None:
    def exchanged(times: int) -> Office:
        office = staffed()
        office.did("people.define-section", {"section": "s-2", "name": "信息科"}, "2020-01-01T08:00:00+08:00")
        for number in range(times):
            exchange = {"exchange": f"x-{number}", "host": "s-1", "sections": ["s-1", "s-2"], "month": "2026-02"}
            office.did("work.hold-section-exchange", exchange | {"topics": ["交流"]}, "2026-02-27T09:00:00+08:00")
        return office

    assert _fails(exchanged(5), "s-2", "section-exchanges", "sections")
    assert not _fails(exchanged(6), "s-2", "section-exchanges", "sections")


def test_a_selection_of_sections_takes_sections_and_one_of_persons_persons() -> None:
    office = staffed()
    _open(office, of="sections")
    assert office.refused("selection.recommend-candidate", {"selection": "sel", "person": "p-2", "by": "branch"},
                          RECOMMENDED) == "unknown-reference"  # fmt: skip
    _recommend(office, "s-1", of="section")
    _post(office, "s-1")
    assert _choose(office, "s-1") is None


# --- honours that rest on cycles ---


def _honour(office: Office, cycle: int, honour: str, ident: str = "aw", who: str = "p-2") -> list[Any] | Rejection:
    data = {"award": ident, "cycle": f"cy-{cycle}", "honour": honour, "person": who, "on": "2026-06-01"}
    return office.submit("selection.award-honour", data, "2026-06-01T09:00:00+08:00")


@pytest.mark.parametrize(("honour", "years"), [("嘉奖", 1), ("三等功", 3), ("记三等功", 3), ("优秀公务员", 1)])
def test_an_honour_rests_on_as_many_excellent_years_as_the_pack_says(honour: str, years: int) -> None:
    office = staffed()
    behind: list[Any] = []
    for number in range(years):
        refused = _honour(office, 2025, honour, f"try-{number}") if number else None
        assert refused is None or (
            isinstance(refused, Rejection) and refused.code in {"not-eligible", "unknown-reference"}
        )
        behind.append(Year(office, 2026 - years + number).decided("p-2", "excellent"))
    made = _honour(office, 2025, honour)
    assert isinstance(made, list), made
    assert set(made[0].data.rests_on) == {event.id for event in behind}
    for event in behind:
        assert office.refused_revocation(event) == "rests-on-it"
    other = _honour(office, 2025, honour, "aw-2", "p-3")
    assert isinstance(other, Rejection)
    assert (other.code, "excellent-years" in other.en) == ("not-eligible", True)
    office.revoke(made[0])
    office.revoke(behind[0])


def test_an_honour_of_another_body_rests_on_nothing_here_and_enters_the_growth_file() -> None:
    data = {"award": "aw", "granted_by": "市委", "honour": "先进工作者", "person": "p-2", "on": "2026-06-01"}
    made = staffed().did("selection.award-honour", data, "2026-06-01T09:00:00+08:00")
    assert (made.data.rests_on, type(made.data).ENTRY.group) == ((), "activity")


def test_an_honour_of_a_selection_is_for_whom_it_chose() -> None:
    office = _posted("p-2", "p-3")
    data = {"award": "aw", "selection": "sel", "honour": "先进个人", "person": "p-2", "on": "2026-03-20"}
    assert office.refused("selection.award-honour", data, DECIDED) == "stage-order"
    assert _choose(office, "p-3") is None
    assert office.refused("selection.award-honour", data, DECIDED) == "not-eligible"
    office.did("selection.award-honour", data | {"person": "p-3"}, DECIDED)


def test_a_post_rests_on_the_grade_that_it_says_it_rests_on() -> None:
    office = staffed()
    decided = Year(office).decided("p-2", "excellent")
    up = post("p-2", "section-head", post="new", from_on="2026-04-01", basis=[decided.id])
    assumed = office.did("people.assume-post", up, "2026-04-01T09:00:00+08:00")
    assert office.refused_revocation(decided) == "rests-on-it"
    office.revoke(assumed)
    office.revoke(decided)
