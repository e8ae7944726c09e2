"""``talk_coverage``, ``work_output``, ``welfare_ledger``."""

from __future__ import annotations

from datetime import date

from tests.integration.projector_world import World, engine_on, fold, select


async def test_talk_coverage_counts_one_to_one_talks_by_pair_and_shanghai_month(database: str) -> None:
    world = World()
    world.talk("p-2", "p-1", pair="leadership-staff")
    world.talk("p-1", "p-2", pair="leadership-staff")
    world.talk("p-1", "p-2", time="2026-03-31T16:00:00Z", pair="leadership-staff")
    world.revoke(world.talk("p-1", "p-3"))
    world.talk("p-1", "p-2", "p-3")
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        await fold(engine, world.records)
    assert await select(
        database, "SELECT person_a, person_b, pair, month, held FROM office.talk_coverage ORDER BY month"
    ) == [
        ("p-1", "p-2", "leadership-staff", "2026-03", 2),
        ("p-1", "p-2", "leadership-staff", "2026-04", 1),
    ]


async def test_work_output_counts_for_lead_and_participants_and_takes_the_count_of_classified_lines(
    database: str,
) -> None:
    world = World()
    world.output("p-1", "p-2")
    world.revoke(world.output("p-1"))
    world.output("p-1", line="classified-communications", count=12)
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        await fold(engine, world.records)
    assert await select(
        database, "SELECT person, line, effect, month, outputs FROM office.work_output ORDER BY person, line"
    ) == [
        ("p-1", "classified-communications", "adopted", "2026-03", 12),
        ("p-1", "information", "adopted", "2026-03", 1),
        ("p-2", "information", "adopted", "2026-03", 1),
    ]


async def test_welfare_ledger_shows_the_visit_that_stands_and_its_days(database: str) -> None:
    world = World()
    world.correct(world.visit("v-1", "p-1", 100), fen=200)
    world.revoke(world.visit("v-2", "p-1"))
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        await fold(engine, world.records)
    assert await select(database, "SELECT visit, person, fen, visited_on, days FROM office.welfare_ledger") == [
        ("v-1", "p-1", 200, date(2026, 3, 8), 7)
    ]
