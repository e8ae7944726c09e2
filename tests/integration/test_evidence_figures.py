"""The figures that a bundle's ``verify.py`` computes from events are those that the read model sums up."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.recorder.audit.bundle import standalone as verify
from tests.integration.histories import PERSONS, STEPS, play
from tests.integration.projector_world import World, engine_on, execute, fold, select
from tests.integration.test_read_model_folds import ORIGIN

_COLUMNS = (
    "section", "tier", "stage", "requirement_met", "requirement_events", "evidence_by_group", "evidence_by_guide",
    "evidence_events", "routine_grades", "duty_reports", "proposed_grade", "grade",
)  # fmt: skip
_JSON = {"evidence_by_group", "evidence_by_guide", "routine_grades", "duty_reports"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=40))
async def test_both_come_to_the_same_whatever_happened(database: str, steps: list[Any]) -> None:
    world = World()
    play(world, steps)
    world.convene("s-3", kind="quiz", carrier="branch")
    for number, time in enumerate(("2026-12-31T15:59:59Z", "2026-12-31T16:00:00Z", "2025-12-31T16:00:00.5Z")):
        world.credit("s-3", PERSONS[number], 180, time=time)
    async with engine_on(database) as engine:
        await execute(database, ORIGIN)
        await fold(engine, world.records)
    rows = await select(database, f"SELECT office, person, year, {', '.join(_COLUMNS)} FROM office.appraisal_summary")
    assert {(row[1], row[2]) for row in rows} >= {(person, 2026) for person in PERSONS} | {("p-2", 2027)}
    for office, person, year, *values in rows:
        stated = {
            name: orjson.loads(value) if name in _JSON else value for name, value in zip(_COLUMNS, values, strict=True)
        }
        assert verify.figures(world.events, office, person, year) == stated, (person, year)
