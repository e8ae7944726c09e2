"""The peaks of a shard's tree, moved by the append."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from schemas.trust import merkle
from tests.support.ledger import Bench, action, bench, section


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


async def _expected(ledger: Bench) -> dict[int, bytes]:
    rows = await ledger.rows("SELECT shard, leaf_hash FROM ledger.event ORDER BY shard, position")
    return {
        shard: merkle.extended(b"", 0, [row["leaf_hash"] for row in rows if row["shard"] == shard])
        for shard in range(ledger.ledger.shards)
    }


async def _found(ledger: Bench) -> dict[int, bytes]:
    return {row["shard"]: row["peaks"] for row in await ledger.rows("SELECT shard, peaks FROM ledger.shard")}


async def test_the_append_moves_the_peaks(ledger: Bench) -> None:
    for count in (1, 2, 13, 40):
        await ledger.accepted(*[section(office=f"o-{n % 3}") for n in range(count)])
        assert await _found(ledger) == await _expected(ledger)
    repeat = section()
    await ledger.accepted(repeat)
    before = await _found(ledger)
    await ledger.receipts([repeat, action("no.such", {})])  # nothing new, and a refusal
    assert await _found(ledger) == before == await _expected(ledger)
