"""``last_seat`` and ``seat``: where people sit is read as the recorder reads it, whatever was corrected or revoked."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.base import Stamp
from schemas.trust.canonical import canonical
from services.recorder.audit.offline import standalone as verify
from services.recorder.domain.deciding.timeline import Person
from tests.integration.projector_world import ORIGIN, World, engine_on, execute, fold, select
from tests.unit.office import OFFICE, Office, correction, founded, post

_PERSONS: Final = ("p-1", "p-2")
_DAYS: Final = ("2026-02-01", "2026-02-10", "2026-03-01")
_ASKED: Final = ("2026-01-31", *_DAYS, "2026-02-20", "2026-12-31")
_person, _day, _post = st.sampled_from(_PERSONS), st.sampled_from(_DAYS), st.sampled_from(("a", "b"))
_section = st.sampled_from(("s-1", "s-2", "s-3"))
_FACTS: Final = st.one_of(
    st.tuples(
        st.just("people.assume-post"),
        st.builds(
            lambda who, what, **more: post(who, more.pop("tier"), post=f"{who}-{what}", **more),
            _person, _post, tier=st.sampled_from(("staff", "section-head")), section=_section, from_on=_day,
            concurrent=st.booleans(),
        ),
    ),
    st.tuples(
        st.just("people.end-post"),
        st.builds(lambda who, what, on: {"person": who, "post": f"{who}-{what}", "on": on}, _person, _post, _day),
    ),
    st.tuples(
        st.just("people.record-leaving"),
        st.fixed_dictionaries({"person": _person, "on": _day, "reason": st.just("retired")}),
    ),
    st.tuples(
        st.just("people.transfer-person"),
        st.fixed_dictionaries({"person": _person, "to_section": _section, "on": _day}),
    ),
)  # fmt: skip
_STEPS: Final = st.lists(st.one_of(_FACTS, _FACTS, st.tuples(st.integers(0, 50), st.none() | _FACTS)), max_size=30)


def _office(steps: list[Any]) -> Office:
    """An office in which this was asked for; what isn't possible isn't done."""
    office = founded(*_PERSONS)
    for section in ("s-2", "s-3"):
        office.did("people.define-section", {"section": section, "name": "科"}, "2026-01-01T00:00:00+08:00")
    for name, data in steps:
        if isinstance(name, str):
            office.submit(name, data)
            continue
        event = list(office.events.values())[name % len(office.events)]
        if data is None:
            office.submit("any.revoke-entry", {"event": event.id, "reason": "mistake"})
        else:
            office.submit("any.correct-entry", correction(event, *data))
    return office


def _world(office: Office) -> World:
    """The events as the ledger has them."""
    world = World(OFFICE)
    for event in office.events.values():
        name = event.data.TYPE.removeprefix("chengzhang.").removesuffix(".v1")
        world.record(name, event.time, orjson.loads(canonical(event.data.payload())), event.stream, None)
        world.events[-1]["id"] = event.id
    return world


def _placed(office: Office, person: str, day: str) -> Stamp:
    state = office.states["person", f"{OFFICE}/{person}"]
    assert isinstance(state, Person)
    return state.placed(person, day)


def _last(office: Office, person: str, day: date) -> Stamp:
    """The last seat up to a day."""
    back = (_placed(office, person, (day - timedelta(days=before)).isoformat()) for before in range(366))
    return next((stamp for stamp in back if stamp.section is not None), Stamp(person=person))


async def _agree(database: str, office: Office) -> None:
    """On every day, today, and at the end of the year."""
    told = await select(
        database,
        "SELECT person, day, section, tier, until FROM unnest($1::text[]) AS p (person), unnest($2::date[]) AS d (day)"
        " LEFT JOIN LATERAL last_seat($3, person, day, '9999-12-31') ON true",
        _PERSONS, [date.fromisoformat(day) for day in _ASKED], OFFICE,
    )  # fmt: skip
    assert len(told) == len(_PERSONS) * len(_ASKED)
    for person, day, section, tier, until in told:
        then = _placed(office, person, day.isoformat())
        assert (then.section, then.tier) == ((section, tier) if until == day else (None, None)), (person, day)
        last = _last(office, person, day)
        assert (last.section, last.tier) == (section, tier), (person, day)
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    now = [(person, _placed(office, person, today)) for person in _PERSONS]
    assert await select(database, "SELECT person, section, tier FROM seat ORDER BY person") == [
        (person, stamp.section, stamp.tier) for person, stamp in now if stamp.section is not None
    ]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
async def test_people_sit_where_the_recorder_says(database: str, steps: list[Any]) -> None:
    office = _office(steps)
    async with engine_on(database) as engine:
        await execute(database, ORIGIN)
        await fold(engine, _world(office).records, 7)
    await _agree(database, office)


def _moved_and_revoked() -> Office:
    """In s-1, moved to s-2, a concurrent post in s-3; and the move is taken back."""
    office = founded("p-1", "p-2")
    for section in ("s-2", "s-3"):
        office.did("people.define-section", {"section": section, "name": "科"}, "2026-01-01T00:00:00+08:00")
    office.did("people.assume-post", post("p-1", section="s-1", post="a", from_on="2026-01-01"))
    move = office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-02-01"})
    office.did("people.assume-post", post("p-1", section="s-3", post="c", from_on="2026-02-15", concurrent=True))
    office.revoke(move)
    return office


def _ended_before_a_later_one() -> Office:
    """Of two posts the main one ends on a day before the concurrent one began."""
    office = founded("p-1", "p-2")
    office.did("people.define-section", {"section": "s-2", "name": "科"}, "2026-01-01T00:00:00+08:00")
    office.did("people.assume-post", post("p-1", section="s-1", post="a", from_on="2026-01-01"))
    office.did("people.assume-post", post("p-1", section="s-2", post="c", from_on="2026-02-20", concurrent=True))
    office.did("people.end-post", {"person": "p-1", "post": "a", "on": "2026-02-10"})
    return office


def _moved_and_made_concurrent() -> Office:
    """What a transfer moved is concurrent now: the move stays with that post."""
    office = founded("p-1", "p-2")
    office.did("people.define-section", {"section": "s-2", "name": "科"}, "2026-01-01T00:00:00+08:00")
    office.did("people.assume-post", post("p-1", section="s-1", post="a", from_on="2026-01-01"))
    held = office.did("people.assume-post", post("p-1", section="s-1", post="b", from_on="2026-01-15"))
    office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-02-01"})
    changed = post("p-1", section="s-1", post="b", from_on="2026-01-15", concurrent=True)
    office.did("any.correct-entry", correction(held, "people.assume-post", changed))
    return office


def _moved_and_corrected() -> Office:
    """The post that a transfer moved was in another section than was thought."""
    office = founded("p-1", "p-2")
    office.did("people.define-section", {"section": "s-2", "name": "科"}, "2026-01-01T00:00:00+08:00")
    office.did("people.define-section", {"section": "s-3", "name": "科"}, "2026-01-01T00:00:00+08:00")
    held = office.did("people.assume-post", post("p-1", section="s-1", post="a", from_on="2026-01-01"))
    office.did("people.transfer-person", {"person": "p-1", "to_section": "s-2", "on": "2026-02-01"})
    changed = post("p-1", section="s-3", post="a", from_on="2026-01-01")
    office.did("any.correct-entry", correction(held, "people.assume-post", changed))
    return office


def _left_and_came_back() -> Office:
    """Left, with a post of each sort that nobody ended, and took another post later."""
    office = founded("p-1", "p-2")
    office.did("people.define-section", {"section": "s-2", "name": "科"}, "2026-01-01T00:00:00+08:00")
    office.did("people.assume-post", post("p-1", section="s-1", post="a", from_on="2026-01-01"))
    office.did("people.assume-post", post("p-1", section="s-2", post="c", from_on="2026-01-15", concurrent=True))
    office.did("people.record-leaving", {"person": "p-1", "on": "2026-02-10", "reason": "resigned"})
    office.did("people.assume-post", post("p-1", section="s-2", post="d", from_on="2026-03-01"))
    return office


async def test_people_sit_where_the_recorder_says_after_ordinary_corrections(database: str) -> None:
    for told in (
        _left_and_came_back,
        _moved_and_revoked,
        _ended_before_a_later_one,
        _moved_and_corrected,
        _moved_and_made_concurrent,
    ):
        office = told()
        world = _world(office)
        async with engine_on(database) as engine:
            await execute(database, ORIGIN)
            await fold(engine, world.records)
        await _agree(database, office)
        last = _last(office, "p-1", date(2026, 12, 31))
        figures = verify.figures(world.events, OFFICE, "p-1", 2026)
        assert (figures["section"], figures["tier"]) == (last.section, last.tier)
