"""Grades that discipline, an open case, probation, leave, refusal or routine assessment forbid (rule 8, rule packs)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.packs import FOLDER, load
from schemas.packs import packs as installed
from services.recorder.domain import packs as followed
from services.recorder.domain.deciding.core import Rejection
from tests.unit.appraisal.year import Year, enter, staffed
from tests.unit.office import Office

GRADES = ("excellent", "competent", "basically-competent", "incompetent", "undetermined", "not-appraised")
NONE = {"undetermined", "not-appraised"}
# By the regulations: what each measure leaves open in the year of its decision, the year after, and the one after that.
ALL, NOT_EXCELLENT, WORST = set(GRADES), set(GRADES) - {"excellent"}, {"incompetent"}
LEFT = {
    "党内警告": (NOT_EXCELLENT, ALL, ALL),
    "政务警告": (NOT_EXCELLENT, ALL, ALL),
    "党内严重警告": (NONE, ALL, ALL),
    "记过": (NONE, ALL, ALL),
    "责令辞职": (NONE, ALL, ALL),
    "降职": (NONE, ALL, ALL),
    "记大过": (NONE, NONE, ALL),
    "降级": (NONE, NONE, ALL),
    "撤职": (NONE, NONE, ALL),
    "撤销党内职务": (WORST, ALL, ALL),
    "留党察看": (WORST, NONE, NONE),
    "开除党籍": (WORST, NONE, NONE),
}


def _measured(office: Office, kind: str, decided_on: str, ident: str = "d-1") -> Any:  # noqa: ANN401
    data = {"measure": ident, "person": "p-2", "measure_kind": kind, "case": "decided", "decided_on": decided_on}
    return office.did("people.record-discipline", data, f"{decided_on}T09:00:00+08:00")


def _case(office: Office, ident: str = "case", day: str = "2025-11-03") -> None:
    data = {"measure": ident, "person": "p-2", "measure_kind": "立案", "case": "open"}
    office.did("people.record-discipline", data, f"{day}T09:00:00+08:00")


def _open(year: Year) -> set[str]:
    """The grades that may be proposed for p-2; the rest is barred."""
    year.ready("p-2")
    allowed = set()
    for grade in GRADES:
        reason = {"reason": "discipline"} if grade in NONE else {}
        said = year.said("propose-grade", "p-2", grade=grade, **reason)
        assert not isinstance(said, Rejection) or said.code == "barred-grade"
        allowed |= set() if isinstance(said, Rejection) else {grade}
    return allowed


@pytest.mark.parametrize("kind", LEFT)
@pytest.mark.parametrize("later", [0, 1, 2])
def test_what_each_measure_leaves_open_that_year_and_after(kind: str, later: int) -> None:
    office = staffed()
    _measured(office, kind, f"{2025 - later}-12-31" if later else "2025-01-01")
    assert _open(Year(office)) == LEFT[kind][later]


def test_the_heavier_counts() -> None:
    office = staffed()
    _measured(office, "党内警告", "2025-02-01")
    _measured(office, "记过", "2025-03-01", "d-2")
    year = Year(office)
    assert _open(year) == NONE
    made = year.did("propose-grade", "p-2", grade="undetermined", reason="discipline")
    assert made.data.bars == ("no-grade", "not-excellent")
    _measured(office, "留党察看", "2025-04-01", "d-3")
    assert year.no("propose-grade", "p-2", grade="undetermined", reason="discipline") == "barred-grade"
    year.did("propose-grade", "p-2", grade="incompetent")


def test_bars_are_looked_at_again_when_it_is_decided() -> None:
    office = staffed()
    year = Year(office)
    year.proposed("p-2", "excellent")
    _measured(office, "政务警告", "2025-12-30")
    assert year.no("decide-grade", "p-2", grade="excellent") == "barred-grade"
    assert year.did("decide-grade", "p-2", grade="competent").data.bars == ("not-excellent",)


def test_an_open_case_allows_no_grade_until_it_is_closed_and_then_it_is_supplemented() -> None:
    office = staffed()
    _case(office)
    year = Year(office)
    assert _open(year) == NONE
    year.did("propose-grade", "p-2", grade="undetermined", reason="investigation")
    year.did("decide-grade", "p-2", grade="undetermined")
    assert year.no("supplement-grade", "p-2") == "barred-grade"
    office.did("people.close-discipline", {"measure": "case", "on": "2026-05-05", "outcome": "cleared"},
               "2026-05-05T09:00:00+08:00")  # fmt: skip
    assert year.no("supplement-grade", "p-2", "2026-05-04") == "barred-grade"  # not closed by then
    assert year.did("supplement-grade", "p-2", "2026-05-05").data.follows == ()
    assert year.no("supplement-grade", "p-2") == "once-only"


def test_what_a_closed_case_came_to_bars_as_its_measure_does() -> None:
    office = staffed()
    _case(office)
    office.did("people.close-discipline", {"measure": "case", "on": "2025-12-01", "outcome": "decided"},
               "2025-12-01T09:00:00+08:00")  # fmt: skip
    _measured(office, "党内警告", "2025-12-01", "d-2")
    assert _open(Year(office)) == NOT_EXCELLENT


def test_only_what_was_decided_undetermined_or_not_appraised_is_supplemented() -> None:
    year = Year()
    assert year.no("supplement-grade", "p-2") == "stage-order"
    year.decided("p-2", "basically-competent")
    assert year.no("supplement-grade", "p-2") == "stage-order"
    year.decided("p-3", "not-appraised", reason="secondment")
    year.did("supplement-grade", "p-3")


def test_a_probationer_is_appraised_without_a_grade() -> None:
    office = staffed()
    enter(office, "new", probation_until="2025-12-31")
    year = Year(office)
    year.ready("new")
    assert year.no("propose-grade", "new", grade="competent") == "barred-grade"
    year.did("propose-grade", "new", grade="undetermined", reason="probation")
    assert year.no("decide-grade", "new", grade="competent") == "barred-grade"
    year.did("decide-grade", "new", grade="undetermined")


def test_who_refuses_to_be_appraised_is_incompetent_without_a_self_review() -> None:
    year = Year()
    assert year.no("propose-grade", "p-2", grade="undetermined", reason="refused") == "barred-grade"
    year.did("propose-grade", "p-2", grade="incompetent", reason="refused")
    assert year.no("decide-grade", "p-2", grade="not-appraised") == "barred-grade"
    assert year.did("decide-grade", "p-2", grade="incompetent").data.reason == "refused"


@pytest.mark.parametrize(("begins", "ends", "away"), [
    ("2025-01-01", "2025-07-02", False),  # 182 of 365 days
    ("2025-01-01", "2025-07-03", True),
    ("2025-07-02", None, True),  # 183
    ("2025-07-03", None, False),
    ("2024-01-01", "2025-07-03", True),  # only this year's days count
])  # fmt: skip
def test_leave_for_most_of_the_year_is_not_appraised_as_the_pack_says(
    begins: str, ends: str | None, away: bool
) -> None:
    office = staffed()
    at = f"{begins}T09:00:00+08:00"
    office.did("people.start-long-leave", {"leave": "l", "person": "p-2", "reason": "病", "from_on": begins}, at)
    if ends:
        office.did("people.end-long-leave", {"leave": "l", "on": ends}, f"{ends}T09:00:00+08:00")
    year = Year(office)
    year.ready("p-2")
    if away:
        assert year.no("propose-grade", "p-2", grade="competent") == "barred-grade"
        assert year.no("propose-grade", "p-2", grade="undetermined", reason="long-leave") == "barred-grade"
        year.did("propose-grade", "p-2", grade="not-appraised", reason="long-leave")
    else:
        year.did("propose-grade", "p-2", grade="competent")


@pytest.mark.parametrize(("kind", "direction", "from_on", "by", "not_by"), [
    ("posted", "out", "2025-03-01", {"host"}, {"office", "sender"}),
    ("aid", "out", "2025-03-01", {"host"}, {"office", "sender"}),
    ("borrowed", "out", "2025-03-01", {"office", "sender"}, {"host"}),  # by home
    ("posted", "out", "2025-09-01", {"office", "sender"}, {"host"}),  # less than half the year
    ("posted", "in", "2025-03-01", {"host", "office"}, {"sender"}),
    ("borrowed", "in", "2025-03-01", {"sender"}, {"host", "office"}),
    ("posted", "in", "2025-09-01", {"sender"}, {"host", "office"}),
])  # fmt: skip
def test_secondees_are_appraised_by_whom_the_pack_says(
    kind: str, direction: str, from_on: str, by: set[str], not_by: set[str]
) -> None:
    office = staffed()
    fields = {"secondment": "sc", "person": "p-2", "kind": kind, "direction": direction, "unit": "乡镇"}
    office.did("people.start-secondment", fields | {"from_on": from_on}, f"{from_on}T09:00:00+08:00")
    year = Year(office)
    year.ready("p-2")
    for name in not_by | {"superior"}:
        assert year.no("propose-grade", "p-2", appraised_by=name) == "appraised-elsewhere"
    for name in by:
        assert year.did("propose-grade", "p-2", appraised_by=name).data.here is ("office" in by)


# --- routine assessment, where the pack carries it ---

_ROUTINE = """  routine:
    every: {value: quarter, source: 平时考核办法, certainty: seen-once}
    good_percent: {value: 40, source: 平时考核办法, certainty: seen-once}
    excellent_needs_good_percent: {value: 50, source: 平时考核办法, certainty: seen-once}
"""


@pytest.fixture
def routine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The nation's pack of 2025 with routine assessment."""
    text = (FOLDER / "national-2025.yaml").read_text("utf-8").replace("\nappraisal:\n", f"\nappraisal:\n{_ROUTINE}")
    path = tmp_path / "national-2025.yaml"
    path.write_text(text, "utf-8")
    changed = {**installed(), "national-2025": load(path)}
    for module in ("domain.packs", "domain.appraisal.grading", "domain.appraisal.seats", "domain.appraisal.notice"):
        monkeypatch.setattr(f"services.recorder.{module}.packs", lambda: changed)
    followed.nations.cache_clear()
    yield "national-2025"
    followed.nations.cache_clear()


@pytest.mark.parametrize(("given", "excellent"), [
    (("good", "good", "fairly-good", "fairly-good"), True),
    (("good", "good"), True),
    (("good", "fairly-good", "fairly-good", "fairly-good"), False),
    (("good", "good", "good", "fair"), False),
    (("good", "good", "good", "poor"), False),
    ((), False),
])  # fmt: skip
def test_excellent_needs_good_in_half_the_periods_and_no_fair_or_poor(
    routine: str, given: tuple[str, ...], excellent: bool
) -> None:
    office = staffed()
    for number, grade in enumerate(given, 1):
        office.did("appraisal.give-routine-grade", {"person": "p-2", "period": f"2025Q{number}", "grade": grade})
    year = Year(office, pack=routine)
    year.ready("p-2")
    if excellent:
        year.did("propose-grade", "p-2", grade="excellent")
        year.did("decide-grade", "p-2", grade="excellent")
    else:
        assert year.no("propose-grade", "p-2", grade="excellent") == "barred-grade"
        year.did("propose-grade", "p-2", grade="competent")
        assert year.no("decide-grade", "p-2", grade="excellent") == "barred-grade"


def test_good_are_at_most_two_fifths_of_a_period_and_a_correction_frees_one(routine: str) -> None:
    assert routine
    office = staffed(5)
    enter(office, "chief", tier="leadership")
    first, _ = (
        office.did("appraisal.give-routine-grade", {"person": who, "period": "2025Q1", "grade": "good"})
        for who in ("p-1", "p-2")
    )
    third = {"person": "p-3", "period": "2025Q1", "grade": "good"}
    assert office.refused("appraisal.give-routine-grade", third) == "over-quota"
    office.did("appraisal.give-routine-grade", third | {"grade": "fairly-good"})
    office.did("appraisal.give-routine-grade", third | {"period": "2025Q2"})
    office.revoke(first)
    office.did("appraisal.give-routine-grade", {"person": "p-4", "period": "2025Q1", "grade": "good"})


def test_where_the_pack_does_not_carry_it_it_binds_nobody() -> None:
    office = staffed(5)
    for who in ("p-1", "p-2", "p-3"):
        made = office.did("appraisal.give-routine-grade", {"person": who, "period": "2025Q1", "grade": "good"})
    assert made.data.year == 2025
    assert office.refused("appraisal.give-routine-grade", {"person": "p-3", "period": "2025Q1", "grade": "poor"}) == (
        "once-only"
    )
    Year(office).decided("p-4", "excellent")


# --- what follows is told, and done by nobody ---


@pytest.mark.parametrize(("grades", "follows"), [
    ([(2023, "excellent"), (2024, "excellent"), (2025, "excellent")], ("commendation", "third-class-merit")),
    ([(2024, "excellent"), (2025, "excellent")], ("commendation",)),
    ([(2023, "excellent"), (2025, "excellent")], ("commendation",)),
    ([(2025, "competent")], ()),
    ([(2025, "basically-competent")], ("admonition-talk",)),
    ([(2025, "incompetent")], ("one-rank-down",)),
    ([(2024, "incompetent"), (2025, "incompetent")], ("one-rank-down", "dismissal")),
])  # fmt: skip
def test_consequences_are_told_by_the_pack_from_the_grades_of_the_years(
    grades: list[tuple[int, str]], follows: tuple[str, ...]
) -> None:
    office = staffed()
    before = set(office.events)
    for number, grade in grades:
        made = Year(office, number).decided("p-2", grade)
    assert made.data.follows == follows
    done = {event.data.TYPE.split(".")[1] for ident, event in office.events.items() if ident not in before}
    assert done == {"appraisal"}  # no post ends, no rank falls, nobody leaves
