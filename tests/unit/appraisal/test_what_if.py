"""A year decided again under another pack: what would differ, for whom, and which figure decides it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.packs import FOLDER, Pack, load, packs
from services.recorder.packs.supposing import Difference, Supposing
from tests.unit.appraisal.year import Year, staffed
from tests.unit.office import Office, correction, line, roll, session

NATION = "national-2025"


def _pack(folder: Path, *changes: tuple[str, str]) -> Pack:
    """The nation's pack of 2025 with lines that differ."""
    text = (FOLDER / f"{NATION}.yaml").read_text("utf-8")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after, 1)
    path = folder / f"{NATION}.yaml"
    path.write_text(text, "utf-8")
    return load(path)


def _found(office: Office, pack: Pack, year: int = 2025, only: str | None = None) -> list[Difference]:
    states, events = dict(office.states), dict(office.events)
    supposing = Supposing(pack, year, only)
    for event in office.events.values():
        supposing.take(event)
    found = list(supposing.differences())
    assert (office.states, office.events) == (states, events)
    assert packs()[NATION] == load(FOLDER / f"{NATION}.yaml")  # nothing is left of what was supposed
    return found


def _told(found: list[Difference]) -> list[tuple[str, str | None, str | None]]:
    return [
        (each.type.split(".")[2] if "chengzhang" in each.type else each.type, each.person, each.code) for each in found
    ]


def test_under_the_same_pack_nothing_would_differ(tmp_path: Path) -> None:
    year = Year()
    year.archived("p-1", "excellent")
    year.noticed("p-2", "basically-competent")
    year.did("request-review", "p-2")
    assert _found(year.office, packs()[NATION]) == []
    assert _found(year.office, _pack(tmp_path)) == []


def test_a_smaller_share_names_whose_seat_there_would_not_be_and_the_figure(tmp_path: Path) -> None:
    year = Year()  # ten: two seats, one at a tenth
    for who in ("p-3", "p-2"):
        year.decided(who, "excellent")
    pack = _pack(tmp_path, ("excellent_percent: {value: 20,", "excellent_percent: {value: 10,"))
    refused, seats = _found(year.office, pack)
    assert (refused.what, refused.person, refused.code) == ("refused", "p-2", "over-quota")
    assert [tuple(figure) for figure in refused.figures] == [("appraisal.excellent_percent", 20, 10, "sure")]
    assert (seats.what, seats.type, seats.person) == ("seats", "cy-2025/civil-service", None)
    assert seats.members["seats"] == {"was": 2, "would": 1}
    assert seats.members["used"] == {"was": 2, "would": 2}
    assert [figure.figure for figure in seats.figures] == ["appraisal.excellent_percent"]


def test_other_days_are_told_with_what_they_were_and_only_by_the_figure_that_decides(tmp_path: Path) -> None:
    year = Year()
    year.noticed("p-2")
    pack = _pack(
        tmp_path,
        ("review_days: {value: 30, source: 公务员法第95条, certainty: sure}",
         "review_days: {value: 60, source: 一地办法, certainty: seen-once}"),
        ("appeal_answer_days: {value: 60", "appeal_answer_days: {value: 90"),
    )  # fmt: skip
    (notice,) = _found(year.office, pack)
    assert (notice.what, notice.person) == ("changed", "p-2")
    assert notice.members == {"review_until": {"was": "2026-02-19", "would": "2026-03-21"}}
    assert [tuple(figure) for figure in notice.figures] == [("appraisal.review_days", 30, 60, "seen-once")]


def test_each_step_is_judged_by_itself(tmp_path: Path) -> None:
    year = Year()
    year.archived("p-2", "excellent")
    pack = _pack(tmp_path, ("posting_workdays: {value: 5", "posting_workdays: {value: 7"))
    assert _told(_found(year.office, pack)) == [("excellent-list-posted", None, "invalid-field")]


def test_secondees_whom_another_would_appraise(tmp_path: Path) -> None:
    office = staffed()
    office.did("people.start-secondment", {"secondment": "sc", "person": "p-2", "kind": "borrowed", "direction": "out",
               "unit": "市委", "from_on": "2025-02-01"}, "2025-02-01T09:00:00+08:00")  # fmt: skip
    year = Year(office)
    year.decided("p-2")
    pack = _pack(tmp_path, ("borrowed: home", "borrowed: host"))
    (found,) = _found(office, pack)
    assert (found.person, found.code, found.figures[0].figure) == ("p-2", "appraised-elsewhere", "appraisal.away")
    assert found.figures[0].certainty == "seen-twice"


def test_routine_assessment_that_the_other_pack_carries(tmp_path: Path) -> None:
    year = Year()
    year.decided("p-2", "excellent")
    routine = """
  routine:
    every: {value: quarter, source: 办法, certainty: seen-once}
    good_percent: {value: 40, source: 办法, certainty: seen-once}
    excellent_needs_good_percent: {value: 50, source: 办法, certainty: seen-once}
"""
    found = _found(year.office, _pack(tmp_path, ("\nappraisal:\n", f"\nappraisal:{routine}")))
    assert _told(found) == [("grade-proposed", "p-2", "barred-grade"), ("grade-decided", "p-2", "barred-grade")]
    assert {figure.figure for figure in found[0].figures} >= {"appraisal.routine.excellent_needs_good_percent"}


def test_what_was_taken_back_is_not_told_and_what_stands_in_its_place_is(tmp_path: Path) -> None:
    year = Year()
    told = year.noticed("p-2")
    pack = _pack(tmp_path, ("review_days: {value: 30", "review_days: {value: 60"))
    later = correction(told, "appraisal.give-notice", year.data("give-notice", "p-2", {"on": "2026-01-23"}),
                       year.at("give-notice"))  # fmt: skip
    year.office.did("any.correct-entry", later)
    (notice,) = _found(year.office, pack)
    assert notice.members["review_until"]["was"] == "2026-02-22"


def test_study_is_credited_by_the_pack_that_is_followed() -> None:
    office = staffed()
    at = "2026-06-01T09:00:00+08:00"
    office.did("learning.convene-session", session(starts_at=at, minutes=480), "2026-05-01T09:00:00+08:00")
    office.did("learning.record-attendance", roll(line("p-2", minutes=480)), at)
    credit: dict[str, Any] = {"session": "m-1", "person": "p-2", "centi_xueshi": 700, "account": "study"}
    office.did("learning.credit-hours", credit, "2026-06-02T09:00:00+08:00")
    (found,) = _found(office, packs()["guangdong-2026"], 2026)
    assert (found.person, found.code) == ("p-2", "credit-above-session")
    assert "study.day_centi_xueshi" in {figure.figure for figure in found.figures}
    assert {figure.certainty for figure in found.figures} == {"seen-once"}


@pytest.mark.parametrize(
    ("year", "office", "found"), [(2025, "o-1", 1), (2025, None, 1), (2025, "o-2", 0), (2024, None, 0)]
)
def test_of_that_year_and_of_that_office(tmp_path: Path, year: int, office: str | None, found: int) -> None:
    made = Year()
    made.noticed("p-2")
    pack = _pack(tmp_path, ("review_days: {value: 30", "review_days: {value: 60"))
    assert len(_found(made.office, pack, year, office)) == found
