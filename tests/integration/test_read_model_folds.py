"""All read models together: their rows never depend on how events were cut into batches, nor on how often they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.projector import read_models
from services.projector.engine import Engine
from tests.integration.projector_world import World, dump, engine_on, execute, fold, select

_PERSONS = ("p-1", "p-2", "p-3")
_SESSIONS = ("s-1", "s-2")
_KINDS = ("lecture", "exchange", "quiz")
_GUIDES = (None, "people", "work")
_ORIGIN = [
    f"TRUNCATE {', '.join(model.name for model in read_models.load())}",
    "UPDATE cursor SET next = 0, leaf_hash = NULL, ledger = NULL",
]

Rows = dict[str, list[tuple[Any, ...]]]
_person, _session, _number = st.sampled_from(_PERSONS), st.sampled_from(_SESSIONS), st.integers(0, 10**6)
_step = st.one_of(
    st.tuples(
        st.just("attend"), _session, _person, st.sampled_from(("present", "partial", "leave")), st.sampled_from(_GUIDES)
    ),
    st.tuples(
        st.just("credit"), _session, _person, st.sampled_from((4, 180)), st.sampled_from(("study", "recognised"))
    ),
    st.tuples(st.just("talk"), st.permutations(_PERSONS), st.integers(2, 3)),
    st.tuples(st.just("output"), st.permutations(_PERSONS), st.integers(1, 3), st.sampled_from(_GUIDES)),
    st.tuples(st.just("visit"), _person),
    st.tuples(
        st.just("transfer"),
        _person,
        st.sampled_from(("x", "y")),
        st.sampled_from(("2026-02-01", "2026-05-01", "2027-01-01")),
    ),
    st.tuples(st.just("resession"), _session, st.sampled_from(_KINDS)),
    st.tuples(st.just("revoke"), _number),
    st.tuples(st.just("correct"), _number),
    st.tuples(st.just("correct-again"), _number),
)


def _play(world: World, steps: list[Any]) -> None:
    """Tell a history in which nothing is revoked twice."""
    standing: list[str] = []
    sessions = {}
    for person in _PERSONS:
        world.register(person)
        world.assume(person, "x")
    for session in _SESSIONS:
        sessions[session] = world.convene(session)
    for number, (what, *args) in enumerate(steps):
        if what == "resession":
            session, kind = args
            sessions[session] = world.correct(sessions[session], kind=kind, title=f"{kind} {number}")
        elif what in {"revoke", "correct", "correct-again"}:
            if standing:
                event = standing.pop(args[0] % len(standing))
                _take_back(world, what, event, standing)
        else:
            standing.append(_tell(world, number, what, args))


def _take_back(world: World, what: str, event: str, standing: list[str]) -> None:
    if what == "revoke":
        world.revoke(event)
        return
    for guide in ("people", "work")[: 1 if what == "correct" else 2]:
        event = world.correct(event, guide=guide)
    standing.append(event)


def _tell(world: World, number: int, what: str, args: list[Any]) -> str:
    told: dict[str, Callable[..., str]] = {
        "attend": lambda s, p, state, guide: world.attend(s, p, state, **({"guide": guide} if guide else {})),
        "credit": world.credit,
        "talk": lambda persons, several: world.talk(*persons[:several]),
        "output": lambda persons, several, guide: world.output(
            *persons[:several], **({"guide": guide} if guide else {})
        ),
        "visit": lambda p: world.visit(f"v-{number}", p),
        "transfer": world.transfer,
    }
    return told[what](*args)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_step, max_size=24))
async def test_rows_never_depend_on_the_cut_into_batches(database: str, steps: list[Any]) -> None:
    world = World()
    _play(world, steps)
    async with engine_on(database) as engine:
        whole = await _rows_of(database, engine, world, 10**6)
        assert await _rows_of(database, engine, world, 7) == whole
        assert await _rows_of(database, engine, world, 1) == whole
        twice = [record for record in world.records for _ in range(2)]
        await execute(database, _ORIGIN)
        await fold(engine, twice, 5)
        await fold(engine, world.records, 3)
        assert await dump(database) == whole
    assert await _figures(database) == await _counted(database)


async def _rows_of(database: str, engine: Engine, world: World, size: int) -> Rows:
    await execute(database, _ORIGIN)
    await fold(engine, world.records, size)
    return await dump(database)


async def _figures(database: str) -> list[tuple[Any, ...]]:
    return await select(
        database,
        "SELECT office, person, year, coalesce((by_group ->> 'learning')::int, 0),"
        " coalesce((by_guide ->> 'people')::int, 0)"
        " FROM office.growth_file ORDER BY 1, 2, 3",
    )


async def _counted(database: str) -> list[tuple[Any, ...]]:
    return await select(
        database,
        "SELECT office, person, date_part('year', occurred_at AT TIME ZONE 'Asia/Shanghai')::int,"
        " count(*) FILTER (WHERE entry_group = 'learning'), count(*) FILTER (WHERE guide = 'people')"
        " FROM office.growth_entry WHERE revoked_at IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )
