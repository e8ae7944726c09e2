"""All read models together: their rows never depend on how events were cut into batches, nor on how often they came."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.projector import read_models
from services.projector.engine import Engine
from tests.integration.histories import STEPS, play
from tests.integration.projector_world import World, dump, engine_on, execute, fold, select

ORIGIN = [
    f"TRUNCATE {', '.join(model.name for model in read_models.load())}",
    "UPDATE cursor SET next = 0, leaf_hash = NULL, ledger = NULL",
]

Rows = dict[str, list[tuple[Any, ...]]]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=24))
async def test_rows_never_depend_on_the_cut_into_batches(database: str, steps: list[Any]) -> None:
    world = World()
    play(world, steps)
    async with engine_on(database) as engine:
        whole = await _rows_of(database, engine, world, 10**6)
        assert await _rows_of(database, engine, world, 7) == whole
        assert await _rows_of(database, engine, world, 1) == whole
        twice = [record for record in world.records for _ in range(2)]
        await execute(database, ORIGIN)
        await fold(engine, twice, 5)
        await fold(engine, world.records, 3)
        assert await dump(database) == whole
    assert await _figures(database) == await _counted(database)


async def _rows_of(database: str, engine: Engine, world: World, size: int) -> Rows:
    await execute(database, ORIGIN)
    await fold(engine, world.records, size)
    return await dump(database)


async def _figures(database: str) -> list[tuple[Any, ...]]:
    return await select(
        database,
        "SELECT office, person, year, coalesce((by_group ->> 'learning')::int, 0),"
        " coalesce((by_guide ->> 'people')::int, 0)"
        " FROM office.growth_file ORDER BY 1, 2, 3",
    )


async def _counted(database: str) -> list[tuple[Any, ...]]:
    return await select(
        database,
        "SELECT office, person, date_part('year', occurred_at AT TIME ZONE 'Asia/Shanghai')::int,"
        " count(*) FILTER (WHERE entry_group = 'learning'), count(*) FILTER (WHERE guide = 'people')"
        " FROM office.growth_entry WHERE revoked_at IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )
