"""``person``, ``placement``: who is behind an id, and where they sit."""

from __future__ import annotations

from tests.integration.projector_world import World, dump, engine_on, fold, select


async def test_person_keeps_the_sealed_name_of_what_stands(database: str) -> None:
    world = World()
    world.correct(world.register("p-1"), branch="b-2")
    world.revoke(world.register("p-2"))
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        await fold(engine, world.records)
    assert await select(database, "SELECT person, branch, name ->> 'alg' FROM person WHERE revoked_at IS NULL") == [
        ("p-1", "b-2", "A256GCM")
    ]
    revoked = "SELECT person, branch, revoked_at > recorded_at FROM person WHERE revoked_at IS NOT NULL ORDER BY person"
    assert await select(database, revoked) == [("p-1", "b-1", True), ("p-2", "b-1", True)]


async def test_placement_follows_the_day_not_the_order_of_recording(database: str) -> None:
    world = World()
    world.register("p-1")
    world.assume("p-1", "x", on="2026-01-02")
    world.transfer("p-1", "z", "2026-06-01")
    world.transfer("p-1", "y", "2026-03-01")
    async with engine_on(database) as engine:
        await fold(engine, world.records, 2)
    assert await select(database, "SELECT section FROM placement ORDER BY since") == [("x",), ("y",), ("z",)]
    assert await select(database, "SELECT section FROM seat") == [("z",)]


async def test_erasures_and_holds_change_no_read_model(database: str) -> None:
    world = World()
    world.register("p-1")
    world.assume("p-1", "x")
    world.output("p-1")
    async with engine_on(database) as engine:
        await fold(engine, world.records)
        before = await dump(database)
        about = {"person": "p-1", "basis": "b"}
        hold = world.record("people.hold-placed", "2027-03-01T01:00:00Z", about, ["p-1"])
        world.record("people.hold-lifted", "2027-03-02T01:00:00Z", {**about, "hold": hold}, ["p-1"])
        world.record("people.person-erased", "2027-03-03T01:00:00Z", about, ["p-1"])
        outcomes = await fold(engine, world.records)
        assert [outcome.cursor.next for outcome in outcomes] == [len(world.events)]
    assert await dump(database) == before
