"""What judges people, over histories of appraisals and selections: every figure is what its events say."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.judging import STEPS, play
from tests.integration.projector_api import api_on
from tests.integration.projector_world import World, engine_on, execute, fold, select
from tests.integration.read_models.appraisal import appraisal_summary
from tests.integration.read_models.known import Known
from tests.integration.read_models.test_all import (
    MODELS,
    ORIGIN_OF_ALL,
    agrees,
    asked,
    folded_in_every_way,
    instants,
    record_at,
)

_ABOUT = {"appraisal_summary", "quota_board", "selection_list", "due_list", "coming_dates", "audit_exceptions"}


@settings(
    max_examples=10, phases=[Phase.generate, Phase.shrink], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, min_size=4, max_size=24), seed=st.integers(0, 10**6))
async def test_every_figure_that_judges_is_what_its_events_say(
    database: str, tmp_path: Path, steps: list[Any], seed: int
) -> None:
    world, chance = World(), random.Random(seed)
    play(world, steps, seed)
    record_at(world, [chance.choice((0, 60, chance.randrange(60 * 24 * 3600))) for _ in world.events])
    async with api_on(database, tmp_path, models=MODELS) as api:
        await folded_in_every_way(database, api, world)
        for model in MODELS:
            if model.name in _ABOUT:
                for at in (None, *instants(world, chance)):
                    await agrees(asked(api, world, at), model, chance)


@settings(
    max_examples=6, phases=[Phase.generate, Phase.shrink], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, min_size=8, max_size=30), seed=st.integers(0, 10**6))
async def test_the_events_that_go_into_a_bundle_give_the_whole_appraisal(
    database: str, steps: list[Any], seed: int
) -> None:
    world = World()
    play(world, steps, seed)
    async with engine_on(database, models=MODELS) as engine:
        await execute(database, ORIGIN_OF_ALL)
        await fold(engine, world.records)
        rows = await select(
            database, "SELECT person, year, further_events || evidence_events FROM office.appraisal_summary"
        )
    assert rows
    for person, year, events in rows:
        bundled = [event for event in world.events if event["id"] in events]
        whole, alone = (appraisal_summary.row(Known(each), (person, year)) for each in (world.events, bundled))
        assert alone == {**whole, "section_name": alone["section_name"]}
