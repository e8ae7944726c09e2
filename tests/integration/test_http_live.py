"""The recorder as a process, with its real ledger and vault: what curl would see."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from services.common.settings import Settings
from tests.support.service import Service

NAME = "王小明"
REGISTER: dict[str, Any] = {
    "specversion": "1.0",
    "id": "a-1",
    "source": "/hr",
    "type": "chengzhang.people.register-person.v1",
    "time": "2026-03-02T09:00:00+08:00",
    "office": "o-1",
    "actor": "p-9",
    "data": {"person": "p-1", "name": NAME, "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990},
}
STRUCTURED = {"content-type": "application/cloudevents+json"}


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    with Service("recorder", settings) as recorder:
        recorder.wait_ready()
        async with httpx.AsyncClient(base_url=recorder.url, timeout=20, trust_env=False) as client:
            yield client
        log = recorder.log()
    assert NAME not in log
    assert all(json.loads(line) for line in log.splitlines())


def _auth(settings: Settings, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {json.loads(settings.tokens.read_text())[role]}"}


async def test_a_name_goes_in_plain_stays_sealed_and_comes_out_for_a_reader(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    publisher = _auth(settings, "publisher") | STRUCTURED
    first = await client.post("/actions", content=orjson.dumps(REGISTER), headers=publisher)
    assert first.status_code == 201, first.text
    again = await client.post("/actions", content=orjson.dumps(REGISTER), headers=publisher)
    assert (again.status_code, again.content) == (200, first.content)
    other = REGISTER | {"data": REGISTER["data"] | {"name": "李四"}}
    conflict = await client.post("/actions", content=orjson.dumps(other), headers=publisher)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "key-conflict")
    params = {"office": "o-1", "source": "/hr", "id": "a-1"}
    asked = await client.get("/receipts", params=params, headers=_auth(settings, "auditor"))
    assert asked.json() == first.json()
    sealed = await _sealed_name(settings)
    opened = await client.post("/open", json={"items": [sealed]}, headers=_auth(settings, "reader"))
    assert opened.json() == {"items": [{"text": NAME}]}


async def _sealed_name(settings: Settings) -> dict[str, str]:
    """The name as the ledger holds it; nothing in the database has it in plain."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        body: bytes = await connection.fetchval("SELECT body FROM ledger.event")
        everything = await connection.fetch(
            "SELECT s::text FROM ledger.state s UNION ALL SELECT r::text FROM ledger.receipt r"
        )
    finally:
        await connection.close()
    assert NAME.encode() not in body
    assert NAME not in repr(everything)
    event = orjson.loads(body)
    name: dict[str, str] = event["data"]["name"]
    assert name["aad"] == event["id"]
    return name


async def test_a_batch_is_answered_item_by_item(client: httpx.AsyncClient, settings: Settings) -> None:
    section = REGISTER | {"type": "chengzhang.people.define-section.v1", "data": {"section": "s-1", "name": "综合科"}}
    batch = [
        section | {"id": "b-1"},
        section | {"id": "b-1"},
        section | {"id": "b-2"},
        section | {"id": "b-3", "data": {"section": "s-2", "nmae": "x"}},
        REGISTER | {"id": "b-4"},
    ]
    headers = _auth(settings, "publisher") | {"content-type": "application/cloudevents-batch+json"}
    answers = (await client.post("/actions", content=orjson.dumps(batch), headers=headers)).json()
    assert [answer["status"] for answer in answers] == [201, 200, 422, 422, 201]
    assert answers[1]["receipt"] == answers[0]["receipt"]
    assert answers[2]["problem"]["code"] == "id-reused"
    assert answers[3]["problem"]["errors"][1]["fix"]["en"] == "did you mean name?"
