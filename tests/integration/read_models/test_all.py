"""Every figure of every read model, now and as of instants, however events were cut: the oracle says so, and its events.

The oracle of a read model is the module named as it is; it is asked twice. Of all events, what the rows should be; and
of the events alone that explain a figure, what that figure should be.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.projector import read_models
from services.projector.read_models import ReadModel
from tests.integration.histories import STEPS, play
from tests.integration.projector_api import Api, api_on
from tests.integration.projector_world import ORIGIN, World, dump, execute, fold
from tests.integration.read_models.known import Known, at

MODELS = read_models.load()
_BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
_FOR_EVER = datetime(2200, 1, 1, tzinfo=UTC)
_DAY = 24 * 3600


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=24), seed=st.integers(0, 10**6))
async def test_every_figure_is_what_its_events_say(database: str, tmp_path: Path, steps: list[Any], seed: int) -> None:
    world, chance = World(), random.Random(seed)
    play(world, steps)
    record_at(world, [chance.choice((0, 0, 60, chance.randrange(60 * _DAY))) for _ in world.events])
    async with api_on(database, tmp_path) as api:
        await _folded_in_every_way(database, api, world)
        for model in MODELS:
            for as_of in (None, *_instants(world, chance)):
                await _agrees(api, world, model, as_of, chance)


async def _folded_in_every_way(database: str, api: Api, world: World) -> None:
    """The rows never depend on how events were cut into batches, nor on how often they came."""
    dumps = []
    for size in (1, 7, 10**6):
        await execute(database, ORIGIN)
        await fold(api.engine, world.records, size)
        dumps.append(await dump(database))
    await execute(database, ORIGIN)
    await fold(api.engine, [record for record in world.records for _ in range(2)], 5)
    await fold(api.engine, world.records, 3)
    assert dumps[0] == dumps[1] == dumps[2] == await dump(database)


async def _agrees(api: Api, world: World, model: ReadModel, as_of: datetime | None, chance: random.Random) -> None:
    known = at(world.events, as_of or _FOR_EVER)
    wanted = _rows(model, known)
    found = {_key(model, item): item async for item in _items(api, model, wanted, as_of)}
    assert found.keys() == wanted.keys(), (model.name, as_of)
    for key, item in found.items():
        row = {name: _plain(value) for name, value in wanted[key].items()}
        assert {name: _plain(item[name]) for name in row} == row, (model.name, key, as_of)
        for figure in _some(model, row, chance):
            await _explained(api, world, model, key, figure, as_of)


async def _explained(
    api: Api, world: World, model: ReadModel, key: tuple[Any, ...], figure: str, as_of: datetime | None
) -> None:
    named = {column.name: value for column, value in zip(model.key, key, strict=True)}
    path = f"/offices/o-1/{model.settings['resource'].format(**named)}"
    asked = {
        "explain": figure,
        "limit": 1000,
        **{n: v for n, v in named.items() if f"{{{n}}}" not in model.settings["resource"]},
    }
    told = await api.json(f"{path}?{urlencode(asked | ({'as_of': as_of.isoformat()} if as_of else {}))}")
    where = (model.name, key, figure, as_of, told)
    ids = {event["event_id"] for event in told["events"]}
    alone = Known([event for event in at(world.events, as_of or _FOR_EVER).events if event["id"] in ids])
    assert len(alone.events) == len(ids), where
    assert _plain(told["value"]) == _plain(_figure(_row(model, alone, key), figure)), where
    if "rule" not in told:
        assert sum(event["counts"] for event in told["events"]) == told["value"], where


def _instants(world: World, chance: random.Random) -> Iterator[datetime]:
    """When something was recorded, and just before."""
    for number in (chance.randrange(len(world.events)), chance.randrange(len(world.events))):
        recorded = datetime.fromisoformat(world.events[number]["recordedtime"])
        yield recorded - timedelta(microseconds=number % 2)


def _rows(model: ReadModel, known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    oracle = import_module(f"tests.integration.read_models.{model.name}")
    if hasattr(oracle, "keys"):
        return {key: oracle.row(known, key) for key in oracle.keys(known)}
    rows: dict[tuple[Any, ...], dict[str, Any]] = oracle.rows(known)
    return rows


def _row(model: ReadModel, known: Known, key: tuple[Any, ...]) -> dict[str, Any]:
    oracle = import_module(f"tests.integration.read_models.{model.name}")
    if hasattr(oracle, "keys"):
        return dict(oracle.row(known, key))
    return dict(oracle.rows(known).get(key, {}))


def _figure(row: dict[str, Any], figure: str) -> Any:  # noqa: ANN401  # any figure
    name, dot, value = figure.partition(".")
    return row.get(name, {}).get(value, 0) if dot else row.get(name)


def _some(model: ReadModel, row: dict[str, Any], chance: random.Random) -> Iterator[str]:
    """All figures that are anything, and one that isn't."""
    nothing = [figure for figure in model.figures if not _figure(row, figure)]
    yield from (figure for figure in model.figures if figure not in nothing)
    yield from nothing[: chance.randrange(2)]


async def _items(api: Api, model: ReadModel, wanted: dict[tuple[Any, ...], Any], as_of: datetime | None) -> Any:  # noqa: ANN401  # rows
    """The rows of the resource, page by page; of those that have the year in their path, the years that there should be."""
    for year in {2025, *(key[-1] for key in wanted)} if "{year}" in model.settings["resource"] else {0}:
        query: dict[str, Any] = {"limit": 3} | ({"as_of": as_of.isoformat()} if as_of else {})
        while True:
            page = await api.json(f"/offices/o-1/{model.settings['resource'].format(year=year)}?{urlencode(query)}")
            for item in page["items"]:
                yield item
            if page["next"] is None:
                break
            query["after"] = page["next"]


def _key(model: ReadModel, item: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(item[column.name] for column in model.key)


def _plain(value: Any) -> Any:  # noqa: ANN401  # any figure
    """Instants however they are written."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else value
    except ValueError:
        return value


def record_at(world: World, pauses: list[int]) -> None:
    """Have the events recorded at other times, each some seconds after the one before, or at the same instant.

    What is corrected is revoked and recorded anew in one decision.
    """
    when = _BEGIN
    for event, pause in zip(world.events, pauses, strict=False):
        when += timedelta(seconds=0 if "corrects" in event["data"] else pause)
        event["recordedtime"] = when.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
