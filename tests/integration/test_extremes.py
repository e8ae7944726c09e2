"""Whatever a ledger may hold, the read models take it: the largest integers, the first and the last days."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from pydantic import ValidationError

from schemas.base import LARGEST, MOST_CENTI_XUESHI, MOST_FEN, MOST_OUTPUTS
from schemas.catalogue import EVENTS
from services.projector import read_models
from tests.integration.projector_world import World, engine_on, fold, select

_SAMPLES: Final = Path(__file__).parents[1] / "contract" / "samples"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
Json = dict[str, Any]


def _largest(type_: str, data: Json) -> Json:
    """The event's data with every integer as large as its model takes it, and those that may be there, there."""
    given, properties = data, EVENTS[type_].model_json_schema()["properties"]
    there = {name: 1 for name, said in properties.items() if "'integer'" in str(said)}
    data = _with_integers({**there, **data})
    while problems := _problems(type_, data):  # what goes together is looked at once each for itself is right
        for each in problems:
            if not each["loc"]:  # of counts and ballots
                data |= {"counts": given["counts"]}
                continue
            *path, last = each["loc"]
            at: Any = data
            for part in path:
                at = at[part]
            at[last] = each["ctx"]["le"]
    return data


def _problems(type_: str, data: Json) -> list[Any]:
    try:
        EVENTS[type_].model_validate(data)
    except ValidationError as error:
        return [*error.errors()]
    return []


def _often(value: Any) -> int:  # noqa: ANN401  # JSON
    """How often a fact is recorded so that the largest of its integers no longer adds up in 32 or 64 bits.

    Once where not even the most often would do: years, minutes of a session.
    """
    if isinstance(value, dict | list):
        return max(map(_often, value.values() if isinstance(value, dict) else value), default=1)
    if type(value) is not int or value < MOST_CENTI_XUESHI:
        return 1
    bound = 2**31 if value < 2**31 else 2**63
    return bound // value + 1


def _with_integers(value: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, dict):
        return {name: _with_integers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_integers(each) for each in value]
    return LARGEST if type(value) is int else value


def _on(day: str, value: Any) -> Any:  # noqa: ANN401  # JSON
    """The same with every day that one; instants keep their time of day."""
    if isinstance(value, dict):
        return {name: _on(day, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_on(day, each) for each in value]
    return _DAY.sub(day, value, count=1) if isinstance(value, str) and _DAY.match(value) else value


def _facts() -> dict[str, Json]:
    samples = {path.stem: path for path in _SAMPLES.glob("*.json") if path.stem in EVENTS}
    return {
        type_: orjson.loads(path.read_bytes())["data"]
        for type_, path in samples.items()
        if not type_.startswith("chengzhang.any.")
    }


def _name(type_: str) -> str:
    return type_.removeprefix("chengzhang.").removesuffix(".v1")


async def _folds(database: str, world: World) -> None:
    """All of it folds, and readers can have the rows."""
    async with engine_on(database) as engine:
        outcomes = await fold(engine, world.records, 300)
    assert [outcome.cursor.error for outcome in outcomes if outcome.halted] == []
    assert outcomes[-1].cursor.next == len(world.events)
    for model in read_models.load():
        await select(database, f"SELECT * FROM office.{model.name}")


async def test_every_integer_at_its_largest_as_often_as_it_takes(database: str) -> None:
    world = World()
    for type_, data in _facts().items():
        largest = _largest(type_, data)
        many = range(_often(largest))
        written = [world.record(_name(type_), "2026-03-02T01:00:00Z", largest, f"{type_}/1", None) for _ in many]
        world.revoke(written[0])
    await _folds(database, world)
    assert await select(database, "SELECT DISTINCT centi_xueshi FROM office.growth_entry ORDER BY 1") == [
        (MOST_CENTI_XUESHI,), (None,)
    ]  # fmt: skip
    assert await select(database, "SELECT outputs FROM office.work_output") == [
        (MOST_OUTPUTS * (2**31 // MOST_OUTPUTS),)
    ]
    assert await select(database, "SELECT DISTINCT fen FROM office.welfare_ledger WHERE class IS NOT NULL") == [
        (MOST_FEN,)
    ]


@pytest.mark.parametrize("day", ["1900-01-01", "2200-12-31", "0002-01-01", "9998-12-31"])
async def test_the_first_and_the_last_days(database: str, day: str) -> None:
    world = World()
    for type_, data in _facts().items():
        for time in ("00:00:00+23:59", "23:59:59-23:59"):
            world.revoke(world.record(_name(type_), f"{day}T{time}", _on(day, data), f"{type_}/1", None))
            world.record(_name(type_), f"{day}T{time}", _on(day, data), f"{type_}/1", None)
    await _folds(database, world)
    assert await select(database, "SELECT DISTINCT event_on FROM office.welfare_ledger WHERE class IS NOT NULL") == [
        (date.fromisoformat(day),)
    ]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
async def test_a_time_that_no_database_holds_halts_its_shard_and_says_so(database: str, time: str) -> None:
    world = World()
    world.register("p-1")
    world.register("p-2", time)
    async with engine_on(database) as engine:
        (outcome,) = await fold(engine, world.records)
    assert (outcome.halted, outcome.cursor.next) == (True, 1)
    assert "its time lies outside" in str(outcome.cursor.error)
