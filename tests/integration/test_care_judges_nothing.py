"""Welfare, needs, talks and minutes of study never reach an appraisal or a selection: whatever is recorded of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.projector.read_models import JUDGING
from services.projector.relations import is_care
from tests.integration.projector_world import World, engine_on, fold, select

_SAMPLES = Path(__file__).parents[1] / "contract" / "samples"
# All that a view reads, through other views and functions.
_READS = """
WITH RECURSIVE reads (class, id) AS (
    SELECT 'pg_class'::regclass::oid, v.oid FROM pg_class AS v WHERE v.oid = $1::text::regclass
    UNION
    SELECT d.refclassid, d.refobjid
    FROM reads AS r
    LEFT JOIN pg_rewrite AS w ON r.class = 'pg_class'::regclass AND w.ev_class = r.id
    INNER JOIN pg_depend AS d
        ON
            d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
            OR d.classid = 'pg_proc'::regclass AND d.classid = r.class AND d.objid = r.id
    WHERE d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass)
)
SELECT DISTINCT c.relname::text
FROM reads AS r
INNER JOIN pg_class AS c ON r.class = 'pg_class'::regclass AND c.oid = r.id
"""


async def test_what_judges_people_reads_no_care_however_far_that_is_followed(database: str) -> None:
    async with engine_on(database):
        for name in sorted(JUDGING):
            read = {row[0] for row in await select(database, _READS, f"office.{name}")}
            assert name in read
            assert "fact" in read
            assert "care" not in read, name
        talks = {row[0] for row in await select(database, _READS, "office.talk_due")}
        assert {"care", "fact"} <= talks, "it would be seen"


def _judged(*, minutes: int = 90) -> World:
    """A year with an appraisal and a selection."""
    world = World()
    for person in ("p-1", "p-2"):
        world.register(person)
        world.assume(person, "x")
    world.convene("s-1")
    world.attend("s-1", "p-1", "partial", minutes=minutes)
    world.output("p-1", guide="work")
    cycle = {"cycle": "c", "year": 2026, "rule_pack": "national-2026", "head": "p-1", "committee": []}
    world.record("appraisal.cycle-opened", "2026-12-01T01:00:00Z", cycle, "cycle/c")
    chosen = {"selection": "e", "honour": "先进", "seats": 1, "for": "persons", "conditions": ["no-bar"], "year": 2026}
    world.record(
        "selection.selection-opened", "2026-12-01T01:00:00Z", chosen | {"rule_pack": "national-2026"}, "selection/e"
    )
    return world


async def _rows(database: str) -> dict[str, list[Any]]:
    return {name: await select(database, f"SELECT * FROM office.{name} ORDER BY 1, 2, 3") for name in sorted(JUDGING)}


async def test_whatever_care_is_recorded_nobody_is_judged_otherwise(database: str) -> None:
    world = _judged()
    samples = [json.loads(path.read_text("utf-8")) for path in sorted(_SAMPLES.glob("*.json"))]
    care = [each for each in samples if "recordedtime" in each and is_care(each["type"])]
    assert len(care) > len({"talk", "welfare"})
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        before = await _rows(database)
        assert all(before.values())
        for each in care:
            name = each["type"].removeprefix("chengzhang.").removesuffix(".v1")
            world.record(name, "2026-05-06T01:00:00Z", each["data"], each["partitionkey"], ["p-1"])
        await fold(engine, world.records)
        assert await select(database, "SELECT count(*) > 0 FROM office.talk_coverage") == [(True,)]
        assert await _rows(database) == before


async def test_however_long_somebody_studied_it_is_one_entry(database: str) -> None:
    found = []
    async with engine_on(database) as engine:
        for minutes in (1, 90):
            world = _judged(minutes=minutes)
            world.office = f"o-{minutes}"
            for event in world.events:
                event["office"] = world.office
                event["shard"] = world.shard
            await fold(engine, world.records)
            query = "SELECT person, evidence_by_group, evidence_by_guide, missing FROM office.appraisal_summary"
            found.append(await select(database, f"{query} WHERE office = $1 ORDER BY 1", world.office))
    assert found[0] == found[1]
