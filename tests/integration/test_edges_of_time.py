"""What is due and what was done at the edges of days, months and years: the office's days are Shanghai's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.projector_api import api_on
from tests.integration.projector_world import World, fold

Row = dict[str, Any]


async def _one(world: World, database: str, tmp_path: Path, resource: str) -> Row:
    """The one row of a page."""
    async with api_on(database, tmp_path) as api:
        await fold(api.engine, world.records)
        (row,) = (await api.json(f"/offices/o-1/{resource}"))["items"]
    return dict(row)


@pytest.mark.parametrize(
    ("time", "done_on", "late"),
    [("2026-06-30T15:30:00Z", "2026-06-30", False), ("2026-06-30T16:30:00Z", "2026-07-01", True)],
    ids=["23:30", "00:30"],
)
async def test_a_report_half_an_hour_before_and_after_midnight(
    database: str, tmp_path: Path, time: str, done_on: str, late: bool
) -> None:
    world = World()
    data = {"person": "p-1", "half": "2026H1", "heard_by": ["x"]}
    world.record("work.duty-report-delivered", time, data, "person/p-1", ["p-1"])
    row = await _one(world, database, tmp_path, "duties?period=2026H1")
    assert (row["due_on"], row["done_on"], row["late"]) == ("2026-06-30", done_on, late)


async def test_an_exchange_of_a_february_with_29_days(database: str, tmp_path: Path) -> None:
    world = World()
    data = {"exchange": "1", "host": "x", "sections": ["x", "y"], "month": "2028-02", "topics": "衔接"}
    world.record("work.section-exchange-held", "2028-02-29T15:59:59Z", data, "exchange/1")
    row = await _one(world, database, tmp_path, "duties?period=2028-02&subject=x")
    assert (row["due_on"], row["done_on"], row["late"]) == ("2028-02-29", "2028-02-29", False)


@pytest.mark.parametrize(
    ("item", "due_on"),
    [
        ({"iso_week": "2026-W53"}, "2027-01-03"),  # the week over New Year
        ({"iso_week": "2026-W01"}, "2026-01-04"),
        ({"ten_days": "early"}, "2026-02-10"),
        ({"ten_days": "late"}, "2026-02-28"),
    ],
    ids=["W53", "W01", "early", "late"],
)
async def test_an_item_of_a_plan_is_due_when_its_week_or_ten_days_end(
    database: str, tmp_path: Path, item: Row, due_on: str
) -> None:
    world = World()
    data = {"plan": "1", "month": "2026-02", "items": [{"item": "1", "kinds": ["lecture"], "title": "讲座", **item}]}
    world.record("learning.month-arranged", "2026-01-20T01:00:00Z", data, "plan/1")
    assert (await _one(world, database, tmp_path, "due?duty=plan-item"))["due_on"] == due_on


async def test_the_last_hours_of_a_year_in_greenwich_are_the_next_years(database: str, tmp_path: Path) -> None:
    world = World()
    world.assume("p-1", "x", on="2025-01-01")
    world.output("p-1", time="2025-12-31T16:00:00Z")
    row = await _one(world, database, tmp_path, "progress?subject=p-1")
    assert (row["year"], row["outputs_in_effect"]) == (2026, 1)
    assert (await _one(world, database, tmp_path, "section-board"))["month"] == "2026-01"


async def test_who_leaves_in_june_owes_no_report_on_the_half_year(database: str, tmp_path: Path) -> None:
    """The last day there is the day before; who leaves on 1 July still heads on 30 June."""
    world = World()
    for person, on in (("p-1", "2026-06-30"), ("p-2", "2026-07-01")):
        world.register(person)
        world.assume(person, "x", "section-head")
        data = {"person": person, "on": on, "reason": "transferred"}
        world.record("people.person-left", f"{on}T01:00:00Z", data, f"person/{person}", [person])
    assert (await _one(world, database, tmp_path, "duties?duty=duty-report"))["subject"] == "p-2"


async def test_a_backdated_change_lists_what_it_touches_and_moves_nothing(database: str, tmp_path: Path) -> None:
    """Known from March on, recorded in April: what happened on its day or later, whoever led it, and nothing else."""
    world = World()
    for person in ("p-1", "p-2"):
        world.register(person)
        world.assume(person, "x", on="2026-01-02")
    world.output("p-1", time="2026-02-28T15:30:00Z")  # 23:30 of the day before, in Shanghai
    touched = {world.output("p-2", "p-1", time="2026-02-28T16:30:00Z"), world.talk("p-1", "p-2")}
    world.output("p-2")
    moved = world.transfer("p-1", "y", on="2026-03-01")
    world.output("p-1", time="2026-03-20T03:00:00Z")
    async with api_on(database, tmp_path) as api:
        await fold(api.engine, world.records)
        listed = (await api.json("/offices/o-1/backdated"))["items"]
        assert {(row["event_id"], row["touched"], row["section"]) for row in listed} == {
            (moved, each, "x") for each in touched
        }
        world.revoke(moved)
        await fold(api.engine, world.records)
        assert (await api.json("/offices/o-1/backdated"))["items"] == []
