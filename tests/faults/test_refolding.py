"""A recorder that dies while it folds states anew: started again it goes on, and nobody decides by half of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pytest

from deploy.local.paths import write_private
from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger import folding
from services.recorder.recovery import refolding
from tests.faults.installation import installation, service
from tests.support.ledger import Json, attendance, bench, person, section, session
from tests.support.patience import PATIENCE, patient_producer
from tests.support.servers import Servers
from tests.support.service import ran

SHARDS: Final = 2
OFFICES: Final = {shard_of(office, SHARDS): office for office in (f"o-{n}" for n in range(50))}  # one of each shard
OLD: Final = FOLD_VERSION - 1
EVENTS: Final = 2 * folding.AT_ONCE + 3  # of each shard: three portions
STATES: Final = "SELECT shard, kind, key, fold_version, version, state::text FROM ledger.state ORDER BY 1, 2, 3, 4"
STAND: Final = (
    "SELECT shard, s.fold_version, r.position FROM ledger.shard AS s LEFT JOIN ledger.refold AS r USING (shard)"
)


@pytest.fixture
async def installed(servers: Servers, tmp_path: Path) -> AsyncIterator[Settings]:
    """Two shards, each with a session that somebody attended, and many sections."""
    async with installation(servers, tmp_path, SHARDS) as settings:
        write_private(settings.kek_file, bytes(32))  # as the bench has it
        async with bench(settings.database_url, SHARDS) as ledger:
            for office in OFFICES.values():
                first = [person("p-1", office), _in(office, session("s-1", "p-1"))]
                await ledger.accepted(*first, _in(office, attendance("s-1", "p-1")))
                await ledger.accepted(*[section(f"t-{n}", office) for n in range(EVENTS - 3)])
        yield settings


def _in(office: str, draft: Json) -> Json:
    return draft | {"office": office}


async def _rows(settings: Settings, statement: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


async def _aged(settings: Settings, *shards: int) -> None:
    """An older version made these shards' states, and knew no rolls of sessions."""
    for table in ("state", "shard"):
        await _rows(settings, f"UPDATE ledger.{table} SET fold_version = $1 WHERE shard = ANY($2)", OLD, shards)
    await _rows(
        settings,
        "UPDATE ledger.state SET state = (state::jsonb - 'roll')::json WHERE kind = 'session' AND shard = ANY($1)",
        shards,
    )


async def _sent(settings: Settings, draft: Json) -> httpx.Response:
    token = json.loads(settings.tokens.read_bytes())["publisher"]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/cloudevents+json"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.post(f"{settings.recorder_url}/actions", content=json.dumps(draft), headers=headers)


async def _writable(settings: Settings, draft: Json) -> httpx.Response:
    """The answer, once the action's shard takes actions again."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await _sent(settings, draft)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
            assert int(answer.headers["retry-after"]) > 0
            await asyncio.sleep(0.2)
    return answer


def _code(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["code"]


async def test_a_fold_survives_a_kill_at_every_step(installed: Settings) -> None:
    before = await _rows(installed, STATES)
    await _aged(installed, *range(SHARDS))
    for step, stand in (
        ("refold-portion:2", [(0, OLD, 1000), (1, OLD, None)]),
        ("refold-stored", [(0, OLD, 2000), (1, OLD, None)]),
        ("refold-switch", [(0, OLD, 2000), (1, OLD, None)]),  # the last few are stored with the switch, or not at all
        ("refold-switched", [(0, FOLD_VERSION, None), (1, OLD, None)]),
    ):
        with service("recorder", installed, step) as recorder:
            assert await asyncio.to_thread(recorder.wait_exit) == -9, step
        assert sorted(map(tuple, await _rows(installed, STAND))) == stand, step
    with service("recorder", installed) as recorder:
        await asyncio.to_thread(recorder.wait_ready)
        answers = [await _writable(installed, _in(each, attendance("s-1", "p-1"))) for each in OFFICES.values()]
        assert [_code(answer) for answer in answers] == [(422, "second-attendance")] * SHARDS
        log = recorder.log()
    assert await _rows(installed, STATES) == before
    assert {"refold-begun", "refold-resumed", "refold-ended"} <= {
        json.loads(line)["event"] for line in log.splitlines() if line.startswith("{")
    }
    verified = await asyncio.to_thread(ran, installed, "recorder", "audit", "verify", "--without-read-models", "--json")
    report = json.loads(verified.stdout)
    assert report["ok"], report
    assert report["checked"]["states"] == len(before)


async def test_meanwhile_the_shard_is_closed_its_actions_wait_on_kafka_and_others_go_on(installed: Settings) -> None:
    await _aged(installed, 0)
    other = await asyncpg.connect(installed.database_url)
    assert await refolding._QUERIES.lock(other), "another recorder folds, so to say, and takes its time"
    with service("recorder", installed) as recorder:
        await asyncio.to_thread(recorder.wait_ready)
        closed = await _sent(installed, section("u-1", OFFICES[0]))
        assert _code(closed) == (503, "read-only")
        assert int(closed.headers["retry-after"]) > 0
        assert "made by an earlier version" in closed.json()["detail"]
        assert (await _sent(installed, section("u-1", OFFICES[1]))).status_code == httpx.codes.CREATED
        tuesday = "2026-03-03T09:00:00+08:00"
        drafts = [session("s-9", "p-1", starts_at=tuesday), attendance("s-9", "p-1", time=tuesday)]
        drafts = [_in(OFFICES[0], draft) for draft in (*drafts, attendance("s-1", "p-1"))]
        await _published(installed, drafts)
        await _waits_on_kafka(installed)
        await _told(installed)
        await other.close()
        assert (await _writable(installed, section("u-1", OFFICES[0]))).status_code == httpx.codes.CREATED
        assert await _codes(installed, drafts) == [None, None, "second-attendance"]


async def _published(settings: Settings, drafts: list[Json]) -> None:
    producer = patient_producer(settings)
    await producer.start()
    for draft in drafts:
        await producer.send_and_wait(settings.topic("actions"), json.dumps(draft).encode(), draft["office"].encode())
    await producer.stop()


async def _waits_on_kafka(settings: Settings) -> None:
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False, timeout=30) as client:
        while not (await client.get(f"{settings.recorder_url}/readyz")).json().get("intake_waits"):  # noqa: ASYNC110  # it tells
            await asyncio.sleep(0.1)


async def _told(settings: Settings) -> None:
    """What ``recorder status`` says, to programs and to people."""
    said = await asyncio.to_thread(ran, settings, "recorder", "status", "--json")
    folding, writable = json.loads(said.stdout)["shards"]
    assert (folding["mode"], writable["mode"]) == ("read-only", "writable")
    assert folding["refold"] == {"stored": OLD, "into": FOLD_VERSION, "folded": 0, "events": EVENTS}
    assert writable["refold"] is None
    for lang, words in (("en", "folding 0%"), ("zh", "折叠中 0%")):
        said = await asyncio.to_thread(ran, settings, "recorder", "status", "--lang", lang)
        assert said.returncode == 1
        assert words in said.stdout.decode()


async def _codes(settings: Settings, drafts: list[Json]) -> list[str | None]:
    """The codes of these actions' receipts, in the order of their numbers, once all of them have one."""
    ids = [draft["id"] for draft in drafts]
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = await _rows(settings, "SELECT receipt FROM ledger.receipt WHERE shard = 0 ORDER BY number")
            found = [receipt for row in rows if (receipt := json.loads(row["receipt"]))["id"] in ids]
            if len(found) >= len(ids):
                assert [receipt["id"] for receipt in found] == ids
                return [receipt["code"] for receipt in found]
            await asyncio.sleep(0.2)
