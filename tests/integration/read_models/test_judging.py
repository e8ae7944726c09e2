"""What judges people, over histories of appraisals and selections: every figure is what its events say."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.judging import STEPS, play
from tests.integration.projector_api import api_on
from tests.integration.projector_world import World
from tests.integration.read_models.test_all import MODELS, agrees, asked, folded_in_every_way, instants, record_at

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
