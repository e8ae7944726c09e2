"""The seats for excellent are right after each step: rounding, a raised rate, moves around the date, corrections."""

from __future__ import annotations

from typing import Any

from tests.integration.projector_world import World, engine_on, fold, select

_OF_CYCLE = {"cycle": "c", "year": 2026, "rule_pack": "national-2026"}


def _decide(world: World, person: str, grade: str, **more: object) -> str:
    data = {**_OF_CYCLE, "person": person, "grade": grade, "here": True, "bars": [], "follows": [], **more}
    return world.record("appraisal.grade-decided", "2027-01-10T01:00:00Z", data, "cycle/c", [person])


async def test_seats_are_right_after_each_step(database: str) -> None:
    world = World()
    persons = [f"p-{number:02}" for number in range(12)]
    for person in persons:
        world.register(person)
        world.assume(person, "x", "leadership" if person == "p-00" else "staff")
    async with engine_on(database) as engine:

        async def board() -> tuple[Any, ...]:
            await fold(engine, world.records)
            query = "SELECT appraised, rate_percent, seats, used, posting_ends_on::text FROM office.quota_board"
            ((*found,),) = await select(
                database, f"{query} WHERE office = 'o-1' AND cycle = 'c' AND pool = 'civil-service'"
            )
            return tuple(found)

        opening = _OF_CYCLE | {"head": "p-00", "committee": []}
        world.record("appraisal.cycle-opened", "2026-12-01T01:00:00Z", opening, "cycle/c")
        assert await board() == (11, 20, 2, 0, None), "a fifth of eleven, rounded down; leadership apart"

        world.end("p-11", "post-p-11", "2026-12-31")
        world.end("p-10", "post-p-10", "2027-01-01")
        assert await board() == (10, 20, 2, 0, None), "who left on 31 December isn't counted, who left after it is"

        decided = [_decide(world, person, "excellent") for person in ("p-01", "p-02")]
        assert await board() == (10, 20, 2, 2, None)

        approval = _OF_CYCLE | {"pool": "civil-service", "rate_percent": 25, "approval_no": "1"}
        approved = world.record("appraisal.seats-approved", "2027-01-11T01:00:00Z", approval, "cycle/c")
        assert await board() == (10, 25, 2, 2, None), "a quarter of ten, rounded down"
        world.register("p-12", probation_until="2027-03-01")
        world.assume("p-12", "x")
        assert await board() == (10, 25, 2, 2, None), "on probation: appraised without a grade"
        for person in ("p-13", "p-14"):
            world.register(person)
            world.assume(person, "x")
        assert await board() == (12, 25, 3, 2, None)

        absent = _decide(world, "p-03", "not-appraised", reason="long-leave")
        assert await board() == (11, 25, 2, 2, None)
        world.correct(absent, grade="competent", reason=None)
        assert await board() == (12, 25, 3, 2, None), "a decided grade is corrected"

        world.correct(decided[0], grade="competent")
        assert await board() == (12, 25, 3, 1, None)
        changed = {
            **_OF_CYCLE,
            "person": "p-01",
            "on": "2027-02-01",
            "outcome": "changed",
            "grade": "excellent",
            "here": True,
        }
        world.record("appraisal.review-decided", "2027-02-01T01:00:00Z", changed, "cycle/c", ["p-01"])
        assert await board() == (12, 25, 3, 2, None), "a review gives the seat back"

        posted = _OF_CYCLE | {
            "persons": ["p-01", "p-02"],
            "from_on": "2027-02-02",
            "workdays": 5,
            "ends_on": "2027-02-08",
        }
        posted |= {"pools": ["civil-service"]}
        world.record("appraisal.excellent-list-posted", "2027-02-02T01:00:00Z", posted, "cycle/c", ["p-01", "p-02"])
        assert await board() == (12, 25, 3, 2, "2027-02-08")
        world.revoke(approved)
        assert await board() == (12, 20, 2, 2, "2027-02-08")
