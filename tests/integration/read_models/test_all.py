"""Every figure of every read model, now and as of instants, however events were cut, is what the oracle says.

The oracle of a read model is the module named as it is. It is asked twice: of all events, what the rows should be; and
of those events alone that are said to explain a figure, what that figure should be.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.projector import read_models
from services.projector.read_models import ReadModel
from tests.integration.histories import STEPS, play
from tests.integration.projector_api import Api, api_on
from tests.integration.projector_world import ORIGIN, World, dump, execute, fold, tables
from tests.integration.read_models.known import Known

# Those that there are, and one of a kind that none of them is.
_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
MODELS = (*read_models.load(), *read_models.load(_HERE))
ORIGIN_OF_ALL = [f"TRUNCATE {', '.join(tables(MODELS))}", ORIGIN[1]]
Key = tuple[Any, ...]
Row = dict[str, Any]
_BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
_DAY = 24 * 3600
_EXPLAINED = 4  # rows of a read model whose figures are explained, each time that it is asked


@settings(
    max_examples=8, phases=[Phase.generate, Phase.shrink], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=24), seed=st.integers(0, 10**6))
async def test_every_figure_is_what_its_events_say(database: str, tmp_path: Path, steps: list[Any], seed: int) -> None:
    world, chance = World(), random.Random(seed)
    play(world, steps)
    record_at(world, [chance.choice((0, 0, 60, chance.randrange(60 * _DAY))) for _ in world.events])
    async with api_on(database, tmp_path, models=MODELS) as api:
        await folded_in_every_way(database, api, world)
        for model in MODELS:
            for at in (None, *instants(world, chance)):
                await agrees(asked(api, world, at), model, chance)


async def folded_in_every_way(database: str, api: Api, world: World) -> None:
    """The rows never depend on how events were cut into batches, nor on how often they came."""
    dumps = []
    for size in (1, 7, 10**6):
        await execute(database, ORIGIN_OF_ALL)
        await fold(api.engine, world.records, size)
        dumps.append(await dump(database, MODELS))
    await execute(database, ORIGIN_OF_ALL)
    await fold(api.engine, [record for record in world.records for _ in range(2)], 5)
    await fold(api.engine, world.records, 3)
    assert dumps[0] == dumps[1] == dumps[2] == await dump(database, MODELS)


@dataclass(frozen=True)
class _Asked:
    """As of an instant, or now: what was recorded by then, and how it is asked for."""

    api: Api
    events: list[dict[str, Any]]
    query: dict[str, Any]
    at: datetime | None = None

    async def json(self, model: ReadModel, named: Row, **more: object) -> Any:  # noqa: ANN401  # JSON
        """An answer; what the resource's path doesn't take goes into the query."""
        resource = model.settings["resource"]
        query = {name: value for name, value in named.items() if f"{{{name}}}" not in resource}
        return await self.api.json(f"/offices/o-1/{resource.format(**named)}?{urlencode(query | self.query | more)}")


def asked(api: Api, world: World, at: datetime | None) -> _Asked:
    if at is None:
        return _Asked(api, world.events, {})
    events = [event for event in world.events if datetime.fromisoformat(event["recordedtime"]) <= at]
    return _Asked(api, events, {"as_of": at.isoformat()}, at)


async def agrees(asked: _Asked, model: ReadModel, chance: random.Random) -> None:
    wanted = _rows(model, Known(asked.events, at=asked.at))
    found = {tuple(item[column.name] for column in model.key): item for item in await _items(asked, model, wanted)}
    assert found.keys() == wanted.keys(), (model.name, asked.query)
    explained = chance.sample(list(wanted), min(len(wanted), _EXPLAINED))
    for key, row in wanted.items():
        told = {name: _plain(found[key][name]) for name in row}
        assert told == {name: _plain(value) for name, value in row.items()}, (model.name, key, asked.query)
        for figure in _some(model, row, chance) if key in explained else ():
            await _explained(asked, model, key, figure)


async def _items(asked: _Asked, model: ReadModel, wanted: dict[Key, Row]) -> list[Row]:
    """The rows of the resource, page by page; where a year is in its path, those of the years that there should be."""
    found: list[Row] = []
    for year in {2025, *(key[-1] for key in wanted)} if "{year}" in model.settings["resource"] else {0}:
        page: Row = {"next": ""}
        while page["next"] is not None:
            after = {"after": page["next"]} if page["next"] else {}
            page = await asked.json(model, {"year": year} if year else {}, limit=3, **after)
            found += page["items"]
    return found


async def _explained(asked: _Asked, model: ReadModel, key: Key, figure: str) -> None:
    """Of the events listed the oracle makes the figure; and where it is a sum, what they count adds up to it."""
    named = {column.name: value for column, value in zip(model.key, key, strict=True)}
    told = await asked.json(model, named, explain=figure, limit=1000)
    ids = {event["event_id"] for event in told["events"]}
    alone = Known([event for event in asked.events if event["id"] in ids], at=asked.at)
    where = (model.name, key, figure, asked.query, told)
    assert len(alone.events) == len(ids), where
    made = _figure(_row(model, alone, key), figure)  # of nothing listed comes nothing
    assert _plain(told["value"]) == _plain(made) or not (told["value"] or made or ids), where
    if "rule" not in told:
        assert sum(event["counts"] for event in told["events"]) == told["value"], where


def instants(world: World, chance: random.Random) -> Iterator[datetime]:
    """When something was recorded, and just before."""
    for number in (chance.randrange(len(world.events)), chance.randrange(len(world.events))):
        recorded = datetime.fromisoformat(world.events[number]["recordedtime"])
        yield recorded - timedelta(microseconds=number % 2)


def _oracle(model: ReadModel) -> Any:  # noqa: ANN401  # a module
    (file,) = _HERE.rglob(f"{model.name}.py")
    return import_module(".".join(file.with_suffix("").relative_to(_ROOT).parts))


def _rows(model: ReadModel, known: Known) -> dict[Key, Row]:
    oracle = _oracle(model)
    return (
        {key: oracle.row(known, key) for key in oracle.keys(known)} if hasattr(oracle, "keys") else oracle.rows(known)
    )


def _row(model: ReadModel, known: Known, key: Key) -> Row:
    oracle = _oracle(model)
    return dict(oracle.row(known, key) if hasattr(oracle, "keys") else oracle.rows(known).get(key, {}))


def _figure(row: Row, figure: str) -> Any:  # noqa: ANN401  # any figure
    name, dot, value = figure.partition(".")
    return row.get(name, {}).get(value, 0) if dot else row.get(name)


def _some(model: ReadModel, row: Row, chance: random.Random) -> Iterator[str]:
    """All figures that are anything, and at times one that isn't."""
    nothing = [figure for figure in model.figures if not _figure(row, figure)]
    yield from (figure for figure in model.figures if figure not in nothing)
    yield from nothing[: chance.randrange(2)]


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
