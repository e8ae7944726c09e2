"""``progress_year``: the own tier's median is shown to the person alone, and not where fewer than five compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.projector_api import Api, api_on
from tests.integration.projector_world import World, fold

_FIVE = ("p-1", "p-2", "p-3", "p-4", "p-5")


async def test_the_median_of_the_own_tier_is_the_persons_own(database: str, tmp_path: Path) -> None:
    """Five of one tier have 0 to 4 goals met; a leader has more, and is no part of it."""
    world = World()
    for met, person in enumerate(_FIVE):
        _cadre(world, person, "staff", met)
    _cadre(world, "p-6", "leadership", 9)
    async with api_on(database, tmp_path) as api:
        await fold(api.engine, world.records)
        assert (await _row(api, "own-token"))["tier_median"] == {"goals": 5, "goals_met": 2, "outputs_in_effect": 1}
        assert [item["subject"] for item in (await _items(api, "own-token"))] == ["p-1"]
        for token in ("reader-token", "auditor-token"):
            assert {item["tier_median"] for item in await _items(api, token)} == {None}


async def test_four_are_too_few_to_compare(database: str, tmp_path: Path) -> None:
    world = World()
    for met, person in enumerate(_FIVE[:4]):
        _cadre(world, person, "staff", met)
    async with api_on(database, tmp_path) as api:
        await fold(api.engine, world.records)
        assert (await _row(api, "own-token"))["tier_median"] is None


async def test_who_reads_for_a_section_reads_its_own_rows_and_those_of_its_people(
    database: str, tmp_path: Path
) -> None:
    """``head-token`` is of section x: not of y, where p-2 sits."""
    world = World()
    for person, section in (("p-1", "x"), ("p-2", "y")):
        world.register(person)
        world.assume(person, section, on="2026-01-02")
        world.record(
            "people.section-defined",
            "2026-01-02T01:00:00Z",
            {"section": section, "name": section},
            f"section/{section}",
        )
        world.output(person)
    async with api_on(database, tmp_path) as api:
        await fold(api.engine, world.records)
        progress = (await api.json("/offices/o-1/progress", "head-token"))["items"]
        assert {item["subject"] for item in progress} == {"p-1", "x"}
        duties = (await api.json("/offices/o-1/duties", "head-token"))["items"]
        assert {item["subject"] for item in duties} == {"x"}
        due = (await api.json("/offices/o-1/due", "head-token"))["items"]
        assert {item["section"] for item in due} == {"x"}


def _cadre(world: World, person: str, tier: str, met: int) -> None:
    """Five goals or as many as are met, and an output in effect."""
    world.register(person)
    world.assume(person, f"section-{person}", tier)
    for number in range(max(5, met)):
        goal = f"{person}-{number}"
        data: dict[str, Any] = {"goal": goal, "person": person, "year": 2026, "title": "提速"}
        world.record("people.goal-set", "2026-02-01T01:00:00Z", data, f"goal/{goal}", [person])
        if number < met:
            reported: dict[str, Any] = {"goal": goal, "state": "met", "on": "2026-05-01", "person": person}
            reported |= {"goal_stamp": {"person": person, "year": 2026, "title": "提速"}}
            world.record("people.goal-reported", "2026-05-01T01:00:00Z", reported, f"goal/{goal}", [person])
    world.output(person)


async def _items(api: Api, token: str) -> list[dict[str, Any]]:
    page = await api.json("/offices/o-1/progress?year=2026", token)
    return [item for item in page["items"] if item["subject"].startswith("p-")]


async def _row(api: Api, token: str) -> dict[str, Any]:
    (row,) = [item for item in await _items(api, token) if item["subject"] == "p-1"]
    return row
