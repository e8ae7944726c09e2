"""The years of the ledger: partitions, what is outside of them, plans over ten, and the table of an older version."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
import structlog

from services.recorder.ledger import database as ledger_database
from services.recorder.ledger import years
from tests.support.ledger import Bench, bench, section

THIS_YEAR = datetime.now(UTC).year
SQL = (ledger_database.FOLDER / "queries.sql").read_text()


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Bench]:
    async with bench(database) as found:
        yield found


async def _where(ledger: Bench) -> dict[str, int]:
    """How many events each partition has."""
    rows = await ledger.rows("SELECT tableoid::regclass::text AS name, count(*) AS n FROM ledger.event GROUP BY 1")
    return {row["name"]: row["n"] for row in rows}


async def _open(ledger: Bench, *wanted: int) -> list[int]:
    async with ledger.pool.acquire() as connection:
        return await years.open_years(connection, wanted)


async def test_an_event_is_in_its_years_partition(ledger: Bench) -> None:
    await ledger.accepted(section(), section(office="o-2"))
    assert await _where(ledger) == {f"ledger.event_{THIS_YEAR}": 2}
    names = [row["n"] for row in await ledger.rows("SELECT inhrelid::regclass::text AS n FROM pg_inherits "
             "WHERE inhparent = 'ledger.event'::regclass ORDER BY 1")]  # fmt: skip
    assert names == [f"ledger.event_{THIS_YEAR}", f"ledger.event_{THIS_YEAR + 1}", "ledger.event_outside"]


async def test_positions_and_ids_are_unique_in_each_partition(ledger: Bench) -> None:
    await ledger.accepted(section())
    copied = "INSERT INTO ledger.event SELECT {} FROM ledger.event"
    columns = "shard, position, id, stream, version, type, recorded_at, body, leaf_hash"
    for other in ("gen_random_uuid() AS id", "position + 1 AS position"):
        with pytest.raises(asyncpg.UniqueViolationError):
            await ledger.rows(copied.format(columns.replace(other.split()[-1], other)))


async def test_a_wrong_clock_loses_nothing_and_is_told(ledger: Bench) -> None:
    await ledger.rows("UPDATE ledger.shard SET recorded_at = '2099-01-01T00:00:00Z'")
    await ledger.accepted(section(), section())
    assert await _where(ledger) == {"ledger.event_outside": 2}
    with structlog.testing.capture_logs() as said:
        async with ledger.pool.acquire() as connection:
            await years.look(connection)
    assert [(one["event"], one["events"], one["first"][:4]) for one in said] == [("events-outside-years", 2, "2099")]
    before = await ledger.events()
    assert await _open(ledger, 2098, 2099) == [2098, 2099]
    assert await _open(ledger, 2098, 2099) == []
    assert await _where(ledger) == {"ledger.event_2099": 2}
    assert await ledger.events() == before
    await ledger.accepted(section())
    await ledger.gapless()


async def test_auditors_read_the_years_and_write_none(ledger: Bench) -> None:
    await ledger.accepted(section())
    async with ledger.pool.acquire() as connection:
        await connection.execute("SET ROLE auditor")
        try:
            for table in ("event", f"event_{THIS_YEAR}", "event_outside"):
                await connection.fetch(f"SELECT body FROM ledger.{table}")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(f"DELETE FROM ledger.{table}")
        finally:
            await connection.execute("RESET ROLE")


# --- plans ---


def _reading() -> dict[str, str]:
    """Every statement that reads events, its parameters as those of a prepared statement."""
    found = {}
    for part in SQL.split("-- name: ")[1:]:
        name, _, statement = part.partition("\n")
        if "ledger.event" in statement:
            found[name.rstrip("^$!")] = statement.rstrip().rstrip(";")
    return found


async def test_ten_years_are_read_by_index_and_never_sorted(ledger: Bench) -> None:
    await _open(ledger, *range(THIS_YEAR - 9, THIS_YEAR))
    await ledger.rows(
        "INSERT INTO ledger.event SELECT n % 4, n / 4, gen_random_uuid(), 's', 1, 't', "
        "make_timestamptz($1::int - 9 + n / 2000, 6, 1, 0, 0, 0, 'UTC'), $2, $2 FROM generate_series(0, 19999) AS n",
        THIS_YEAR, bytes(32),
    )  # fmt: skip
    await ledger.rows("ANALYZE ledger.event")
    statements = _reading()
    assert {"events_from", "body_at", "look_up"} <= statements.keys()
    async with ledger.pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for name, statement in statements.items():
            parameters = dict.fromkeys(re.findall(r"(?<!:):(\w+)", statement))
            values = {"shard": "1", "first": "700", "count": "300", "position": "700",
                      "shards": "'{}'", "digests": "'{}'", "events_of": f"ARRAY[{','.join(['1'] * 100)}]",
                          "events": f"ARRAY[{','.join(['gen_random_uuid()'] * 100)}]"}  # fmt: skip
            for number, parameter in enumerate(parameters, 1):
                statement = re.sub(rf"(?<!:):{parameter}\b", f"${number}", statement)  # noqa: PLW2901
            await connection.execute(f"PREPARE {name} AS {statement}")
            given = ", ".join(values[parameter] for parameter in parameters)
            plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT json) EXECUTE {name}({given})"))[0]["Plan"]
            _assert_by_index(name, plan)


def _assert_by_index(name: str, node: dict[str, object]) -> None:
    """Nothing that has rows is read whole, nothing is sorted."""
    if node.get("Relation Name") not in {None, "event_outside", f"event_{THIS_YEAR + 1}", "receipt"}:
        assert node["Node Type"] in {"Index Scan", "Bitmap Heap Scan", "Index Only Scan"}, (name, node)
    for child in node.get("Plans", []):  # type: ignore[attr-defined]
        if child["Node Type"] == "Sort":
            assert child["Plans"][0]["Relation Name"] in {"event_outside", f"event_{THIS_YEAR + 1}"}, (name, child)
        _assert_by_index(name, child)
