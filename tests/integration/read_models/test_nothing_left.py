"""What everybody took back counts nowhere; and what is independent comes to the same figures in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schemas.catalogue import EVENTS
from schemas.declared import New, named
from services.projector import read_models
from services.projector.read_models import ReadModel
from tests.integration.histories import PERSONS, STEPS, play
from tests.integration.projector_api import Api, api_on
from tests.integration.projector_world import ORIGIN, World, execute, fold

MODELS = read_models.load()
SAMPLES = Path(__file__).parents[2] / "contract" / "samples"
_YEARS = (2024, 2025, 2026, 2027)
_PLACES = {"position", "last_position", "recorded_at", "shard"}  # where a fact stands among others
_FIRST = {"people.person-registered", "people.section-defined", "people.post-assumed"}  # what others rest on
Row = dict[str, Any]


async def _rows(api: Api, model: ReadModel) -> list[Row]:
    """All rows that the API has."""
    resource = model.settings["resource"]
    found: list[Row] = []
    for path in {resource.replace("{year}", str(year)) for year in _YEARS}:
        page: Row = {"next": ""}
        while page["next"] is not None:
            after = f"&after={page['next']}" if page["next"] else ""
            page = await api.json(f"/offices/o-1/{path}?limit=1000{after}")
            found += page["items"]
    return found


@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=12, max_size=30))
async def test_where_all_is_revoked_every_figure_is_zero(database: str, tmp_path: Path, steps: list[Any]) -> None:
    world = World()
    play(world, steps)
    gone = {event["data"]["event"] for event in world.events if event["type"].endswith("entry-revoked.v1")}
    standing = [event for event in world.events if event["id"] not in gone and "entry-revoked" not in event["type"]]
    for event in reversed(standing):
        world.revoke(event["id"])
    async with api_on(database, tmp_path) as api:
        await execute(database, ORIGIN)
        await fold(api.engine, world.records, 7)
        for model in MODELS:
            rows = [] if model.kind == "log" else await _rows(api, model)  # a log shows what was revoked, as such
            left = [(model.name, row) for row in rows if any(row[name] for name in _figures(model))]
            assert not left


def _figures(model: ReadModel) -> Iterator[str]:
    """What counts: of rows that are facts, all that they say."""
    return (
        column.name for column in model.columns if column.role in {"", "sum", "counts", "reaches", "events", "latest"}
    )


def _independent() -> list[Row]:
    """A fact of each type that rests on people and sections alone, as the contract's samples have it."""
    found = []
    for type_, model in EVENTS.items():
        rests = {place.mark.kind for place in named(model) if not isinstance(place.mark, New)}
        short = type_.removeprefix("chengzhang.").removesuffix(".v1")
        undone = "erasure" in short or "erased" in short or "hold-" in short or short.startswith("any.")
        if rests <= {"person", "section", "line"} and short not in _FIRST and not undone:
            found.append(orjson.loads((SAMPLES / f"{type_}.json").read_bytes()))
    return found


async def test_what_is_independent_comes_to_the_same_in_any_order(database: str, tmp_path: Path) -> None:
    facts, answers = _independent(), []
    assert len(facts) > 30
    assert {event["type"].split(".")[1] for event in facts} >= {
        "people", "learning", "talk", "work", "team", "welfare", "spirit",
    }  # fmt: skip
    async with api_on(database, tmp_path) as api:
        for seed in range(4):
            world = World()
            for who in PERSONS:
                world.register(who)
                world.assume(who, "s-1")
            for event in random.Random(seed).sample(facts, len(facts)):
                world.take(event)
            await execute(database, ORIGIN)
            await fold(api.engine, world.records, 5)
            answers.append({model.name: [_placeless(row) for row in await _rows(api, model)] for model in MODELS})
    for other in answers[1:]:
        for name, rows in answers[0].items():
            assert sorted(map(repr, other[name])) == sorted(map(repr, rows)), name
    assert sum(map(bool, answers[0].values())) > len(MODELS) / 2


def _placeless(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _PLACES}
