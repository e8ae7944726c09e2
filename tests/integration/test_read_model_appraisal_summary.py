"""``appraisal_summary``: what a yearly appraisal rests on."""

from __future__ import annotations

from typing import Any

from tests.integration.projector_world import World, engine_on, fold, select

_EVIDENCE = (
    "SELECT person, year, section, tier, stage, requirement_met, requirement_events, evidence_by_group::text,"
    " evidence_events"
    " FROM office.appraisal_summary ORDER BY person, year"
)


async def _rows(database: str, world: World) -> list[tuple[Any, ...]]:
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        await fold(engine, world.records)
    return await select(database, _EVIDENCE)


async def test_learning_and_work_are_evidence_talks_and_welfare_never(database: str) -> None:
    world = World()
    world.register("p-1")
    world.assume("p-1", "x", "section-head")
    world.convene("s-1")
    attended = world.attend("s-1", "p-1")
    output = world.output("p-1")
    world.talk("p-1", "p-2")
    world.visit("v-1", "p-1")
    world.revoke(world.output("p-1"))
    assert await _rows(database, world) == [
        ("p-1", 2026, "x", "section-head", "not-opened", False, [], '{"work": 1, "learning": 1}', [attended, output])
    ]


async def test_the_requirement_is_ninety_recognised_xueshi_in_a_shanghai_year(database: str) -> None:
    world = World()
    for person in ("p-1", "p-2", "p-3"):
        world.register(person)
    world.convene("s-1")
    enough = [world.credit("s-1", "p-1", 90, time=f"2026-0{month}-01T00:00:00Z") for month in (1, 2)]
    world.credit("s-1", "p-2", 180, "study")
    first, later = world.credit("s-1", "p-3", 90), world.credit("s-1", "p-3", 90, time="2026-12-31T16:00:00Z")
    rows = {(row[0], row[1]): row[5:7] for row in await _rows(database, world)}
    assert rows == {
        ("p-1", 2026): (True, enough),
        ("p-2", 2026): (False, []),
        ("p-3", 2026): (False, [first]),
        ("p-3", 2027): (False, [later]),
    }


async def test_the_section_is_that_at_the_end_of_the_year(database: str) -> None:
    world = World()
    world.register("p-1")
    world.assume("p-1", "x", on="2026-01-02")
    world.transfer("p-1", "y", "2026-12-31")
    away = world.transfer("p-1", "z", "2027-01-01")
    world.output("p-1")
    world.output("p-1", time="2027-03-01T00:00:00Z")
    assert [row[1:3] for row in await _rows(database, world)] == [(2026, "y"), (2027, "z")]
    world.revoke(away)
    assert [row[1:3] for row in await _rows(database, world)] == [(2026, "y"), (2027, "y")]
