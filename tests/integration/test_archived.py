"""What left the ledger is known to have left: who takes it back is told, and a lost topic is not filled with a hole."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiokafka import ConsumerRecord

from schemas.trust.identity import shard_of
from services.common.kafka.macs import Strangers
from services.common.settings import Settings
from services.recorder.kafka import topics
from services.recorder.kafka.tails import Tail
from services.recorder.ledger import archived
from services.recorder.trust import history, tiles
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
    assert f"lacks {SHARD}:0, which was archived ({FILE})" in str(reasons[SHARD])
    async with ledger.pool.acquire() as connection:
        assert [await archived.file_at(connection, SHARD, at) for at in (0, 1, 2)] == [FILE, FILE, None]


async def test_a_topic_that_ends_with_an_archived_event_is_not_ahead(ledger: Bench) -> None:
    await ledger.accepted(*[section() for _ in range(300)])
    bodies = [row["body"] for row in await ledger.rows("SELECT body FROM ledger.event ORDER BY position")]
    async with ledger.pool.acquire() as connection:
        async with connection.transaction():
            await tiles.extend(connection, SHARD, 0, 300)
        await _left(ledger, last=299)
        for last, wanted in ((299, ""), (255, f"lacks {SHARD}:256"), (7, f"lacks {SHARD}:8")):
            tail = _tail(bodies[last], end=last + 1)
            found = await history.check_tail(connection, ledger.ledger, "events", SHARD, tail)
            assert found.next == last + 1
            assert wanted in str(found.reason or "")
        other = _tail(bodies[299].replace(b'"actor":"p-0"', b'"actor":"p-1"'), end=300)
        found = await history.check_tail(connection, ledger.ledger, "events", SHARD, other)
        assert "differ at" in str(found.reason)


def _tail(value: bytes, end: int) -> Tail:
    """A topic's end with that record."""
    record = ConsumerRecord("t", SHARD, end - 1, 0, 0, b"k", value, None, 1, len(value), ())
    return Tail(end, record, Strangers())
