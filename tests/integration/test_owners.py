"""What is said of a need is sealed under the key of whose need it is, wherever that stands."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.recorder.ledger.owners import Owners
from tests.support.ledger import Bench, action, bench, person


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


async def test_the_ledger_knows_whose_each_need_is(ledger: Bench) -> None:
    offices = ("o-1", "o-2", "o-3")  # of several shards, and with the same id for another need
    for number, office in enumerate(offices):
        need = {"need": "n-1", "person": f"p-{number}", "kind": "住房", "what": "漏水"}
        await ledger.receipts([person(f"p-{number}", office), action("welfare.raise-need", need, office)])
    found = await Owners(ledger.pool, ledger.ledger.shards)([("need", f"{each}/n-1") for each in (*offices, "o-4")])
    assert found == {("need", f"o-{number + 1}/n-1"): f"p-{number}" for number in range(3)}


async def test_a_need_that_was_taken_back_is_nobodys(ledger: Bench) -> None:
    need = action("welfare.raise-need", {"need": "n-1", "person": "p-1", "kind": "住房", "what": "漏水"})
    *_, receipt = await ledger.receipts([person("p-1"), need])
    await ledger.receipts([action("any.revoke-entry", {"event": receipt["events"][0]["id"], "reason": "mistake"})])
    assert await Owners(ledger.pool, ledger.ledger.shards)([("need", "o-1/n-1")]) == {}
