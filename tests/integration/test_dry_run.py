"""``POST /actions?dry_run=true``: the answers that would come, and nothing of it anywhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from deploy.local.paths import write_private
from schemas.trust.identity import shard_of
from services.common.telling.both import Both
from services.common.tokens.grants import Grants
from services.recorder.domain import decider
from services.recorder.intake.http import Dependencies, api
from services.recorder.ledger.appending import preparing, trying
from services.recorder.ledger.receipts import Receipts
from services.recorder.ledger.submission import key_digest
from services.recorder.vault.erasures import Erasures
from services.recorder.vault.seats import Seats
from tests.support.ledger import OFFICE, Bench, Json, action, attendance, bench, person, section, session

SHARD = shard_of(OFFICE, 8)
_TABLES = (
    "ledger.event", "ledger.receipt", "ledger.state", "ledger.shard", "ledger.relay", "ledger.quarantine",
    "vault.data_key",
)  # fmt: skip


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


@pytest.fixture
async def client(ledger: Bench, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    write_private(tmp_path / "tokens.json", json.dumps({"publisher": "a-publisher-0123456789abcdef"}).encode())
    receipts = Receipts(ledger.pool, ledger.ledger.shards)
    grants = Grants.load(tmp_path / "tokens.json")
    app = api(Dependencies(ledger.appender, receipts, ledger.vault, Seats(ledger.pool, 8), grants, lambda: (True, {})))
    headers = {"Authorization": "Bearer a-publisher-0123456789abcdef"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://r", headers=headers) as found:
        yield found


async def _everything(ledger: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that there are, with the transaction that wrote each."""
    rows = {table: await ledger.rows(f"SELECT xmin::text, t.* FROM {table} AS t") for table in _TABLES}
    return {table: sorted(map(tuple, found), key=repr) for table, found in rows.items()}


async def _sent(client: httpx.AsyncClient, sent: Any, *, dry: bool, media: str = "cloudevents") -> httpx.Response:  # noqa: ANN401  # what a sender sends
    return await client.post(
        "/actions",
        params={"dry_run": "true"} if dry else {},
        content=orjson.dumps(sent),
        headers={"content-type": f"application/{media}+json"},
    )


async def _batch(client: httpx.AsyncClient, actions: list[Any], *, dry: bool) -> list[Json]:
    answer = await _sent(client, actions, dry=dry, media="cloudevents-batch")
    assert answer.status_code == 200, answer.text
    return [_timeless(each) for each in answer.json()]


def _timeless(answer: Json) -> Json:
    """Without the time at which it was, or would have been, recorded."""
    receipt = answer.get("receipt") or (answer.get("problem") or {}).get("receipt") or answer
    receipt.pop("recorded_at", None)
    return answer


async def _alike(client: httpx.AsyncClient, ledger: Bench, actions: list[Any]) -> list[Json]:
    """What a dry run says, twice, leaving nothing; then the same from recording them."""
    before = await _everything(ledger)
    batches = len(ledger.batches)
    dry = await _batch(client, actions, dry=True)
    assert await _batch(client, actions, dry=True) == dry
    assert await _everything(ledger) == before
    assert len(ledger.batches) == batches, "nothing is there to relay"
    assert await _batch(client, actions, dry=False) == dry
    return dry


def _statuses(answers: list[Json]) -> list[int]:
    return [answer["status"] for answer in answers]


async def test_later_actions_see_earlier_ones(client: httpx.AsyncClient, ledger: Bench) -> None:
    first = section("s-1")
    actions = [
        first,
        person("p-1"),  # sealed, by a key that isn't there yet
        session("x-1", "p-1"),
        attendance("x-1", "p-1"),
        attendance("x-1", "p-2"),  # who isn't known
        first,
        first | {"time": "2026-03-02T10:00:00+08:00"},
        session("x-1", "p-1"),
        section("s-2", expectedversion=7),
        section("s-3", office="o-7"),  # another shard
        action("people.define-section", {"section": "s-4"}),
        action("no.such", {}),
        "no action",
    ]
    answers = await _alike(client, ledger, actions)
    assert _statuses(answers) == [201, 201, 201, 201, 422, 200, 409, 422, 409, 201, 422, 422, 422]
    assert len(await ledger.rows("SELECT FROM vault.data_key")) == 1


async def test_what_was_recorded_counts(client: httpx.AsyncClient, ledger: Bench) -> None:
    known = [person("p-1"), session("x-1", "p-1")]
    receipts = await ledger.accepted(*known)
    event = receipts[1]["events"][0]["id"]
    revoke = action("any.revoke-entry", {"event": event, "reason": "mistake"})
    answers = await _alike(client, ledger, [*known, attendance("x-1", "p-1"), revoke])
    assert _statuses(answers)[:3] == [200, 200, 201]
    assert answers[0]["receipt"]["number"] == receipts[0]["number"]
    changed = known[0] | {"data": known[0]["data"] | {"name": "李"}}
    assert _statuses(await _alike(client, ledger, [changed])) == [409]


async def test_however_they_are_cut(client: httpx.AsyncClient, ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "_AT_ONCE", 7)
    monkeypatch.setattr(preparing, "MOST_KEYS", 3)
    people = [person(f"p-{n}") for n in range(10)]
    revoked = section("s-1")
    actions = [*people, *[session(f"x-{n}", f"p-{n}") for n in range(10)], revoked, revoked]
    assert _statuses(await _alike(client, ledger, actions)) == [201] * 21 + [200]


async def test_one_alone_is_answered_as_ever(client: httpx.AsyncClient, ledger: Bench) -> None:
    good, bad = section("s-1"), action("people.define-section", {"section": "s-1"})
    for sent, status in ((good, 201), (bad, 422), (attendance("x-1", "p-1"), 422)):
        dry = await _sent(client, sent, dry=True)
        assert dry.status_code == status
        real = await _sent(client, sent, dry=False)
        assert (real.status_code, _timeless(real.json())) == (status, _timeless(dry.json()))
    assert (await _sent(client, good, dry=True)).status_code == 200
    found = await client.get("/receipts", params={"office": OFFICE, "source": "/test", "id": section()["id"]})
    assert found.status_code == 404
    answer = await client.post("/actions?dry_run=perhaps", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-field")
    assert await ledger.rows("SELECT FROM ledger.receipt WHERE digest = $1", key_digest(OFFICE, "/test", good["id"]))


async def test_who_was_erased_has_no_key_to_try_with(client: httpx.AsyncClient, ledger: Bench) -> None:
    await ledger.accepted(person("p-1"))
    await ledger.accepted(action("people.erase-person", {"person": "p-1", "basis": "令"}))
    await Erasures(ledger.pool, ledger.vault).apply()
    (answer,) = await _alike(client, ledger, [person("p-1")])
    assert answer["status"] == 422


async def test_it_waits_for_nobody(client: httpx.AsyncClient, ledger: Bench) -> None:
    """The shard's lock is what makes an append wait; whoever only tries doesn't take it, nor wait for it."""
    async with ledger.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM ledger.shard FOR UPDATE")
        assert (await _sent(client, section(), dry=True)).status_code == 201


async def test_what_fails_fails_alone(
    client: httpx.AsyncClient, ledger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = decider.decide

    def failing(states: Any, given: Any, now: Any) -> Any:  # noqa: ANN401  # as the original
        if given.id == "bad":
            raise RecursionError
        return decide(states, given, now)

    monkeypatch.setattr(decider, "decide", failing)
    answers = await _alike(client, ledger, [section("s-1"), section("s-2", id="bad"), section("s-3")])
    assert _statuses(answers) == [201, 500, 201]


async def test_a_read_only_shard_says_so(client: httpx.AsyncClient, ledger: Bench) -> None:
    await ledger.rows("UPDATE ledger.relay SET reason = 'no', reason_zh = '否' WHERE shard = $1", SHARD)
    answer = await _sent(client, section(), dry=True)
    assert (answer.status_code, answer.json()["code"]) == (503, "read-only")
    assert _statuses(await _batch(client, [section(), section(office="o-7")], dry=True)) == [503, 201]
    ledger.appender._reasons[SHARD] = Both("known", "已知")
    assert "known" in (await _sent(client, section(), dry=True)).json()["detail"]


async def test_without_a_ledger_it_is_later(client: httpx.AsyncClient, ledger: Bench) -> None:
    ledger.pool.terminate()
    answer = await _sent(client, section(), dry=True)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
