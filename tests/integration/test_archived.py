"""What left the ledger is known to have left: who takes it back is told, and a lost topic is not filled with a hole."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from schemas.identity import shard_of
from services.common.settings import Settings
from services.recorder import history, topics
from services.recorder.ledger import archived
from tests.support.ledger import OFFICE, Bench, action, bench, section

SHARD = shard_of(OFFICE, 8)
FILE = f"{SHARD}/2024/events-000000000000-000000000001.jsonl.gz"


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


async def _left(ledger: Bench, last: int) -> None:
    """The shard's first events have left."""
    await ledger.rows(
        "INSERT INTO ledger.archived (shard, first, last, year, file, bytes, sha256) "
        "VALUES ($1, 0, $2, 2024, $3, 1, '')",
        SHARD, last, FILE,
    )  # fmt: skip
    await ledger.rows(
        "WITH gone AS (DELETE FROM ledger.event WHERE shard = $1 AND position <= $2 RETURNING *) "
        "INSERT INTO ledger.archived_event SELECT shard, id, position FROM gone", SHARD, last,
    )  # fmt: skip


async def test_taking_back_an_archived_event_is_refused_for_now_and_says_where_it_is(ledger: Bench) -> None:
    defined = section()
    (first, _, third) = await ledger.accepted(defined, section(), section())
    await _left(ledger, last=1)
    gone, there = ({"event": one["events"][0]["id"], "reason": "mistake"} for one in (first, third))
    refused, revoked = await ledger.receipts([action("any.revoke-entry", gone), action("any.revoke-entry", there)])
    assert (refused["code"], refused["final"]) == ("archived", False)
    assert FILE in refused["message"]["en"]
    assert FILE in refused["message"]["zh"]
    assert revoked["code"] != "archived"
    assert await ledger.receipts([defined]) == [first], "a repeated action of an archived year is still known"


async def test_a_lost_topic_is_not_filled_behind_what_was_archived(ledger: Bench, settings: Settings) -> None:
    await ledger.accepted(section(), section(), section())
    await topics.ensure(settings)
    assert not any((await history.check_all(ledger.pool, ledger.ledger, settings)).values())
    await _left(ledger, last=1)
    reasons = await history.check_all(ledger.pool, ledger.ledger, settings)
    assert [shard for shard, reason in reasons.items() if reason] == [SHARD]
    assert f"lacks {SHARD}:0, which was archived ({FILE})" in (reasons[SHARD] or "")
    async with ledger.pool.acquire() as connection:
        assert [await archived.file_at(connection, SHARD, at) for at in (0, 1, 2)] == [FILE, FILE, None]
