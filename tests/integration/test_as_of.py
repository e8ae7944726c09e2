"""As of an instant, files and appraisals are what a replay gives of the events that were recorded by then."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.histories import PERSONS, STEPS, play
from tests.integration.projector_api import Api, api_on
from tests.integration.projector_world import World, execute, fold
from tests.integration.test_read_model_folds import ORIGIN

_BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
_DAY = 24 * 3600
_PATHS = (
    *(f"/people/{person}/{what}" for person in PERSONS for what in ("growth-file", "appraisals/2026")),
    *(f"/offices/o-1/appraisals/{year}" for year in (2026, 2027)),
)
_moments = st.lists(st.integers(0, 10**6), min_size=3, max_size=3)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=6, max_size=30), seed=st.integers(0, 10**6), moments=_moments)
async def test_as_of_is_a_replay_cut_at_that_recorded_time(
    database: str, tmp_path: Path, steps: list[Any], seed: int, moments: list[int]
) -> None:
    world = World()
    play(world, steps)
    chance = random.Random(seed)
    _record_at(world, [chance.choice((0, 0, 60, chance.randrange(3 * _DAY))) for _ in world.events])
    async with api_on(database, tmp_path) as api:
        api.recorder.legible = True
        await execute(database, ORIGIN)
        await fold(api.engine, world.records)
        asked = sorted({_as_of(world, number) for number in moments}, key=lambda pair: pair[1])
        stood = [await _answers(api, f"?as_of={as_of}") for as_of, _ in asked]
        await execute(database, ORIGIN)
        for (as_of, until), found in zip(asked, stood, strict=True):
            await fold(api.engine, world.records[:until])
            assert found == await _answers(api, ""), as_of


async def test_a_corrected_session_a_rename_and_a_new_seat_show_only_afterwards(database: str, tmp_path: Path) -> None:
    world = World()
    registered = world.register("p-1")
    seated = world.assume("p-1", "x")
    convened = world.convene("s-1", kind="lecture", carrier="section", title="Before")
    world.attend("s-1", "p-1")
    before = len(world.events)
    world.correct(convened, kind="quiz", carrier="branch", title="After")
    world.correct(registered, name={"ct": "After"})
    world.correct(seated, section="y", stamps=[{"person": "p-1", "section": "y", "tier": "staff"}])
    _record_at(world, [0] * before + [_DAY] + [0] * 10)
    async with api_on(database, tmp_path) as api:
        api.recorder.legible = True
        await fold(api.engine, world.records)
        for as_of, title, kind, name, section in (
            ("2026-02-01", "Before", "lecture", "c2VhbGVk", "x"),
            ("2026-02-02", "After", "quiz", "After", "y"),
        ):
            file = await api.json(f"/people/p-1/growth-file?as_of={as_of}")
            appraisal = await api.json(f"/people/p-1/appraisals/2026?as_of={as_of}")
            assert (file["entries"][0]["title"], file["years"][0]["by_session_kind"]) == (title, {kind: 1})
            assert (file["name"], appraisal["name"], appraisal["section"]) == (name, name, section)
            listed = await api.json(f"/offices/o-1/appraisals/2026?as_of={as_of}")
            assert listed["items"] == [{key: value for key, value in appraisal.items() if key != "seen"}]
        assert (await api.get("/people/p-1/appraisals/2026?as_of=2026-01-31")).status_code == 404
        assert (await api.get("/offices/o-1/appraisals/2026?as_of=soon")).status_code == 422


async def test_before_a_move_the_appraisal_is_the_old_offices(database: str, tmp_path: Path) -> None:
    old, new = World(office="o-1"), World(office="o-3")
    for world, more, day in ((old, {}, 0), (new, {"previous": "o-1"}, 5)):
        world.register("p-1", **more)
        world.output("p-1")
        _record_at(world, [day * _DAY])
    async with api_on(database, tmp_path) as api:
        for world in (old, new):
            await fold(api.engine, world.records)
        for as_of, office, years in (("2026-02-03", "o-1", ["o-1"]), ("2026-02-07", "o-3", ["o-1", "o-3"])):
            assert (await api.json(f"/people/p-1/appraisals/2026?as_of={as_of}"))["office"] == office
            file = await api.json(f"/people/p-1/growth-file?as_of={as_of}")
            assert [year["office"] for year in file["years"]] == years


def _record_at(world: World, pauses: list[int]) -> None:
    """Have the events recorded at other times, each some seconds after the one before, or at the same instant.

    What is corrected is revoked and recorded anew in one decision.
    """
    at = _BEGIN
    for event, pause in zip(world.events, pauses + [0] * len(world.events), strict=False):
        at += timedelta(seconds=0 if "corrects" in event["data"] else pause)
        event["recordedtime"] = at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _as_of(world: World, number: int) -> tuple[str, int]:
    """An instant at which something was recorded, or the day of it, and how many events were recorded by then."""
    times = [datetime.fromisoformat(event["recordedtime"]) for event in world.events]
    at = times[number % len(times)]
    if number % 2:
        at = (at + timedelta(hours=8)).replace(hour=23, minute=59, second=59)  # the day's end in Shanghai
        as_of, at = at.strftime("%Y-%m-%d"), at - timedelta(hours=8)
    else:
        as_of = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return as_of, sum(time <= at for time in times)


async def _answers(api: Api, query: str) -> dict[str, Any]:
    """Whole answers, less what they say of themselves; a file that nobody has yet is an empty one."""
    found: dict[str, Any] = {}
    for path in _PATHS:
        answer = await api.get(path + query)
        body = answer.json() if answer.status_code == 200 else None
        if body is not None and "years" in body and not body["entries"] and body["name"] is None:
            body = None
        found[path] = body and {key: value for key, value in body.items() if key not in {"seen", "as_of"}}
    return found
