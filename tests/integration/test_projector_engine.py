"""The engine: rows and cursor commit together, whatever comes twice, out of order, broken or from elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from schemas.trust.canonical import leaf_hash
from services.projector import database as db
from services.projector import read_models
from services.projector.following import engine as engine_module
from services.projector.following.batch import Slice
from services.projector.following.engine import Engine
from tests.integration.projector_world import (
    CONSUMER,
    LEDGER,
    SHARDS,
    Record,
    World,
    dump,
    engine_on,
    execute,
    fold,
    select,
)


def _life(office: str = "o-1", sessions: int = 2) -> World:
    world = World(office=office)
    for person in ("p-1", "p-2"):
        world.register(person)
    for number in range(sessions):
        world.convene(f"s-{number}")
        world.attend(f"s-{number}", "p-1")
        world.correct(world.credit(f"s-{number}", "p-2"), centi_xueshi=300)
    return world


async def test_the_cursor_says_how_far_and_after_which_event(database: str) -> None:
    world = _life()
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        cursor = (await engine.cursors())[world.shard]
    last = world.records[-1]
    assert cursor.next == len(world.events)
    assert cursor.leaf_hash == leaf_hash(last.value or b"")
    assert (cursor.offset_hint, cursor.ledger, cursor.state) == (last.offset, LEDGER, "live")


async def test_two_projectors_side_by_side_end_in_the_rows_of_one(database: str) -> None:
    worlds = [_life("o-1", 6), _life("o-3", 6)]
    async with engine_on(database) as one, engine_on(database) as other:
        batches = [Slice(w.shard, 0).take(w.records) for w in worlds]
        both = [one.apply(batches), other.apply(batches), one.apply(batches[:1]), other.apply(batches[1:])]
        outcomes = [outcome for found in await asyncio.gather(*both) for outcome in found]
        assert sum(outcome.applied for outcome in outcomes) == sum(len(w.events) for w in worlds)
        rows = await dump(database)
        await execute(database, [f"TRUNCATE {', '.join(rows)}", "DELETE FROM cursor"])
        await one.open(SHARDS)
        for world in worlds:
            await fold(one, world.records)
    assert await dump(database) == rows


async def test_a_zombie_that_reads_ahead_changes_nothing(database: str) -> None:
    world = _life()
    records = world.records
    async with engine_on(database) as engine:
        await fold(engine, records[:3])
        ahead = Slice(world.shard, 5, records[4]).take(records[5:])
        outcome = (await engine.apply([ahead]))[0]
        assert (outcome.behind, outcome.cursor.next, outcome.applied) == (True, 3, 0)


async def test_another_history_on_the_topic_halts_the_shard(database: str) -> None:
    world, other = _life(), _life()
    other.events[2]["actor"] = "somebody else"
    async with engine_on(database) as engine:
        await fold(engine, world.records[:3])
        outcome = (await engine.apply([Slice(world.shard, 0).take(other.records)]))[0]
        assert outcome.halted
        assert "another event" in str((await engine.cursors())[world.shard].error)


async def test_a_recreated_topic_with_the_same_events_goes_on(database: str) -> None:
    world = _life()
    again = [Record(r.partition, r.offset + 100, r.value) for r in world.records]
    async with engine_on(database) as engine:
        await fold(engine, world.records[:3])
        outcome = (await engine.apply([Slice(world.shard, 0).take(again)]))[0]
        assert outcome.applied == len(world.events) - 3
        assert outcome.cursor.offset_hint == again[-1].offset


async def test_an_unknown_ledger_halts_the_shard(database: str) -> None:
    world, foreign = _life("o-1"), _life("o-3")
    for event in foreign.events:
        event["source"] = "urn:chengzhang:ledger:another"
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        assert (await fold(engine, foreign.records))[0].halted
        cursors = await engine.cursors()
    assert "another ledger" in str(cursors[foreign.shard].error)
    assert cursors[world.shard].state == "live"


async def test_an_event_that_does_not_fold_halts_its_shard_alone_and_is_named(database: str) -> None:
    bad, good = _life("o-1"), _life("o-3")
    culprit = bad.record(
        "work.output-filed",
        "2026-03-01T00:00:00Z",
        {"output": "u", "line": None, "effect": "adopted"},
        "output/u",
        ["p-1"],
    )
    before = len(bad.events) - 1
    bad.output("p-1")
    async with engine_on(database) as engine:
        outcomes = await engine.apply([Slice(w.shard, 0).take(w.records) for w in (bad, good)])
        assert [(o.halted, o.cursor.next) for o in outcomes] == [(True, before), (False, len(good.events))]
        error = str((await engine.cursors())[bad.shard].error)
    assert culprit in error
    assert "work_output" in error
    assert await select(
        database, "SELECT count(*) FROM office.growth_entry WHERE office = 'o-1' AND revoked_at IS NULL"
    ) == [(4,)]


async def test_a_halted_shard_goes_on_once_the_event_folds(database: str) -> None:
    world = _life()
    unknown = [
        Record(r.partition, r.offset, (r.value or b"").replace(b"people.person-registered", b"people.person-heralded"))
        for r in world.records
    ]
    async with engine_on(database) as engine:
        assert (await fold(engine, unknown))[0].halted
        await fold(engine, world.records)
        cursor = (await engine.cursors())[world.shard]
    assert (cursor.next, cursor.state, cursor.error) == (len(world.events), "live", None)


@pytest.mark.parametrize("step", ["after-copy", "before-cursor"])
async def test_a_crash_before_the_commit_leaves_nothing(
    database: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = _life()

    def crash(at: str) -> None:
        if at == step:
            raise ConnectionResetError(step)

    async with engine_on(database) as engine:
        monkeypatch.setattr(engine_module, "fault", crash)
        with pytest.raises(ConnectionResetError):
            await fold(engine, world.records)
        assert not any((await dump(database)).values())
        assert (await engine.cursors())[world.shard].next == 0
        monkeypatch.undo()
        await fold(engine, world.records)
        assert (await engine.cursors())[world.shard].next == len(world.events)


async def test_after_a_lost_connection_the_batch_passes_on_a_new_one(database: str) -> None:
    world = _life()
    async with engine_on(database) as engine:
        await execute(
            database,
            [
                (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            ],
        )
        with suppress(*db.TRANSIENT):
            await fold(engine, world.records)
        await fold(engine, world.records)
        assert (await engine.cursors())[world.shard].next == len(world.events)


async def test_a_batch_takes_the_same_statements_whatever_its_size(database: str) -> None:
    world = _life(sessions=40)
    async with engine_on(database) as engine:
        await fold(engine, world.records[:8])  # asyncpg asks for the types it copies, once a connection
        ran = [await _ran(engine, world.records[:end]) for end in (16, 32, 240)]
    assert ran[0] == ran[1] == ran[2]
    assert sum(ran[0].values()) < 16


async def test_a_batch_of_one_talk_runs_the_statements_of_talks_only(database: str) -> None:
    world = _life()
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        world.talk("p-1", "p-2")
        ran = await _ran(engine, world.records)
    changed = [re.findall(r"^(?:WITH moved AS \(\s*)?(?:INSERT INTO|UPDATE) (\w+)", statement) for statement in ran]
    assert sorted(name for names in changed for name in names) == [
        "care", "cursor", "entry_burden", "growth_file", "office_month", "talk_coverage",
    ]  # fmt: skip
    # Of entry_burden, which looks at all that comes, too; and the last batch's changes put away, the cursor locked.
    assert sum(ran.values()) == 6 + 2


async def _ran(engine: Engine, records: list[Record]) -> Counter[str]:
    """The prepared statements that a batch ran, and how often, but for the question of ``fold`` where shards stand."""
    before = await _so_far(engine)
    await fold(engine, records)
    after = await _so_far(engine)
    await engine.cursors()
    return after - before - (await _so_far(engine) - after)


async def _so_far(engine: Engine) -> Counter[str]:
    async with engine._session() as connection:
        rows = await connection.fetch("SELECT statement, generic_plans + custom_plans AS n FROM pg_prepared_statements")
    counts = Counter({row["statement"]: row["n"] for row in rows})
    return Counter({statement: n for statement, n in counts.items() if "pg_prepared_statements" not in statement})


async def test_erasures_and_holds_change_no_read_model(database: str) -> None:
    world = World()
    world.register("p-1")
    world.assume("p-1", "x")
    world.output("p-1")
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        before = await _shown(database)
        about = {"person": "p-1", "basis": "b"}
        hold = world.record("people.hold-placed", "2026-03-01T01:00:00Z", about, "person/p-1", ["p-1"])
        world.record("people.hold-lifted", "2026-03-02T01:00:00Z", {**about, "hold": hold}, "person/p-1", ["p-1"])
        world.record("people.person-erased", "2026-03-03T01:00:00Z", about, "person/p-1", ["p-1"])
        outcomes = await fold(engine, world.records)
        assert [outcome.cursor.next for outcome in outcomes] == [len(world.events)]
    assert await _shown(database) == before


async def _shown(database: str) -> list[list[tuple[Any, ...]]]:
    return [
        await select(database, f"SELECT * FROM office.{model.name} ORDER BY 1, 2, 3")
        for model in read_models.load()
        if model.name != "entry_burden"  # of all that was sent
    ]


async def test_the_schema_is_created_by_many_at_once(database: str) -> None:
    engines = [Engine(database, CONSUMER, read_models.load()) for _ in range(4)]
    await asyncio.gather(*(engine.open(SHARDS) for engine in engines))
    assert len(await select(database, "SELECT 1 FROM cursor")) == SHARDS
    for engine in engines:
        await engine.close()


async def test_reports_read_the_views_and_nothing_else(database: str) -> None:
    async with engine_on(database):
        await execute(
            database,
            ["SET ROLE reporter; SELECT * FROM office.growth_entry, office.appraisal_summary, office.growth_file"],
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(database, [f"SET ROLE reporter; SELECT * FROM {db.FIRST}.fact"])
        commented = await select(
            database,
            "SELECT count(*) FILTER (WHERE col_description(attrelid, attnum) IS NULL), count(*) FROM pg_attribute"
            " WHERE attrelid = 'office.growth_entry'::regclass AND attnum > 0",
        )
    assert commented == [(0, 17)]
