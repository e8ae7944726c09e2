"""``growth_entry``: one fact in one person's file."""

from __future__ import annotations

from typing import Any

from tests.integration.projector_world import World, engine_on, fold, select

_ROWS = (
    "SELECT person, event_id, entry_group, title, state, section, tier, centi_xueshi, revoked_at IS NOT NULL AS revoked"
    " FROM office.growth_entry ORDER BY position, person"
)


async def _rows(database: str, world: World) -> list[tuple[Any, ...]]:
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        await fold(engine, world.records)
    return await select(database, _ROWS)


def _office() -> World:
    world = World()
    for person in ("p-1", "p-2", "p-3"):
        world.register(person)
        world.assume(person, "x")
    return world


async def test_learning_talk_and_work_enter_each_file_and_welfare_never(database: str) -> None:
    world = _office()
    world.convene("s-1", title="Reading")
    attended = world.attend("s-1", "p-1")
    world.attend("s-1", "p-2", state="leave")
    world.attend("s-1", "p-3", state="absent")
    credited = world.credit("s-1", "p-1", 8)
    talk = world.talk("p-1", "p-2", "p-3")
    output = world.output("p-2", "p-3")
    world.visit("v-1", "p-1")
    assert await _rows(database, world) == [
        ("p-1", attended, "learning", "Reading", "verified", "x", "staff", None, False),
        ("p-1", credited, "learning", "Reading", "verified", "x", "staff", 8, False),
        ("p-1", talk, "talk", None, "verified", "x", "staff", None, False),
        ("p-2", talk, "talk", None, "verified", "x", "staff", None, False),
        ("p-3", talk, "talk", None, "verified", "x", "staff", None, False),
        ("p-2", output, "work", "A report", "verified", "x", "staff", None, False),
        ("p-3", output, "work", "A report", "verified", "x", "staff", None, False),
    ]


async def test_a_transfer_leaves_what_was_recorded_before_where_it_was(database: str) -> None:
    world = _office()
    first = world.output("p-1")
    world.transfer("p-1", "y", "2026-03-01")
    second = world.output("p-1")
    rows = await _rows(database, world)
    assert [(row[1], row[5]) for row in rows] == [(first, "x"), (second, "y")]


async def test_a_revoked_entry_stays_with_its_time_of_revocation(database: str) -> None:
    world = _office()
    output = world.output("p-1", "p-2")
    corrected = world.correct(output, title="A better report")
    world.correct(corrected, title="The best report")
    rows = await _rows(database, world)
    assert [(row[0], row[3], row[8]) for row in rows] == [
        ("p-1", "A report", True),
        ("p-2", "A report", True),
        ("p-1", "A better report", True),
        ("p-2", "A better report", True),
        ("p-1", "The best report", False),
        ("p-2", "The best report", False),
    ]


async def test_a_corrected_session_renames_the_entries_before_it(database: str) -> None:
    world = _office()
    session = world.convene("s-1", title="First", kind="lecture")
    world.attend("s-1", "p-1")
    world.correct(session, title="Second", kind="quiz")
    world.attend("s-1", "p-2")
    assert [row[3] for row in await _rows(database, world)] == ["Second", "Second"]
    kinds = await select(database, "SELECT person, by_session_kind FROM office.growth_file ORDER BY person")
    assert kinds == [("p-1", '{"quiz": 1}'), ("p-2", '{"quiz": 1}')]
