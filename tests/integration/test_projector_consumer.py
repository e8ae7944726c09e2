"""The consumer on a real Kafka: through restarts, rebuilds and recreated topics, nothing is lost or skipped."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.common.settings import Settings
from services.projector import read_models
from services.projector import settings as limits
from services.projector.following.engine import Engine
from services.projector.settings import consumer_name
from tests.integration.projector_running import (
    LEDGER,
    at_end,
    command,
    create_topic,
    delete_topic,
    life,
    publish,
    rebuild,
    running,
    until,
)
from tests.integration.projector_world import ORIGIN, SHARDS, World, dump, execute, fold, select
from tests.support.access import as_admin


async def _clean_rows(settings: Settings, *worlds: World) -> object:
    """What a clean replay gives, on the same database, under the same cursors."""
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await execute(settings.database_url, [ORIGIN[0], "DELETE FROM cursor"])
    await engine.open(SHARDS)
    for world in worlds:
        await fold(engine, world.records)
    await engine.close()
    return await dump(settings.database_url)


async def test_it_follows_the_topic_and_goes_on_after_a_restart(settings: Settings) -> None:
    one, two = life("o-1"), life("o-3")
    await create_topic(settings)
    async with running(settings) as progress:
        await publish(settings, [*one.records[:20], *one.records[10:30], *two.records])
        await until(lambda: progress.next.get(one.shard) == 30)
    await publish(settings, one.records[25:])
    async with running(settings) as progress:
        await until(at_end(progress, one, two))
        assert progress.following
    rows = await dump(settings.database_url)
    assert rows == await _clean_rows(settings, one, two)


async def test_a_shard_halts_before_what_it_cannot_read_and_the_others_go_on(settings: Settings) -> None:
    bad, good = life("o-1", 4), life("o-3", 4)
    await create_topic(settings)
    bad.events[5]["type"] = "chengzhang.work.feast-held.v1"  # of a newer recorder
    broken = bad.records
    async with running(settings) as progress:
        await publish(settings, [*broken, *good.records])
        await until(lambda: bad.shard in progress.halted)
        await until(at_end(progress, good))
    await execute(
        settings.database_url, [*LEDGER, f"INSERT INTO ledger.shard VALUES ({bad.shard}, 8), ({good.shard}, 8)"]
    )
    outcome = await asyncio.to_thread(command, settings, "status", "--json")
    assert outcome.exit_code == 1
    told = json.loads(outcome.stdout)
    assert (told["state"], told["lag"]) == ("halted", 3)
    well = {"shard": good.shard, "next": 8, "end": 8, "lag": 0, "state": "live", "error": None}
    assert well | {"foreign": 0, "foreign_last": None} in told["shards"]
    halted = next(shard for shard in told["shards"] if shard["shard"] == bad.shard)
    assert (halted["next"], halted["state"]) == (5, "halted")
    assert "position 5, offset 5" in halted["error"]
    assert "chengzhang.work.feast-held.v1" in halted["error"]


async def test_a_topic_that_was_recreated_with_the_same_events_is_followed(settings: Settings) -> None:
    world = life()
    await create_topic(settings)
    await publish(settings, world.records[:40])
    async with running(settings) as progress:
        await until(lambda: progress.next.get(world.shard) == 40)
    await delete_topic(settings)
    await create_topic(settings)
    await publish(settings, [*world.records[:10], *world.records])
    async with running(settings) as progress:
        await until(at_end(progress, world))
        assert not progress.halted


async def test_another_history_on_the_topic_is_refused(settings: Settings) -> None:
    world, other = life(), life()
    other.events[39]["actor"] = "somebody else"
    await create_topic(settings)
    await publish(settings, other.records)
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await engine.open(SHARDS)
    await fold(engine, world.records[:40])
    await engine.close()
    async with running(settings) as progress:
        await until(lambda: world.shard in progress.halted)
    assert "another event" in progress.halted[world.shard]


async def test_a_halted_shard_goes_on_by_itself_once_its_topic_is_mended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HALTED_SECONDS", 0.2)
    world, other = life(), life()
    other.events[39]["actor"] = "somebody else"
    await create_topic(settings)
    await publish(settings, other.records)
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await engine.open(SHARDS)
    await fold(engine, world.records[:40])
    async with running(settings) as progress:
        await until(lambda: world.shard in progress.halted)
        await _empty(settings, world.shard)
        await publish(settings, world.records[:40])  # nothing that would be new
        await until(lambda: not progress.halted)
        assert (await engine.cursors())[world.shard].state == "live"
        await publish(settings, world.records[40:])
        await until(at_end(progress, world))
    await engine.close()


async def _empty(settings: Settings, partition: int) -> None:
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    place = TopicPartition(settings.topic("events"), partition)
    await admin.delete_records({place: RecordsToDelete(before_offset=-1)})
    await admin.close()


async def test_it_survives_the_loss_of_its_connection(settings: Settings) -> None:
    world = life()
    await create_topic(settings)
    async with running(settings) as progress:
        for begin in range(0, 60, 10):
            await publish(settings, world.records[begin : begin + 10])
            await execute(
                settings.database_url,
                [
                    (
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'chengzhang-projector' AND datname = current_database()"
                        " AND pid <> pg_backend_pid()"
                    )
                ],
            )
        await until(at_end(progress, world))


@pytest.mark.parametrize("beside", [True, False], ids=["beside a running projector", "alone"])
async def test_a_rebuild_ends_in_the_same_rows(settings: Settings, beside: bool) -> None:
    one, two = life("o-1"), life("o-3")
    one.revoke(one.output("p-1"))
    await create_topic(settings)
    await publish(settings, [*one.records, *two.records])
    async with running(settings) as progress:
        await until(at_end(progress, one, two))
        before = await dump(settings.database_url)
        if beside:
            counts = [counts async for counts in rebuild(settings, read_models.load())]
            await until(at_end(progress, one, two))
    if not beside:
        counts = [counts async for counts in rebuild(settings, read_models.load())]
    assert counts[-1] == (122, 122)
    assert await dump(settings.database_url) == before
    assert await select(settings.database_url, "SELECT sum(next) FROM cursor") == [(122,)]


async def test_status_says_when_nothing_has_ever_run(settings: Settings) -> None:
    outcome = await asyncio.to_thread(command, settings, "status", "--lang", "en")
    assert outcome.exit_code == 3
    assert "office up" in outcome.stderr


async def test_a_cursor_beyond_the_ledger_is_an_error_not_lag_0(settings: Settings) -> None:
    world = life(people=2)
    engine = Engine(settings.database_url, consumer_name(settings), read_models.load())
    await engine.open(SHARDS)
    await fold(engine, world.records)
    await engine.close()
    await execute(settings.database_url, [*LEDGER, f"INSERT INTO ledger.shard VALUES ({world.shard}, 3)"])
    outcome = await asyncio.to_thread(command, settings, "status", "--lang", "zh")
    assert outcome.exit_code == 1
    assert "已停" in outcome.stdout
