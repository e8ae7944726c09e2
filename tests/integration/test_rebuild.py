"""A rebuild: beside the live read models, under load, and nobody who reads is ever taken back."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from services.common.settings import Settings
from services.projector import database as db
from services.projector import read_models
from services.projector.api.live import Live
from services.projector.errors import Refused
from services.projector.read_models import ReadModel
from services.projector.rebuilding import replay
from services.projector.rebuilding.rebuild import Rebuild
from services.projector.settings import consumer_name
from tests.integration.projector_api import Api, api_on
from tests.integration.projector_running import (
    LEDGER,
    at_end,
    command,
    create_topic,
    life,
    publish,
    rebuild,
    running,
    until,
)
from tests.integration.projector_world import World, dump, engine_on, execute, fold, select

_LIVE = "SELECT number FROM projector.version WHERE state = 'live'"


def _changed(folder: Path, name: str, old: str, new: str) -> tuple[ReadModel, ...]:
    """The read models, one of them folding otherwise."""
    copied = folder / "read_models"
    shutil.copytree(read_models.FOLDER, copied, ignore=shutil.ignore_patterns("__pycache__"))
    (file,) = copied.rglob(f"{name}.sql")
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return read_models.load(copied)


@asynccontextmanager
async def _told(settings: Settings, *worlds: World) -> AsyncIterator[None]:
    """All of it published, and folded by a projector that has ended since."""
    await create_topic(settings)
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        for world in worlds:
            await publish(settings, world.records)
            await fold(engine, world.records)
    yield


async def test_beside_two_projectors_under_load_nothing_is_lost_and_no_reader_goes_back(
    settings: Settings, tmp_path: Path
) -> None:
    world = life("o-1", people=20)
    await create_topic(settings)
    await publish(settings, world.records)
    async with running(settings) as one, running(settings) as other, _api(settings, tmp_path) as api:
        await until(lambda: at_end(one, world)() or at_end(other, world)())
        done = asyncio.Event()
        readers = [asyncio.create_task(reader) for reader in (_reads(api, done), _queries(settings, done))]
        load = asyncio.create_task(_loaded(settings, world, done))
        for _ in range(2):
            async for _ in rebuild(settings, read_models.load()):
                pass
        done.set()
        answers, counts = await asyncio.gather(*readers)
        await load
        await until(lambda: at_end(one, world)() or at_end(other, world)())
    assert len(answers) > 10
    assert answers == sorted(answers)
    assert counts == sorted(counts)
    assert await select(settings.database_url, _LIVE) == [(3,)]
    rows = await dump(settings.database_url)
    await execute(settings.database_url, [f"TRUNCATE {', '.join(rows)}", "DELETE FROM cursor"])
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, world.records)
    assert await dump(settings.database_url) == rows


@asynccontextmanager
async def _api(settings: Settings, folder: Path) -> AsyncIterator[Api]:
    async with api_on(settings.database_url, folder, consumer_name(settings)) as api:
        yield api


async def _loaded(settings: Settings, world: World, done: asyncio.Event) -> None:
    """Events keep arriving."""
    while not done.is_set():
        begin = len(world.events)
        for _ in range(5):
            world.output("p-1")
        await publish(settings, world.records[begin:])


async def _reads(api: Api, done: asyncio.Event) -> list[int]:
    """Positions that answers had seen; each answer holds what it says that it has seen, of one version."""
    seen = []
    while not done.is_set():
        page = await api.json("/offices/o-1/work-outputs?limit=1000")
        (position,) = page["seen"].values()
        seen.append(position)
        outputs = 20 + (position - 40) if position > 40 else position // 2
        assert sum(item["outputs"] for item in page["items"]) == outputs
    return seen


async def _queries(settings: Settings, done: asyncio.Event) -> list[int]:
    """What a report's prepared statement counts, by a role that may read views only."""
    counts = []
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute("SET ROLE reporter")
        statement = await connection.prepare("SELECT count(*) FROM office.growth_entry WHERE revoked_at IS NULL")
        while not done.is_set():
            counts.append(await statement.fetchval())
            await asyncio.sleep(0.005)
    finally:
        await connection.close()
    return counts


async def test_a_changed_fold_shows_what_would_change_and_waits_for_a_yes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = life(people=3)
    models = _changed(tmp_path, "work_output", "coalesce((data -> 'count')::integer, 1) AS outputs", "7 AS outputs")
    async with _told(settings, world):
        monkeypatch.setattr(read_models, "load", lambda: models)
        refused = await asyncio.to_thread(command, settings, "rebuild", "--json", "--lang", "en")
        assert refused.exit_code == 1
        assert "--yes" in refused.stderr
        told = json.loads(refused.stdout)
        assert (told["version"], told["events"], told["switched"], told["differences"]["rows"]) == (2, 6, False, 3)
        assert told["differences"]["figures"] == [
            {"read_model": "work_output", "figure": "outputs", "rows": 3, "people": 3}
        ]
        assert _listed(Path(told["differences"]["file"])) == [
            (f"p-{number}", "outputs", "1", "7") for number in range(3)
        ]
        assert await select(settings.database_url, _LIVE) == [(1,)]

        world.output("p-1")  # meanwhile
        await publish(settings, world.records[-1:])
        monkeypatch.undo()
        async with engine_on(settings.database_url, consumer_name(settings)) as engine:
            await fold(engine, world.records)
            await execute(settings.database_url, [*LEDGER, f"INSERT INTO ledger.shard VALUES ({world.shard}, 7)"])
            status = json.loads((await asyncio.to_thread(command, settings, "status", "--json")).stdout)
            assert (status["version"], status["current"], status["building"]) == (1, True, {"version": 2, "next": 6})
            monkeypatch.setattr(read_models, "load", lambda: models)
            switched = await asyncio.to_thread(command, settings, "rebuild", "--yes", "--lang", "en")
            assert switched.exit_code == 0, switched.output
            assert "comparing" not in switched.stderr
            world.output("p-1")  # folded by a projector that has the folds of before
            await fold(engine, world.records)
        figures = "SELECT outputs FROM office.work_output WHERE person = 'p-1'"
        assert await select(settings.database_url, figures) == [(21,)]
        status = json.loads((await asyncio.to_thread(command, settings, "status", "--json")).stdout)
        assert (status["version"], status["current"], status["building"], status["old"]) == (2, True, None, [1])
        monkeypatch.undo()
        status = json.loads((await asyncio.to_thread(command, settings, "status", "--json")).stdout)
        assert (status["version"], status["current"]) == (2, False)


def _listed(file: Path) -> list[tuple[str, ...]]:
    lines = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return [(line["person"], line["figure"], line["before"], line["after"]) for line in lines]


async def test_the_old_version_is_kept_until_it_is_dropped_and_as_long_as_a_view_rests_on_it(
    settings: Settings,
) -> None:
    world = life(people=2)
    async with _told(settings, world):
        async for _ in rebuild(settings, read_models.load()):
            pass
        await execute(settings.database_url, ["CREATE VIEW public.mine AS SELECT * FROM office_v1.fact"])
        refused = await asyncio.to_thread(command, settings, "rebuild", "--drop-old", "--lang", "en")
        assert refused.exit_code == 1
        assert "public.mine" in refused.stderr
        await execute(settings.database_url, ["DROP VIEW public.mine"])
        dropped = await asyncio.to_thread(command, settings, "rebuild", "--drop-old", "--json")
        assert (dropped.exit_code, json.loads(dropped.stdout)) == (0, {"dropped": [1]})
        assert await select(settings.database_url, "SELECT count(*) FROM office.growth_entry") == [(2,)]
        assert await _next(settings, world) == len(world.events)  # asked by a service that starts only now
        again = await asyncio.to_thread(command, settings, "rebuild", "--drop-old", "--json")
        assert json.loads(again.stdout) == {"dropped": []}


@pytest.mark.parametrize("asked", ["rebuild", "verify"])
async def test_a_topic_that_cannot_be_reached_is_said_in_a_line(settings: Settings, asked: str) -> None:
    async with _told(settings, life(people=1)):
        apart = settings.model_copy(update={"kafka": "127.0.0.1:9"})
        failed = await asyncio.to_thread(command, apart, asked, "--lang", "en")
        said = " ".join(failed.output.split())
        assert (failed.exit_code, "can't be read" in said, "services/" in said) == (3, True, False), said


async def test_a_half_built_version_of_other_folds_is_begun_anew(settings: Settings, tmp_path: Path) -> None:
    models = _changed(tmp_path, "talk_coverage", "1 AS held", "2 AS held")
    world = life(people=2)
    world.talk("p-0", "p-1")
    async with _told(settings, world):
        async with Rebuild(settings, models) as half:
            async for _ in half.replay():
                pass
        async with Rebuild(settings, read_models.load()) as again:
            assert not again.resumed
            assert again.version.digest != half.version.digest
            assert await anext(again.replay()) == (0, 5)
            with pytest.raises(Refused, match="at work"):
                async with Rebuild(settings, models):
                    pass
            async with again.compared() as found:
                assert found.equal
                assert found.rows > 5


async def test_a_half_built_version_that_was_dropped_by_hand_is_begun_anew(settings: Settings) -> None:
    models = read_models.load()
    async with _told(settings, life(people=2)):
        await execute(settings.database_url, LEDGER)
        async with Rebuild(settings, models) as half:
            async for _ in half.replay():
                pass
        await execute(settings.database_url, ["DROP SCHEMA office_v2 CASCADE"])
        status = await asyncio.to_thread(command, settings, "status", "--json")
        assert (status.exit_code, json.loads(status.stdout)["building"]) == (0, None)
        async with Rebuild(settings, models) as again:
            assert not again.resumed
            assert [counts async for counts in again.replay()][-1] == (4, 4)


async def test_a_shard_that_an_event_has_halted_goes_on_once_folds_that_take_it_are_live(
    settings: Settings, tmp_path: Path
) -> None:
    mended = _changed(tmp_path, "work_output", "data ->> 'line' AS line", "coalesce(data ->> 'line', '?') AS line")
    world = life(people=2)
    world.record(
        "work.output-filed",
        "2026-03-01T00:00:00Z",
        {"output": "u", "line": None, "effect": "adopted"},
        "output/u",
        ["p-1"],
    )
    world.output("p-1")
    await create_topic(settings)
    await publish(settings, world.records)
    async with running(settings) as progress:
        await until(lambda: world.shard in progress.halted)
        async for _ in rebuild(settings, mended):
            pass
        await until(at_end(progress, world))
        assert not progress.halted


async def test_read_models_of_a_history_that_is_lost_start_over_under_a_running_projector(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PATIENCE", 0.5)
    lost, world = life(people=4), life(people=2)
    await create_topic(settings)
    async with engine_on(settings.database_url, consumer_name(settings)) as engine:
        await fold(engine, lost.records)
    await publish(settings, world.records)
    async with running(settings) as progress:
        await until(lambda: progress.next.get(world.shard) == 8)
        refused = await asyncio.to_thread(command, settings, "rebuild", "--lang", "en")
        assert refused.exit_code == 1
        assert f"shard {world.shard} up to 4 of 8" in refused.stderr
        asked = await asyncio.to_thread(command, settings, "rebuild", "--start-over", "--lang", "en")
        assert (asked.exit_code, "--start-over --yes" in asked.stderr) == (1, True)
        assert await select(settings.database_url, _LIVE) == [(1,)]
        begun = await asyncio.to_thread(command, settings, "rebuild", "--start-over", "--yes", "--json")
        assert json.loads(begun.stdout)["version"] == 3
        await until(at_end(progress, world))
    assert await select(settings.database_url, "SELECT count(*) FROM office.growth_entry") == [(2,)]


@pytest.mark.parametrize(
    ("drop", "gone"),
    [
        ("DROP SCHEMA office_v1 CASCADE", "gone from it: cursor, "),
        ("DROP TABLE office_v1.fact CASCADE", "gone from it: fact. "),
        ("DROP SCHEMA office CASCADE; DROP TABLE office_v1.cursor", "gone from it: cursor. "),
    ],
    ids=["the schema", "a table", "views and cursors"],
)
async def test_live_read_models_that_were_dropped_by_hand_are_named_and_made_again(
    settings: Settings, drop: str, gone: str
) -> None:
    world = life(people=2)
    async with _told(settings, world):
        await execute(settings.database_url, [*LEDGER, drop])
        for words in (["status"], ["rebuild", "--yes"], ["verify"], ["status", "--json"]):
            ended = await asyncio.to_thread(command, settings, *words, "--lang", "en")
            assert ended.exit_code == 1, words
            assert ended.stderr.startswith("Failed: office_v1 holds the live read models"), words
            assert gone in ended.stderr, words
            assert "`projector rebuild --start-over" in ended.stderr, words
        told = await asyncio.to_thread(command, settings, "rebuild", "--lang", "zh")
        assert (told.exit_code, "现用的读模型" in told.stderr, "--start-over" in told.stderr) == (1, True, True)
        begun = await asyncio.to_thread(command, settings, "rebuild", "--start-over", "--yes", "--lang", "en")
        assert begun.exit_code == 0, begun.stderr
        async with running(settings) as progress:
            await until(at_end(progress, world))
        status = await asyncio.to_thread(command, settings, "status", "--json")
        assert (status.exit_code, json.loads(status.stdout)["version"]) == (0, 2)
        dropped = await asyncio.to_thread(command, settings, "rebuild", "--drop-old", "--lang", "en")
        assert (dropped.exit_code, dropped.stdout) == (0, "Dropped: office_v1.\n")
    assert await select(settings.database_url, "SELECT count(*) FROM office.growth_entry") == [(2,)]


@pytest.mark.parametrize("reader", ["a report", "an API request"])
async def test_a_switch_waits_for_whoever_reads(settings: Settings, reader: str) -> None:
    async with _told(settings, life(people=2)):
        async with _report(settings) if reader == "a report" else _request(settings) as connection:
            switching = asyncio.create_task(_all_of(settings))
            await asyncio.wait_for(_waits_for_a_lock(settings), 20)
            assert await connection.fetchval("SELECT count(*) FROM office.growth_entry") == 2  # no deadlock
            assert await select(settings.database_url, _LIVE) == [(1,)]
        await asyncio.wait_for(switching, 20)
        assert await select(settings.database_url, _LIVE) == [(2,)]


async def test_a_request_that_waited_for_a_switch_sees_what_came_with_it(settings: Settings) -> None:
    async with _told(settings, life(people=2)):
        connection = await db.connect(settings.database_url)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE projector.version IN ACCESS EXCLUSIVE MODE")
                await connection.execute("DELETE FROM fact")
                counting = asyncio.create_task(_counted(settings))
                await asyncio.wait_for(_waits_for_a_lock(settings, "AccessShareLock"), 20)
            assert await asyncio.wait_for(counting, 20) == 0
        finally:
            await connection.close()


async def test_nobody_who_waits_to_read_is_cut_off_by_a_switch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.projector.api.live._LARGEST", 1)
    world = life(people=2)
    async with _told(settings, world):
        live = Live(settings.database_url)
        try:
            assert await live.next(consumer_name(settings), world.shard) == len(world.events)
            await _all_of(settings)
            nexts = [live.next(consumer_name(settings), world.shard) for _ in range(10)]
            assert set(await asyncio.gather(*nexts, *(_people(live) for _ in range(10)))) == {len(world.events), 2}
        finally:
            live.terminate()


async def _people(live: Live) -> int:
    async with live.snapshot() as connection:
        return int(await connection.fetchval("SELECT count(DISTINCT person) FROM fact"))


async def _next(settings: Settings, world: World) -> int:
    live = Live(settings.database_url)
    try:
        return await live.next(consumer_name(settings), world.shard)
    finally:
        live.terminate()


async def _counted(settings: Settings) -> int:
    async with _request(settings) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM fact"))


@asynccontextmanager
async def _report(settings: Settings) -> AsyncIterator[db.Connection]:
    """Somebody who reads several views in one transaction, and has read one of the last to be replaced."""
    connection = await db.connect(settings.database_url)
    try:
        async with connection.transaction():
            await connection.fetch("SELECT * FROM office.growth_file")
            yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _request(settings: Settings) -> AsyncIterator[db.Connection]:
    """A request to the API that has read no view yet."""
    live = Live(settings.database_url)
    try:
        async with live.snapshot() as connection:
            yield connection
    finally:
        live.terminate()


async def _waits_for_a_lock(settings: Settings, mode: str = "AccessExclusiveLock") -> None:
    """Wait until somebody does."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE mode = $1 AND NOT granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        while not await connection.fetchval(waiting, mode):  # noqa: ASYNC110  # seen from outside
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def _all_of(settings: Settings) -> None:
    async for _ in rebuild(settings, read_models.load()):
        pass
