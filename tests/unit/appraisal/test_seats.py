"""Seats: floor, pools, a raised rate, who counts; two decisions never exceed them (rule 8, domain 7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.appraisal.year import Year, enter, staffed
from tests.unit.office import Office, correction


def _excellent(year: Year, *persons: str) -> list[str]:
    """Propose all as excellent; who may be decided so, one after the other."""
    for who in persons:
        year.proposed(who, "excellent")
    return [who for who in persons if isinstance(year.said("decide-grade", who, grade="excellent"), list)]


def _of(number: int, first: int = 1) -> list[str]:
    return [f"p-{n}" for n in range(first, first + number)]


@pytest.mark.parametrize(("persons", "seats"), [(4, 0), (5, 1), (9, 1), (10, 2), (14, 2), (15, 3)])
def test_a_fifth_of_those_appraised_rounded_down(persons: int, seats: int) -> None:
    year = Year(staffed(persons))
    assert _excellent(year, *_of(seats + 1)) == _of(seats)
    assert year.no("decide-grade", f"p-{seats + 1}", grade="excellent") == "over-quota"
    year.did("decide-grade", f"p-{seats + 1}", grade="competent")


def test_a_raised_rate_once_it_is_approved_and_not_above_what_the_pack_allows() -> None:
    year = Year(staffed(12))  # 2.4 and 3
    assert _excellent(year, *_of(3)) == _of(2)
    assert year.no("approve-seats", pool="civil-service", rate_percent=26, approval_no="1") == "over-quota"
    assert year.no("approve-seats", pool="civil-service", rate_percent=16, approval_no="1") == "over-quota"  # 1.92
    approved = year.did("approve-seats", pool="civil-service", rate_percent=25, approval_no="1")
    year.did("decide-grade", "p-3", grade="excellent")
    assert year.office.refused_revocation(approved) == "rests-on-it"
    lower = {"cycle": year.cycle, "pool": "civil-service", "rate_percent": 24, "approval_no": "1"}
    worse = correction(approved, "appraisal.approve-seats", lower, year.at("approve-seats"))
    assert year.office.refused("any.correct-entry", worse) == "over-quota"


def test_pools_are_apart() -> None:
    office = staffed(9)  # one seat
    for number in range(5):
        enter(office, f"i-{number}", establishment="institution")  # one, too
    for number in range(5):
        enter(office, f"l-{number}", tier="leadership")  # none, and counted with nobody
    year = Year(office)
    assert _excellent(year, "p-1", "p-2", "i-0", "i-1") == ["p-1", "i-0"]


@pytest.mark.parametrize(
    ("change", "seats"),
    [
        ({}, 2),
        ({"left": "2025-12-31"}, 1),  # held no post on that day
        ({"left": "2026-01-01"}, 2),
        ({"joined": "2025-12-31"}, 2),
        ({"joined": "2026-01-01"}, 1),
    ],
)
def test_who_counts_held_a_post_on_31_december_whoever_comes_or_goes_before_or_after(
    change: dict[str, str], seats: int
) -> None:
    office = staffed(9)
    enter(office, "x", held={"from_on": change.get("joined", "2020-01-01")})
    if left := change.get("left"):
        office.did("people.record-leaving", {"person": "x", "on": left, "reason": "retired"}, f"{left}T09:00:00+08:00")
    assert len(_excellent(Year(office), *_of(3))) == seats


def test_a_probationer_takes_part_and_does_not_count() -> None:
    office = staffed(9)
    enter(office, "new", probation_until="2025-12-31")
    enter(office, "was-new", probation_until="2025-12-30")
    year = Year(office)  # ten count
    assert _excellent(year, *_of(3)) == _of(2)
    made = year.decided("new", "undetermined", reason="probation")
    assert made.data.pool == "civil-service"


def test_who_is_decided_not_to_be_appraised_does_not_count_and_nobody_loses_a_seat_by_it() -> None:
    year = Year(staffed(10))
    year.proposed("p-9", "not-appraised", reason="long-leave")
    assert _excellent(year, *_of(2)) == _of(2)
    assert year.no("decide-grade", "p-9", grade="not-appraised") == "over-quota"
    year.proposed("p-10", "undetermined", reason="investigation")
    year.did("decide-grade", "p-10", grade="undetermined")  # who is undetermined still counts
    decided = [e for e in year.office.events.values() if e.data.TYPE.endswith("grade-decided.v1")]
    year.office.revoke(decided[0])
    year.did("decide-grade", "p-9", grade="not-appraised")  # nine now, one seat, one taken
    assert year.no("decide-grade", "p-1", grade="excellent") == "over-quota"
    year.did("supplement-grade", "p-9")  # appraised after all: ten, two seats
    supplemented = list(year.office.events.values())[-1]
    year.did("decide-grade", "p-1", day="2026-05-07", grade="excellent")
    assert year.office.refused_revocation(supplemented) == "rests-on-it"


def test_a_decided_grade_corrected_frees_a_seat_or_takes_one() -> None:
    year = Year(staffed(5))
    assert _excellent(year, "p-1", "p-2") == ["p-1"]
    first: Any = next(e for e in year.office.events.values() if e.data.TYPE.endswith("grade-decided.v1"))
    other = year.did("decide-grade", "p-2", grade="competent")
    up = correction(other, "appraisal.decide-grade", year.data("decide-grade", "p-2", {"grade": "excellent"}),
                    year.at("decide-grade"))  # fmt: skip
    assert year.office.refused("any.correct-entry", up) == "over-quota"
    down = correction(first, "appraisal.decide-grade", year.data("decide-grade", "p-1", {}), year.at("decide-grade"))
    year.office.did("any.correct-entry", down)
    year.office.did("any.correct-entry", up)


def test_who_is_appraised_by_the_host_takes_no_seat_and_is_counted_with_nobody() -> None:
    office = staffed(10)
    office.did("people.start-secondment", {"secondment": "sc", "person": "p-9", "kind": "posted", "direction": "out",
               "unit": "乡镇", "from_on": "2025-03-01"}, "2025-03-01T09:00:00+08:00")  # fmt: skip
    year = Year(office)
    year.ready("p-9")
    assert year.no("propose-grade", "p-9", grade="excellent") == "appraised-elsewhere"
    made = year.did("propose-grade", "p-9", grade="excellent", appraised_by="host")
    assert made.data.here is False
    year.did("decide-grade", "p-9", grade="excellent")
    assert _excellent(year, *_of(3)) == _of(1)  # nine count


def test_two_at_once_decided_on_the_same_states_are_one_after_the_other() -> None:
    """The second sees what the first took, whoever sent it: a pool is one row."""
    office: Office = staffed(5)
    year = Year(office)
    for who in ("p-1", "p-2"):
        year.proposed(who, "excellent")
    actions = [
        office.action(
            "appraisal.decide-grade", year.data("decide-grade", who, {"grade": "excellent"}), year.at("decide-grade")
        )
        for who in ("p-1", "p-2")
    ]
    keys = [office.loaded(action).keys for action in actions]
    assert ("pool", "o-1/cy-2025/civil-service") in keys[0] & keys[1]
    assert isinstance(office.decide(actions[0]._replace(id="x")), list)
    assert getattr(office.decide(actions[1]._replace(id="y")), "code", None) == "over-quota"
