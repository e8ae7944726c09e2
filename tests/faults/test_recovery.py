"""A store is destroyed under load and comes back from the other; what does it is killed at every step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from services.common.settings import Settings
from services.projector.versioning.status import status as projector_status
from tests.faults import invariants
from tests.faults.installation import delete_topics, installation, service, settled
from tests.faults.load import Habits, Json, Load, Told, actions, apps, key_of
from tests.faults.running import dies, succeeds
from tests.faults.topic import reader
from tests.support.access import as_admin
from tests.support.patience import PATIENCE
from tests.support.servers import Servers
from tests.support.service import ran

SHARDS = 2
ROWS = {
    "event": "SELECT * FROM ledger.event ORDER BY shard, position",
    "receipt": "SELECT * FROM ledger.receipt ORDER BY shard, number",
}
Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
async def installed(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    """A fresh installation."""
    async with installation(servers, tmp_path, SHARDS) as settings:
        yield settings


async def rows(settings: Settings) -> Rows:
    """Events and receipts, by shard and number."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        return {table: [tuple(row) for row in await connection.fetch(query)] for table, query in ROWS.items()}
    finally:
        await connection.close()


async def heard(load: Load, count: int) -> None:
    """Wait until the apps have heard so many receipts."""
    async with asyncio.timeout(PATIENCE):
        while len(load.told.receipts) < count:  # noqa: ASYNC110  # other tasks hear them
            await asyncio.sleep(0.05)


async def test_a_ledger_lost_under_load_comes_back_from_kafka(servers: Servers, installed: Settings) -> None:
    with ExitStack() as running:
        victims = [running.enter_context(service(name, installed)) for name in ("recorder", "projector")]
        await asyncio.to_thread(victims[0].wait_ready)
        async with apps(installed, [installed.recorder_url], Habits(pace=150), seed=2) as load:
            publishing = asyncio.create_task(load.publish(actions(offices=3, cadres=8, count=80, seed=2)))
            await heard(load, 120)
            for victim in victims:
                victim.kill()
            before = await rows(installed)
            await execute(installed, "DROP SCHEMA ledger CASCADE")
            restore = ("restore", "--from", "kafka")
            for step in ("after-founding", "before-fill", "after-fill", "before-whole"):
                await dies(installed, *restore, at=step)
            told = await succeeds(installed, *restore)
            assert told["ok"], told
            forget_what_was_not_published(load.told, told)
            await assert_prefix(installed, before, load.told)
            for victim in victims:
                victim.start()
            await publishing
            await load.settle(partial(settled, installed))
        await invariants.check(servers, installed, load.told)


async def test_topics_lost_under_load_come_back_from_the_ledger(servers: Servers, installed: Settings) -> None:
    """First both are gone; then one loses its beginning. Recorder and projector run all the time."""
    with ExitStack() as running:
        services = [running.enter_context(service(name, installed)) for name in ("recorder", "projector")]
        await asyncio.to_thread(services[0].wait_ready)
        async with apps(installed, [installed.recorder_url], Habits(pace=150), seed=3) as load:
            publishing = asyncio.create_task(load.publish(actions(offices=3, cadres=8, count=80, seed=3)))
            await heard(load, 120)
            await delete_topics(installed, "events")
            await delete_topics(installed, "receipts")
            await dies(installed, "republish", "--yes", at="after-portion")
            assert (await succeeds(installed, "republish", "--yes"))["ok"]
            await lose_the_beginning(installed, "events")
            refused = await asyncio.to_thread(ran, installed, "recorder", "republish", "--topic", "events")
            assert refused.returncode == 1
            assert b"Run this again with --yes" in refused.stderr
            await dies(installed, "republish", "--topic", "events", "--yes", at="after-emptying")
            assert (await succeeds(installed, "republish"))["ok"], "an emptied partition needs no consent"
            assert all(each.alive for each in services)
            await publishing
            await following(installed)
            await load.settle(partial(settled, installed))
        await invariants.check(servers, installed, load.told)


async def following(settings: Settings) -> None:
    """Wait until the projector, which a damaged topic stops, has gone on by itself."""
    async with asyncio.timeout(PATIENCE):
        while (await projector_status(settings)).state != "live":  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.2)


async def lose_the_beginning(settings: Settings, kind: str) -> None:
    """Half of each partition goes, as by a retention that was set too short."""
    places = [TopicPartition(settings.topic(kind), shard) for shard in range(SHARDS)]
    async with reader(settings) as consumer:
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    half = {place: (begins[place] + ends[place]) // 2 for place in places}
    admin = AIOKafkaAdminClient(**as_admin(settings))
    await admin.start()
    try:
        await admin.delete_records({place: RecordsToDelete(before_offset=at) for place, at in half.items()})
    finally:
        await admin.close()


async def execute(settings: Settings, statement: str) -> None:
    """Run a statement as an administrator would."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def forget_what_was_not_published(told: Told, report: Json) -> None:
    """What was answered over HTTP and not published is lost with the ledger: its senders send it again."""
    ends = {shard["shard"]: shard["next_receipt"] for shard in report["shards"]}
    for shard, number in [place for place in told.receipts if place[1] >= ends[place[0]]]:
        told.final.pop(key_of(told.receipts.pop((shard, number))), None)


async def assert_prefix(settings: Settings, before: Rows, told: Told) -> None:
    """What came back is what was there, byte for byte, but for what the relay had not published; all that was told."""
    after = await rows(settings)
    lost = {row[:2]: row for row in before["event"]}
    assert after["event"]
    assert all(lost[row[:2]] == row for row in after["event"])
    receipts = {row[:2]: row for row in before["receipt"]}
    made = [row for row in after["receipt"] if not row[3]]
    assert len(made) < len(after["receipt"]) / 2
    assert all(receipts[row[:2]] == row for row in after["receipt"] if row[3])
    known = {row[:2] for row in after["receipt"]}
    assert told.receipts.keys() <= known
