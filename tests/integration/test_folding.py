"""States are their events folded: byte for byte what the append wrote, however the events are cut into portions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from deploy.local.sample import year
from schemas.trust.identity import shard_of
from services.recorder.ledger import folding
from services.recorder.ledger.appending import working as working_module
from services.recorder.ledger.folding import StateRow, states
from services.recorder.ledger.rows import answered, recorded
from services.recorder.relay.relay import wrap_receipt
from tests.support.ledger import OFFICE, Bench, Json, action, attendance, bench, person, section, session

SHARD = shard_of(OFFICE, 8)


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


async def _stored(ledger: Bench, shard: int) -> list[StateRow]:
    query = (
        'SELECT kind, key, version, state FROM ledger.state WHERE shard = $1 ORDER BY kind COLLATE "C", key COLLATE "C"'
    )
    return [tuple(row) for row in await ledger.rows(query, shard)]


async def _bodies(ledger: Bench, shard: int) -> list[bytes]:
    return [
        row["body"]
        for row in await ledger.rows("SELECT body FROM ledger.event WHERE shard = $1 ORDER BY position", shard)
    ]


async def _everything(ledger: Bench) -> None:
    """A year with its corrections, and what no year has: overlaps that come and go, placings taken back."""
    office = list(year.actions(year.Size(2025, 1, 8, 5)))
    office = [fields | {"office": OFFICE} for fields in office]
    for first in range(0, len(office), 250):
        await ledger.receipts(office[first : first + 250])
    await ledger.receipts([person("x-1"), person("x-2"), section("x-s"), section("x-t")])
    post = {"person": "x-1", "post": "x-p", "tier": "staff", "section": "x-s", "concurrent": False, "acting": False}
    placed = await ledger.accepted(
        action("people.assume-post", post | {"from_on": "2026-01-01"}),
        action("people.transfer-person", {"person": "x-1", "to_section": "x-t", "on": "2026-02-01"}),
        action("people.end-post", {"person": "x-1", "post": "x-p", "on": "2026-03-01"}),
    )
    held = await ledger.accepted(
        session("x-a", "x-1"), session("x-b", "x-1"), session("x-c", "x-2"), attendance("x-a", "x-1", "x-2")
    )
    for receipt in (*reversed(placed), held[1], held[3]):
        for event in receipt["events"]:
            await ledger.accepted(_revoked(event))
    await ledger.receipts([session("x-d", "x-1"), session("x-d", "x-2"), session("x-e", "nobody"), {**office[-1]}])


def _revoked(event: Json) -> Json:
    return action("any.revoke-entry", {"event": event["id"], "reason": "mistake"})


async def test_states_are_the_events_folded(ledger: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await _everything(ledger)
    stored, bodies = await _stored(ledger, SHARD), await _bodies(ledger, SHARD)
    kinds = {kind for kind, *_ in stored}
    assert kinds >= {"person", "section", "session", "agenda", "talk", "output", "visit", "revocation"}
    assert list(states(bodies)) == stored
    assert list(states(bodies, at_once=100_000)) == stored
    monkeypatch.setattr(working_module, "MOST_ROWS", 5)  # next to nothing is kept: all else comes from the store
    assert list(states(bodies, at_once=7)) == stored
    assert not list(states([]))


async def test_a_fold_keeps_no_more_at_hand_than_a_portion_touches(ledger: Bench) -> None:
    await ledger.accepted(*[section() for _ in range(3000)])
    fold = folding.Folding()
    bodies = await _bodies(ledger, SHARD)
    most = 0
    for first in range(0, len(bodies), 100):
        missing = fold.begin(recorded(body).event for body in bodies[first : first + 100])
        fold.load(missing, [])
        assert fold.resume() == []
        assert len(fold.changed()) == 100
        most = max(most, len(fold._working._rows))
    assert most <= 100 * (2 * working_module.SWEEP_EVERY + 1)  # of 3,000


async def test_rows_are_made_again_of_the_published_bytes(ledger: Bench) -> None:
    await ledger.receipts([person("p-1"), session("s-1", "p-1"), session("s-1", "nobody"), session("s-2", "nobody")])
    again = section("s-x")
    await ledger.receipts([again, again | {"data": again["data"] | {"name": "別"}}, action("no.such", {})])
    events: list[Any] = await ledger.rows("SELECT * FROM ledger.event ORDER BY shard, position")
    for row in events:
        assert recorded(row["body"]).row[:2] == (row["shard"], row["position"])
        assert recorded(row["body"]).row[3:] == tuple(row)[3:]
        assert recorded(row["body"]).row[2] == str(row["id"])
    receipts = await ledger.rows("SELECT * FROM ledger.receipt ORDER BY shard, number")
    assert {row["binding"] for row in receipts} == {True, False}
    for row in receipts:
        value = wrap_receipt(ledger.ledger.source, row["body_digest"], row["receipt"])[1]
        assert answered(value).row == tuple(row)
