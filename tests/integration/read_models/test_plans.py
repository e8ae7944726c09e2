"""What is asked of an office, or of a person in it, is answered from that office's rows, or that person's: by a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.common.tokens.grants import Grant
from services.projector import database as projector_database
from services.projector import read_models
from services.projector.api.asking import Asked, behind, listed
from services.projector.read_models import ReadModel
from tests.integration.projector_world import engine_on

MODELS = {model.name: model for model in read_models.load()}
READER = Grant(role="reader", name="reader")
THEN = datetime(2026, 6, 30, tzinfo=UTC)
VALUES = {"text": "x-1", "integer": 2026, "date": date(2026, 3, 2)}


class _Heard:
    """A connection that only hears what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    async def fetch(self, statement: str, *values: object) -> list[Any]:
        self.asked.append((statement, len(values)))
        return []


@pytest.mark.parametrize("at", [None, THEN], ids=["now", "as of"])
async def test_no_list_and_no_explanation_reads_a_whole_table(database: str, at: datetime | None) -> None:
    async with engine_on(database):
        connection = await projector_database.connect(database)
    try:
        # The tables are empty: without this they would be read whole. What no index serves still is.
        await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        for model in MODELS.values():
            for statement, count in await _asked(model, at):
                await connection.execute(f"PREPARE asked AS {statement}")
                nothing = ", ".join(["NULL"] * count)
                (row,) = await connection.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE asked ({nothing})")
                await connection.execute("DEALLOCATE asked")
                read = list(_tables(json.loads(row[0])[0]["Plan"]))
                assert read, (model.name, statement)
                assert not [node for node in read if not _by_key(node)], (model.name, statement, read)
    finally:
        await connection.close()


async def _asked(model: ReadModel, at: datetime | None) -> list[tuple[str, int]]:
    """An office's page, one row by its key, and what is behind each figure of it; each with its number of values."""
    heard: Any = _Heard()
    where = {column.name: VALUES[column.type] for column in model.key}
    await listed(heard, model, Asked("o-1", READER, at, limit=10))
    await listed(heard, model, Asked("o-1", READER, at, where, limit=10))
    for figure in model.figures:
        await behind(heard, model, figure, Asked("o-1", READER, at, where, limit=10))
    return list(heard.asked)


def _tables(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes that read a table, wherever they are in the plan."""
    if "Relation Name" in plan and "temp" not in plan.get("Schema", ""):
        yield plan
    for inner in plan.get("Plans", []):
        yield from _tables(inner)


def _by_key(node: dict[str, Any]) -> bool:
    below = node.get("Plans", [])
    return "Index Cond" in node or "TID Cond" in node or (bool(below) and all(map(_by_key, below)))


async def test_a_batch_finds_facts_by_whole_keys_and_compares_its_changes_with_none_one_by_one(database: str) -> None:
    """Though planned, as when a projector begins, on empty tables: there every index looks as good as any other."""
    async with engine_on(database) as engine, engine._session() as connection:
        for step, _ in engine._steps:
            (row,) = await connection.fetch(f"EXPLAIN (FORMAT JSON) {step.sql}")
            plan = json.loads(row[0])[0]["Plan"]
            facts = [node for node in _tables(plan) if not node["Relation Name"].endswith("_change")]
            assert not [node for node in facts if not _narrow(node)], step.sql
            assert not list(_one_by_one(plan)), step.sql


def _narrow(node: dict[str, Any]) -> bool:
    """Whether it is written to, or read by an index and no less than the stream or the person of an office."""
    read_by = node.get("Index Cond", "")
    return node["Node Type"] == "ModifyTable" or all(part in read_by for part in ("office =", " AND "))


def _one_by_one(plan: dict[str, Any], *, again: bool = False) -> Iterator[dict[str, Any]]:
    """The nodes that read all changes of a batch for each row of something else."""
    if again and plan["Node Type"] == "Seq Scan" and plan["Relation Name"].endswith("_change"):
        yield plan
    for inner in plan.get("Plans", []):
        looped = plan["Node Type"] == "Nested Loop" and inner["Parent Relationship"] == "Inner"
        yield from _one_by_one(inner, again=(again or looped) and inner["Parent Relationship"] != "SubPlan")
