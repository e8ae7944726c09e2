"""``growth_file``: a person's year in figures."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.integration.projector_world import World, engine_on, fold, select


async def test_unrevoked_entries_are_counted_by_shanghai_year(database: str) -> None:
    world = World()
    world.register("p-1")
    world.convene("s-1", kind="quiz", carrier="branch")
    world.attend("s-1", "p-1", time="2026-12-31T15:59:59Z", guide="harmony")
    world.attend("s-1", "p-1", time="2026-12-31T16:00:00Z")
    world.credit("s-1", "p-1", time="2026-05-01T00:00:00Z")
    world.revoke(world.output("p-1"))
    world.output("p-1", effect="in-force", guide="results")
    world.talk("p-1", "p-2")
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        await fold(engine, world.records)
    assert await select(
        database,
        "SELECT person, year, by_group::text, by_guide::text, by_session_kind::text, by_carrier::text,"
        " outputs_by_effect::text, last_entry_at FROM office.growth_file WHERE person = 'p-1' ORDER BY year",
    ) == [
        (
            "p-1",
            2026,
            '{"talk": 1, "work": 1, "learning": 2}',
            '{"harmony": 1, "results": 1}',
            '{"quiz": 2}',
            '{"branch": 2}',
            '{"in-force": 1}',
            datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC),
        ),
        (
            "p-1",
            2027,
            '{"learning": 1}',
            "{}",
            '{"quiz": 1}',
            '{"branch": 1}',
            "{}",
            datetime(2026, 12, 31, 16, tzinfo=UTC),
        ),
    ]


async def test_a_year_without_an_entry_that_counts_is_not_shown(database: str) -> None:
    world = World()
    world.register("p-1")
    world.revoke(world.output("p-1"))
    async with engine_on(database) as engine:
        await fold(engine, world.records, 1)
    assert await select(database, "SELECT * FROM office.growth_file") == []
