"""A rebuild that is killed at any step: readers have what they had, and the next rebuild goes on from there."""

from __future__ import annotations

import asyncio

from services.common.settings import Settings
from services.projector.settings import consumer_name
from tests.integration.projector_running import create_topic, life, publish
from tests.integration.projector_world import World, dump, engine_on, execute, fold, select
from tests.support.service import ran

REBUILD_STEPS = ("while-replaying", "before-compare", "before-switch", "in-switch", "after-switch")


async def versions(settings: Settings) -> list[tuple[int, str]]:
    """Number and state of each version."""
    return [tuple(row) for row in await select(settings.database_url, "SELECT number, state FROM projector.version")]


async def entered(settings: Settings, world: World) -> None:
    """One more event, published and folded."""
    world.output("p-1")
    await publish(settings, world.records[-1:])
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, world.records)


async def test_a_rebuild_survives_a_kill_at_every_step(settings: Settings) -> None:
    world = life(people=5)
    await create_topic(settings)
    await publish(settings, world.records)
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, world.records)
    for number, step in enumerate(REBUILD_STEPS):
        ended = await asyncio.to_thread(ran, settings, "projector", "rebuild", "--lang", "en", fault=step)
        assert ended.returncode == -9, (step, ended.stderr)
        assert (b"Going on with office_v2" in ended.stderr) == (number > 0), (step, ended.stderr)
        switched = step == "after-switch"
        stand = [(1, "old"), (2, "live")] if switched else [(1, "live"), (2, "building")]
        assert sorted(await versions(settings)) == stand, step
        assert await select(settings.database_url, "SELECT sum(next) FROM cursor") == [(len(world.events),)]
        await entered(settings, world)
    rows = await dump(settings.database_url)
    assert len(rows["fact"]) == 10 + len(REBUILD_STEPS)
    await execute(settings.database_url, [f"TRUNCATE {', '.join(rows)}", "DELETE FROM cursor"])
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, world.records)
    assert await dump(settings.database_url) == rows
