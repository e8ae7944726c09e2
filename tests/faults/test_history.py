"""History never forks: a shard whose ledger doesn't fit its topics goes read-only; a lost topic is filled anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.publishing.publisher import sealed
from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.recorder.status.figures import status as recorder_status
from tests.faults import invariants
from tests.faults.installation import database, delete_topics, installation, service, settled
from tests.faults.load import Habits, Json, Told, actions, apps
from tests.faults.running import dies
from tests.support.patience import PATIENCE
from tests.support.servers import Servers
from tests.support.service import Service, ran

SHARDS = 3
BEHIND, DIFFERENT, SOUND = range(SHARDS)


@pytest.fixture
async def installed(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    """A fresh installation with three shards."""
    async with installation(servers, tmp_path, SHARDS) as settings:
        yield settings


def offices(upto: int, since: int = 0) -> dict[str, list[Json]]:
    """Part of the year of an office in each shard, by the office."""
    found: dict[int, dict[str, list[Json]]] = {}
    for number in count():
        (office,) = own = actions(1, cadres=8, count=upto, seed=1, prefix=f"h{number}-")
        found.setdefault(shard_of(office, SHARDS), {office: own[office][since:]})
        if len(found) == SHARDS:
            return {office: drafts for shard in sorted(found) for office, drafts in found[shard].items()}
    raise AssertionError


async def published(settings: Settings, drafts: dict[str, list[Json]], told: Told) -> None:
    """Publish and wait until all is recorded, published and folded."""
    async with apps(settings, [settings.recorder_url], Habits(pace=400), seed=1, told=told) as load:
        await load.publish(drafts)
        await load.settle(partial(settled, settings))


async def started(settings: Settings, running: ExitStack) -> tuple[Service, Service]:
    """A recorder and a projector, ready."""
    both = running.enter_context(service("recorder", settings)), running.enter_context(service("projector", settings))
    for one in both:
        await asyncio.to_thread(one.wait_ready)
    return both


async def test_a_ledger_that_does_not_fit_its_topic_is_read_only_where_it_does_not(
    servers: Servers, installed: Settings
) -> None:
    told = Told()
    with ExitStack() as running:
        recorder, projector = await started(installed, running)
        await published(installed, offices(upto=60), told)
        recorder.stop()
        projector.stop()  # a database that is in use can't be copied
        async with database(servers, template=name_of(installed)) as backup:
            recorder.start().wait_ready()
            projector.start()
            more = offices(upto=80, since=60)
            office_of = dict(enumerate(more))
            await published(installed, {office_of[BEHIND]: more[office_of[BEHIND]]}, told)
            recorder.stop()
            await execute(backup, f"UPDATE ledger.event SET body = body || ' ' WHERE shard = {DIFFERENT}")
            restored = installed.model_copy(update={"database_url": backup})
            with service("recorder", restored) as again:
                again.wait_ready()
                assert_modes(restored)
                await assert_only_the_sound_shard_takes_actions(restored, office_of, more)
                await assert_the_sound_shard_is_read_from_kafka(restored, office_of, more)
                await assert_what_can_be_recovered_is(restored, office_of, more)


def assert_modes(settings: Settings) -> None:
    """What ``recorder status --json`` says of the three shards."""
    code, told = status(settings)
    assert code == 1
    shards = {shard["shard"]: (shard["mode"], shard["reason"] or "") for shard in told["shards"]}
    assert {number: mode for number, (mode, _) in shards.items()} == {
        BEHIND: "read-only",
        DIFFERENT: "read-only",
        SOUND: "writable",
    }
    assert "ahead of the ledger" in shards[BEHIND][1]
    assert "differ" in shards[DIFFERENT][1]


async def assert_only_the_sound_shard_takes_actions(
    settings: Settings, office_of: dict[int, str], more: dict[str, list[Json]]
) -> None:
    """The two answer 503 and grow by nothing; the third one goes on, and is published."""
    before = await sizes(settings)
    for shard in (BEHIND, DIFFERENT):
        answer = await post(settings, more[office_of[shard]][0])
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["code"], answer.json()["status"]) == ("read-only", 503)
        assert answer.headers["retry-after"]
    for action in more[office_of[SOUND]]:
        assert (await post(settings, action)).status_code in {201, 422}
    after = await sizes(settings)
    assert {shard: after[shard] == before[shard] for shard in after} == {BEHIND: True, DIFFERENT: True, SOUND: False}
    await relayed(settings, SOUND)


async def assert_the_sound_shard_is_read_from_kafka(
    settings: Settings, office_of: dict[int, str], more: dict[str, list[Json]]
) -> None:
    """What waits in one partition of the intake for a read-only shard holds no other partition up."""
    before = await sizes(settings)
    blocked, free = (plain(more[office_of[shard]]) for shard in (BEHIND, SOUND))
    async with apps(settings, [settings.recorder_url], Habits(), seed=1) as load:
        producer = await load._connected()
        for partition, action in enumerate((blocked, free)):
            new = {**action, "id": f"{action['id']}-again"}
            await producer.send_and_wait(settings.topic("actions"), json.dumps(new).encode(), partition=partition)
    async with asyncio.timeout(PATIENCE):
        while (after := await sizes(settings))[SOUND] == before[SOUND]:  # noqa: ASYNC110  # another process moves it
            await asyncio.sleep(0.2)
    assert after[BEHIND] == before[BEHIND]
    await relayed(settings, SOUND)


async def assert_what_can_be_recovered_is(
    settings: Settings, office_of: dict[int, str], more: dict[str, list[Json]]
) -> None:
    """Killed twice, ``recorder recover`` brings back what is missing; of the two histories it changes nothing.

    The recorder goes on by itself where all is back, and what waited for the shard in the intake is recorded.
    """
    before = await sizes(settings)
    for step in ("before-fill", "after-fill"):
        await dies(settings, "recover", at=step)
    ended = await asyncio.to_thread(ran, settings, "recorder", "recover", "--json")
    report = json.loads(ended.stdout)
    assert ended.returncode == 1, report
    (fork,) = [remark for remark in report["remarks"] if remark["grave"] == "loss"]
    assert (fork["kind"], fork["shard"]) == ("fork", DIFFERENT)
    assert "two from there on" in fork["en"]
    async with asyncio.timeout(PATIENCE):
        while (await recorder_status(settings)).shards[BEHIND].mode != "writable":  # noqa: ASYNC110  # another process
            await asyncio.sleep(0.05)
    answer = await post(settings, plain(more[office_of[BEHIND]]))
    assert answer.status_code == httpx.codes.OK, "sent again, it is known"
    after = await sizes(settings)
    assert after[BEHIND] > before[BEHIND]
    assert after[DIFFERENT] == before[DIFFERENT]
    assert status(settings)[1]["shards"][DIFFERENT]["mode"] == "read-only"


def plain(drafts: list[Json]) -> Json:
    """The first of these that may go onto Kafka as it is."""
    return next(action for action in drafts if not sealed(action))


async def test_a_lost_events_topic_is_filled_again_from_its_beginning(servers: Servers, installed: Settings) -> None:
    told = Told()
    with ExitStack() as running:
        recorder, _ = await started(installed, running)
        await published(installed, offices(upto=60), told)
        recorder.stop()
        await delete_topics(installed, "events")
        recorder.start().wait_ready()
        await published(installed, offices(upto=80, since=60), told)
        await invariants.check(servers, installed, told)


# --- asking ---


def name_of(settings: Settings) -> str:
    """The database's name."""
    return settings.database_url.rpartition("/")[2]


async def execute(url: str, statement: str) -> None:
    """Run a statement as an administrator would."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def sizes(settings: Settings) -> dict[int, tuple[int, int]]:
    """Next position and next receipt number of each shard."""
    return (await invariants.read_book(settings)).sizes


async def relayed(settings: Settings, shard: int) -> None:
    """Wait until all of a shard is published."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = (await recorder_status(settings)).shards[shard]
            if (found.relayed, found.relayed_receipts) == (found.next, found.next_receipt):
                return
            await asyncio.sleep(0.05)


async def post(settings: Settings, action: Json, whose: str = "publisher") -> httpx.Response:
    """Post one action."""
    token = json.loads(settings.tokens.read_bytes())[whose]
    token = token if isinstance(token, str) else token["token"]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/cloudevents+json"}
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        return await client.post(f"{settings.recorder_url}/actions", json=action, headers=headers)


def status(settings: Settings) -> tuple[int, dict[str, Any]]:
    """``recorder status --json``: exit code and what it says."""
    ended = ran(settings, "recorder", "status", "--json")
    told: dict[str, Any] = json.loads(ended.stdout)
    return ended.returncode, told
