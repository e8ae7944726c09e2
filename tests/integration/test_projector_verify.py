"""``projector verify``: read models against a fresh replay; every row that was tampered with is named."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from services.common.settings import Settings
from services.projector.rebuilding import replay
from services.projector.settings import consumer_name
from tests.integration.projector_running import (
    LEDGER,
    at_end,
    command,
    create_topic,
    delete_topic,
    life,
    publish,
    running,
    until,
)
from tests.integration.projector_world import engine_on, execute, fold, select

_TAMPER = [
    'UPDATE growth_file SET "by_group.work" = 5 WHERE office = $$o-1$$ AND person = $$p-1$$',
    "DELETE FROM fact WHERE office = 'o-1' AND person = 'p-2' AND position = 5",
    (
        "INSERT INTO talk_coverage (office, month, person_a, person_b, pair, held, facts, shard, last_position)"
        " VALUES ('o-1', '2026-03', 'p-1', 'p-2', 'peer', 3, 3, 0, 0)"
    ),
]


async def _verified(settings: Settings, code: int) -> Any:  # noqa: ANN401  # JSON
    outcome = await asyncio.to_thread(command, settings, "verify", "--json")
    assert outcome.exit_code == code, outcome.output
    return json.loads(outcome.stdout)


async def test_every_row_that_was_tampered_with_is_named(settings: Settings) -> None:
    world, other = life(people=150), life("o-3", people=2)
    await create_topic(settings)
    await publish(settings, [*world.records, *other.records])
    async with running(settings) as progress:
        await until(at_end(progress, world, other))
        await execute(settings.database_url, LEDGER)
        told = await _verified(settings, 0)
        assert (told["ok"], told["problems"], told["checked"]["read_model_events"]) == (True, [], 304)
        # And of each office a year, and two weeks in which something was entered.
        assert told["checked"]["read_model_rows"] == 4 * 152 + 2 * (1 + 2)
        await execute(settings.database_url, _TAMPER)
        told = await _verified(settings, 1)
    assert told["ok"] is False
    named = {problem["read_model"]: problem for problem in told["problems"]}
    assert set(named) == {"growth_file", "fact", "talk_coverage"}
    assert named["growth_file"] == {
        "kind": "read-model",
        "shard": world.shard,
        "position": 3,
        "expected": {"by_group.work": 1},
        "found": {"by_group.work": 5},
        "read_model": "growth_file",
        "key": {"office": "o-1", "person": "p-1", "year": 2026},
    }
    lost = named["fact"]
    assert (lost["position"], lost["found"], lost["expected"]["person"]) == (5, None, "p-2")
    assert (named["talk_coverage"]["expected"], named["talk_coverage"]["found"]["held"]) == (None, 3)
    assert await select(settings.database_url, "SELECT 1 FROM pg_namespace WHERE nspname = 'office_check'") == []


async def test_the_first_hundred_rows_are_listed_and_the_rest_counted(settings: Settings) -> None:
    world = life(people=130)
    await create_topic(settings)
    await publish(settings, world.records)
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, world.records)
    await execute(settings.database_url, [*LEDGER, 'UPDATE growth_file SET "by_group.learning" = 1'])
    problems = (await _verified(settings, 1))["problems"]
    assert len(problems) == 101
    assert problems[-1]["more"] == 30


async def test_a_topic_that_cannot_be_had_or_is_too_short_is_said(settings: Settings) -> None:
    outcome = await asyncio.to_thread(command, settings, "verify", "--lang", "en")
    assert (outcome.exit_code, "No projector has run" in outcome.stderr) == (3, True)
    world = life(people=2)
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, world.records)
    (problem,) = (await _verified(settings, 1))["problems"]
    assert "has 0 partitions" in problem["found"]
    await create_topic(settings)
    await publish(settings, [*world.records[:1], *world.records[2:]])
    (problem,) = (await _verified(settings, 1))["problems"]
    assert f"lacks position 1 of shard {world.shard}" in problem["found"]
    outcome = await asyncio.to_thread(command, settings, "verify", "--lang", "zh")
    assert outcome.exit_code == 1
    assert "缺少分片" in outcome.stdout
    assert "replay" not in outcome.stdout
    await delete_topic(settings)
    outcome = await asyncio.to_thread(command, settings, "rebuild", "--lang", "en")
    assert outcome.exit_code == 1
    assert "partitions" in outcome.stderr


@pytest.mark.parametrize("dies", [False, True])
async def test_without_kafka_nothing_is_said_of_the_read_models(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    world = life(people=2)
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, world.records)
    if dies:  # in the midst of the replay: then it answers nothing
        await create_topic(settings)
        monkeypatch.setattr(replay, "PATIENCE", 0.0)
        monkeypatch.setattr(replay.Replay, "_fetch", _nothing)
    else:
        settings = settings.model_copy(update={"kafka": "127.0.0.1:1"})
    for lang, said in (("en", "Not running: Kafka can't be reached"), ("zh", "未运行：无法连接或读取 Kafka")):
        outcome = await asyncio.to_thread(command, settings, "verify", "--lang", lang)
        assert (outcome.exit_code, outcome.stdout) == (3, "")
        assert said in outcome.stderr


async def _nothing(self: replay.Replay, _: object) -> list[Any]:
    async def away(_: object) -> dict[Any, int]:
        raise KafkaConnectionError

    self._kafka.end_offsets = away
    return []
