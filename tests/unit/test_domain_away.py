"""Secondments, long leaves, discipline: each rule by given, when, then."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.people.discipline import MEASURES, measure_of
from services.recorder.domain.deciding.core import Rejection
from tests.unit.office import Office, correction, founded

AWAY: list[tuple[str, dict[str, Any]]] = [
    ("secondment", {"secondment": "a-1", "person": "p-1", "kind": "posted", "direction": "out", "unit": "某县",
                    "from_on": "2026-03-01"}),
    ("long-leave", {"leave": "a-1", "person": "p-1", "reason": "病假", "from_on": "2026-03-01"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data"), AWAY)
def test_given_somebody_away_when_it_ends_then_once_and_not_before_it_began(what: str, data: dict[str, Any]) -> None:
    office = founded()
    name = next(iter(data))
    ends = {name: "a-1", "on": "2026-09-01"}
    assert office.refused(f"people.end-{what}", ends) == "unknown-reference"
    started = office.did(f"people.start-{what}", data)
    assert office.refused(f"people.end-{what}", ends | {"on": "2026-02-28"}) == "unknown-reference"
    ended = office.did(f"people.end-{what}", ends)
    assert [stamp.person for stamp in ended.data.stamps] == ["p-1"]
    assert office.refused(f"people.end-{what}", ends) == "unknown-reference"
    assert office.refused_revocation(started) == "rests-on-it"
    later = correction(started, f"people.start-{what}", data | {"from_on": "2026-09-02"})
    assert office.refused("any.correct-entry", later) == "rests-on-it"
    office.did("any.correct-entry", correction(started, f"people.start-{what}", data | {"from_on": "2026-09-01"}))


def test_what_ends_is_stamped_with_where_the_person_sits_from_then_on() -> None:
    office = founded()
    office.did("people.define-section", {"section": "s-2", "name": "二科"})
    office.did("people.start-secondment", AWAY[0][1])
    office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-08-01"})
    ended = office.did("people.end-secondment", {"secondment": "a-1", "on": "2026-09-01"})
    assert [(stamp.section, stamp.tier) for stamp in ended.data.stamps] == [("s-2", "staff")]


# --- discipline ---


def _measure(office: Office, kind: str, **more: object) -> Any:  # noqa: ANN401
    data = {"measure": "d-1", "person": "p-1", "measure_kind": kind, "case": "decided", "decided_on": "2026-02-01"}
    return office.submit("people.record-discipline", {**data, **more})


@pytest.mark.parametrize(
    ("kind", "bars"),
    [
        ("党内警告", [(2026, "not-excellent")]),
        ("administrative warning", [(2026, "not-excellent")]),
        ("严重警告", [(2026, "no-grade")]),
        ("记过", [(2026, "no-grade")]),
        ("记大过", [(2026, "no-grade"), (2027, "no-grade")]),
        ("major-demerit", [(2026, "no-grade"), (2027, "no-grade")]),
        ("降级", [(2026, "no-grade"), (2027, "no-grade")]),
        ("撤职", [(2026, "no-grade"), (2027, "no-grade")]),
        ("撤销党内职务", [(2026, "incompetent")]),
        ("留党察看", [(2026, "incompetent"), (2027, "no-grade"), (2028, "no-grade")]),
        ("开除党籍", [(2026, "incompetent"), (2027, "no-grade"), (2028, "no-grade")]),
    ],
)
def test_given_a_measure_then_the_pack_says_what_it_bars_and_the_measure_is_sealed(
    kind: str, bars: list[tuple[int, str]]
) -> None:
    (event,) = _measure(founded(), kind)
    assert [(bar.year, bar.bar) for bar in event.data.bars] == bars
    assert event.data.measure_kind.alg == "A256GCM"


def test_an_open_case_bars_a_grade_of_its_year_and_is_closed_once() -> None:
    office = founded()
    (event,) = _measure(office, "立案审查", case="open", decided_on=None)
    assert [(bar.year, bar.bar) for bar in event.data.bars] == [(2026, "no-grade")]
    closed = office.did("people.close-discipline", {"measure": "d-1", "on": "2026-06-01", "outcome": "cleared"})
    assert [stamp.person for stamp in closed.data.stamps] == ["p-1"]
    again = {"measure": "d-1", "on": "2026-06-02", "outcome": "decided"}
    assert office.refused("people.close-discipline", again) == "unknown-reference"
    assert office.refused_revocation(event) == "rests-on-it"


def test_a_decided_measure_is_no_case_to_be_closed() -> None:
    office = founded()
    assert not isinstance(_measure(office, "记过"), Rejection)
    data = {"measure": "d-1", "on": "2026-06-01", "outcome": "cleared"}
    assert office.refused("people.close-discipline", data) == "unknown-reference"


def test_measures_are_known_by_code_and_by_what_they_are_called_each_by_its_own() -> None:
    names = [name for code, also in MEASURES.items() for name in (code, *also)]
    assert len(names) == len(set(names))
    assert all(measure_of(f" {name} ") == code for code, also in MEASURES.items() for name in (code, *also))
    assert measure_of("通报表扬") is None
