"""States of an older fold: nothing is decided by them, and a recorder makes them anew, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.sample import year
from schemas.base import Sealed
from schemas.trust.identity import shard_of
from services.common.kafka import mac_keys
from services.common.kafka.macs import Macs, Strangers
from services.common.settings import Settings
from services.recorder.archive import leaving as leaving_module
from services.recorder.archive.folder import Folder
from services.recorder.archive.leaving import Leaving
from services.recorder.audit.bundle import gathering
from services.recorder.audit.verifying.plan import Options
from services.recorder.audit.verifying.problems import Kind
from services.recorder.audit.verifying.report import Report, verify
from services.recorder.audit.verifying.running import here
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Misconfigured, NotArchived, Refused, Unavailable, Unsettled
from services.recorder.kafka.tails import Tail
from services.recorder.ledger import database, folding, rows, states, years
from services.recorder.ledger.appending import writing
from services.recorder.ledger.appending.appender import Appender
from services.recorder.ledger.submission import Closed
from services.recorder.recovery import refolding as module
from services.recorder.recovery.refilling.filling import Filling
from services.recorder.recovery.refilling.person_keys import Keys
from services.recorder.recovery.refilling.portions import Portion
from services.recorder.recovery.refolding import Refolder, Refolding
from services.recorder.status.figures import Shard, Status
from services.recorder.status.figures import status as asked
from services.recorder.vault.ahead import Ahead
from services.recorder.vault.erasures import Erasures
from services.recorder.vault.vault import Failed, Owner
from tests.support.aged import clock_at
from tests.support.ledger import OFFICE, Bench, action, attendance, bench, person, section, session

SHARD = shard_of(OFFICE, 8)
ELSEWHERE = next(office for office in (f"o-{n}" for n in range(100)) if shard_of(office, 8) != SHARD)
OLD = FOLD_VERSION - 1
STATES = (
    'SELECT shard, kind, key, fold_version, version, state::text FROM ledger.state ORDER BY 1, kind COLLATE "C", 3, 4'
)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """A ledger without topics: states need none."""
    mac_keys.ensure(tmp_path / "mac-keys.json", Misconfigured)
    return Settings(home=tmp_path, database_url=database, kafka="127.0.0.1:1")


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    async with bench(settings.database_url) as found:
        yield found


@pytest.fixture
def refolder(ledger: Bench, settings: Settings) -> Refolder:
    return Refolder(ledger.pool, settings)


async def _aged(pool: database.Pool, *shards: int) -> None:
    """These shards' states are of an older fold, which called a session's roll something else."""
    await pool.execute(
        "UPDATE ledger.state SET fold_version = $1, "
        "state = CASE kind WHEN 'session' THEN (state::jsonb - 'roll' || '{\"lines\": {}}')::json ELSE state END "
        "WHERE shard = ANY($2)",
        OLD, shards,
    )  # fmt: skip
    await pool.execute("UPDATE ledger.shard SET fold_version = $1 WHERE shard = ANY($2)", OLD, shards)


async def _of_fold(ledger: Bench, version: int, *shards: int) -> None:
    """Another version made these shards' states, who knows how."""
    await ledger.rows("UPDATE ledger.state SET fold_version = $1 WHERE shard = ANY($2)", version, shards)
    await ledger.rows("UPDATE ledger.shard SET fold_version = $1 WHERE shard = ANY($2)", version, shards)


@contextmanager
def _earlier() -> Iterator[None]:
    """What a recorder of the version before does."""
    with pytest.MonkeyPatch.context() as patched:
        for each in (states, writing):
            patched.setattr(each, "FOLD_VERSION", OLD)
        yield


@asynccontextmanager
async def _another(ledger: Bench) -> AsyncIterator[Appender]:
    """A recorder that was just started."""
    appender = ledger.another(ledger.pool)
    yield appender
    await appender.stop()


async def _shards(settings: Settings) -> dict[int, Shard]:
    found: Status = await asked(settings)
    return {shard.shard: shard for shard in found.shards}


# --- deciding ---


async def test_what_an_older_version_stored_is_not_decided_by_until_it_is_folded_anew(
    ledger: Bench, settings: Settings, refolder: Refolder
) -> None:
    """Read with today's classes the session has nobody on its roll, so that everybody could be put there again."""
    await ledger.accepted(person("p-1"), session("s-1", "p-1"), attendance("s-1", "p-1"))
    await ledger.accepted(section(office=ELSEWHERE))
    before = await ledger.rows(STATES)
    await _aged(ledger.pool, SHARD)
    again = attendance("s-1", "p-1")
    async with _another(ledger) as started:
        (closed,) = await ledger.outcomes([again, section(office=ELSEWHERE)][:1], started)
        assert isinstance(closed, Closed)
        assert "made by an earlier version" in closed.reason
        await ledger.receipts([section("later", office=ELSEWHERE)], started)
    assert (await _shards(settings))[SHARD].refold is not None
    await refolder.look()
    after = [row for row in await ledger.rows(STATES) if row["key"] != f"{ELSEWHERE}/later"]
    assert after == before
    assert {shard.mode for shard in (await _shards(settings)).values()} == {"writable"}
    async with _another(ledger) as started:
        (refused,) = await ledger.receipts([again], started)
    assert refused["code"] == "second-attendance"
    await ledger.gapless()


async def test_a_year_is_folded_as_it_was_recorded(ledger: Bench, refolder: Refolder) -> None:
    drafts = list(year.actions(year.Size(2025, 3, 8, 5, "o-r")))
    for first in range(0, len(drafts), 500):
        await ledger.receipts(drafts[first : first + 500])
    before = await ledger.rows(STATES)
    await _aged(ledger.pool, *range(8))
    assert await ledger.rows(STATES) != before
    await refolder.look()
    assert await ledger.rows(STATES) == before
    assert not await ledger.rows("TABLE ledger.refold")


async def test_a_shard_without_states_is_of_this_fold_at_once(ledger: Bench, refolder: Refolder) -> None:
    await _of_fold(ledger, OLD, *range(8))
    await refolder.look()
    assert [row[0] for row in await ledger.rows("SELECT DISTINCT fold_version FROM ledger.shard")] == [FOLD_VERSION]
    await ledger.accepted(section())


async def test_a_new_ledger_has_nothing_to_fold(ledger: Bench, refolder: Refolder) -> None:
    await ledger.accepted(section())
    (row,) = await ledger.rows("SELECT xmin FROM ledger.shard WHERE shard = $1", SHARD)
    await refolder.look()
    assert [row] == await ledger.rows("SELECT xmin FROM ledger.shard WHERE shard = $1", SHARD)


# --- going on, and beginning anew ---


def _dies_at(monkeypatch: pytest.MonkeyPatch, step: str, nth: int) -> None:
    left = [nth]

    def dying(reached: str) -> None:
        left[0] -= reached == step
        if left[0] == 0:
            raise ConnectionResetError(step)

    monkeypatch.setattr(module, "fault", dying)


async def test_it_goes_on_where_it_was(
    ledger: Bench, settings: Settings, refolder: Refolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.accepted(*[section(f"s-{n}") for n in range(50)])
    before = await ledger.rows(STATES)
    await _aged(ledger.pool, SHARD)
    monkeypatch.setattr(module, "AT_ONCE", 10)
    with monkeypatch.context() as patched:
        _dies_at(patched, "refold-stored", 3)
        with pytest.raises(ConnectionResetError):
            await refolder.look()
    told = (await _shards(settings))[SHARD].refold
    assert told is not None
    assert (told.stored, told.into, told.folded, told.events) == (OLD, FOLD_VERSION, 30, 50)
    folded: list[str] = []
    fold = folding.fold

    async def noted(*given: Any) -> None:  # noqa: ANN401  # as fold has them
        folded.extend(event.stream for event in given[-1])
        await fold(*given)

    monkeypatch.setattr(module, "fold", noted)
    await refolder.look()
    assert folded == [f"section/s-{n}" for n in range(30, 50)]
    assert await ledger.rows(STATES) == before


@pytest.mark.parametrize("found", [(FOLD_VERSION + 1, 3), (FOLD_VERSION, 99)], ids=["another fold's", "of no history"])
async def test_what_cannot_be_gone_on_with_is_begun_anew(
    ledger: Bench, refolder: Refolder, found: tuple[int, int]
) -> None:
    await ledger.accepted(*[section(f"s-{n}") for n in range(5)])
    before = await ledger.rows(STATES)
    await _aged(ledger.pool, SHARD)
    await ledger.rows("INSERT INTO ledger.refold (shard, fold_version, position) VALUES ($1, $2, $3)", SHARD, *found)
    await ledger.rows("INSERT INTO ledger.state VALUES ($1, 'section', 'o-1/wrong', $2, 1, '{}')", SHARD, found[0])
    await refolder.look()
    assert await ledger.rows(STATES) == before


async def test_one_recorder_folds_and_the_others_let_it(ledger: Bench, settings: Settings, refolder: Refolder) -> None:
    await ledger.accepted(section())
    await _aged(ledger.pool, SHARD)
    holder = await asyncpg.connect(settings.database_url)
    try:
        assert await module._QUERIES.lock(holder)
        await refolder.look()
        assert (await _shards(settings))[SHARD].mode == "read-only"
    finally:
        await holder.close()
    await refolder.look()
    assert (await _shards(settings))[SHARD].mode == "writable"


# --- two versions on one ledger ---


async def test_an_earlier_recorder_goes_on_until_the_new_states_count_and_then_writes_nothing(
    ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 10)
    await ledger.accepted(person("p-1"), session("s-1", "p-1"), *[section(f"s-{n}") for n in range(20)])
    await _of_fold(ledger, OLD, SHARD)
    connection = await asyncpg.connect(settings.database_url)
    async with _another(ledger) as earlier:
        fold = Refolding(connection, SHARD, settings.archive_folder)
        fold._at = await fold._begin()
        await fold._catch_up()
        with _earlier():
            await ledger.receipts([attendance("s-1", "p-1"), *[section(f"t-{n}") for n in range(10)]], earlier)
        assert not await fold._switched(), "so many are folded while nobody waits"
        await fold._catch_up()
        with _earlier():
            await ledger.receipts([section("u-1")], earlier)
        assert await fold._switched()
        after = await ledger.rows(STATES)
        with _earlier():
            (closed,) = await ledger.outcomes([section("v-1")], earlier)
            assert isinstance(closed, Closed)
            assert "made by a newer version" in closed.reason
            await Refolder(ledger.pool, settings).look()
    assert await ledger.rows(STATES) == after
    assert {row["fold_version"] for row in after} == {FOLD_VERSION}
    assert {"o-1/t-9", "o-1/u-1"} < {row["key"] for row in after}
    assert "o-1/v-1" not in {row["key"] for row in after}
    async with _another(ledger) as newer:
        refused, taken = await ledger.receipts([attendance("s-1", "p-1"), section("v-1")], newer)
    assert (refused["code"], taken["code"]) == ("second-attendance", None)
    await connection.close()
    await ledger.gapless()


async def test_recovery_writes_no_states_over_those_of_another_fold(ledger: Bench) -> None:
    await ledger.accepted(section())
    for version, said in ((OLD, "earlier version"), (FOLD_VERSION + 1, "newer version")):
        await _of_fold(ledger, version, SHARD)
        (row,) = await ledger.rows("SELECT * FROM ledger.shard WHERE shard = $1", SHARD)
        filling = Filling(ledger.pool, SHARD, {}, Keys(), lambda _: None)
        with pytest.raises(Refused, match=said):
            filling._check(Portion(), row)


# --- what it waits for ---


async def test_an_event_that_does_not_fold_is_told_and_the_other_shards_go_on(
    ledger: Bench, settings: Settings, refolder: Refolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.accepted(section(), section(office=ELSEWHERE))
    await _aged(ledger.pool, *range(8))
    with monkeypatch.context() as patched:
        patched.setattr(module, "recorded", lambda body: {}[body] if OFFICE.encode() in body else _recorded(body))
        await refolder.look()
    (stands,) = [shard for shard in (await _shards(settings)).values() if shard.mode == "read-only"]
    assert stands.shard == SHARD
    assert f"events of {SHARD}:0 to {SHARD}:0 don't fold (KeyError)" in (stands.reason or "")
    assert f"事件 {SHARD}:0 至 {SHARD}:0 无法折叠" in (stands.reason_zh or "")
    await refolder.look()
    assert {shard.mode for shard in (await _shards(settings)).values()} == {"writable"}


_recorded = rows.recorded


async def test_archived_events_are_read_from_their_files_which_it_waits_for(
    ledger: Bench, settings: Settings, refolder: Refolder, tmp_path: Path
) -> None:
    archive = tmp_path / "elsewhere"
    await _left(ledger, settings, archive)
    before = await ledger.rows(STATES)
    await _aged(ledger.pool, *range(8))
    files = [row["file"] for row in await ledger.rows("SELECT file FROM ledger.archived ORDER BY shard, first")]
    assert len(files) == 3

    await refolder.look()
    waiting = {shard.shard: shard for shard in (await _shards(settings)).values() if shard.reason}
    assert waiting.keys() == {SHARD, shard_of(ELSEWHERE, 8)}, "the others go on"
    said = waiting[SHARD]
    first = next(file for file in files if file.startswith(f"{SHARD}/"))
    for told in (said.reason or "", said.reason_zh or ""):
        assert first in told
        assert str(settings.archive_folder) in told
    assert "and 2 of their files are not at hand" in str(said.reason)

    shutil.copytree(archive, settings.archive_folder)
    (settings.archive_folder / first).write_bytes(b"another")
    await refolder.look()
    (why,) = [shard.reason for shard in (await _shards(settings)).values() if shard.reason]
    assert f"{first} is not the file that left the ledger" in why

    shutil.copy(archive / first, settings.archive_folder / first)
    await refolder.look()
    assert not [shard for shard in (await _shards(settings)).values() if shard.reason]
    assert await ledger.rows(STATES) == before


async def _left(ledger: Bench, settings: Settings, folder: Path) -> None:
    """Two years are in files: of one shard both, of another one of them."""
    for number in (2023, 2024):
        async with ledger.pool.acquire() as connection:
            await years.open_years(connection, [number])
        with clock_at(datetime(number, 6, 1, tzinfo=UTC)):
            time = f"{number}-05-31T09:00:00+08:00"
            await ledger.accepted(*[section(f"y-{number}-{n}", time=time) for n in range(20)])
            if number == 2024:
                await ledger.accepted(section(office=ELSEWHERE, time=time))
    await ledger.accepted(section("today"), section(office=ELSEWHERE))
    leaving = Leaving(ledger.pool, ledger.ledger, settings, Folder(folder))
    await leaving.leave(await leaving.plan(2025), lambda _: None)


async def test_no_year_leaves_the_ledger_while_its_events_are_needed(
    ledger: Bench, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tails(_settings: Settings, _kind: str, shards: Iterable[int], _macs: Macs) -> dict[int, Tail]:
        return {shard: Tail(0, None, Strangers()) for shard in shards}

    monkeypatch.setattr(leaving_module, "tails", tails)
    async with ledger.pool.acquire() as connection:
        await years.open_years(connection, [2024])
    with clock_at(datetime(2024, 6, 1, tzinfo=UTC)):
        await ledger.accepted(section(time="2024-05-31T09:00:00+08:00"))
    await _aged(ledger.pool, SHARD)
    leaving = Leaving(ledger.pool, ledger.ledger, settings, Folder(tmp_path / "archive"))
    with pytest.raises(NotArchived, match="made by an earlier version"):
        await leaving.check(await leaving.plan(2025))


# --- whoever else reads states ---


async def test_verifying_compares_states_of_its_own_fold_only(
    ledger: Bench, settings: Settings, refolder: Refolder
) -> None:
    await ledger.accepted(person("p-1"), session("s-1", "p-1"), attendance("s-1", "p-1"), section(office=ELSEWHERE))
    whole = len(await ledger.rows(STATES))
    assert await _verified(settings) == (whole, set())
    await _aged(ledger.pool, SHARD)
    assert await _verified(settings) == (1, {f"states of shard {SHARD}"})
    await refolder.look()
    assert await _verified(settings) == (whole, set())
    await ledger.rows("UPDATE ledger.state SET fold_version = $1 WHERE kind = 'session'", OLD)
    report = await _report(settings)
    (wrong,) = report.problems
    assert (wrong.kind, wrong.found, wrong.more["state"]) == (Kind.STATE, None, f"session {OFFICE}/s-1")


async def _report(settings: Settings) -> Report:
    return await asyncio.to_thread(verify, settings, Options(kafka=False, read_models=False), run=here)


async def _verified(settings: Settings) -> tuple[int, set[str]]:
    """How many states were compared, and of which shards none."""
    report = await _report(settings)
    assert report.ok, report.problems
    return report.checked["states"], {each.part.en for each in report.skipped if each.name == "states"}


async def test_a_bundle_is_not_made_of_them(ledger: Bench, refolder: Refolder) -> None:
    await ledger.accepted(person("p-1"))
    await _aged(ledger.pool, SHARD)
    async with ledger.pool.acquire() as connection:
        with pytest.raises(Unsettled, match="earlier version"):
            await gathering.persons(connection, gathering.Whose("p-1", 2026))
        await refolder.look()
        assert len(await gathering.persons(connection, gathering.Whose("p-1", 2026))) == 1


async def test_who_was_erased_counts_by_the_topic_where_states_cannot_be_read(
    ledger: Bench, refolder: Refolder
) -> None:
    """The topic closes; the key goes once the states tell it."""
    owner = Owner(OFFICE, "p-1")
    await ledger.accepted(person("p-1"))
    (event,) = await ledger.events()
    name = Sealed.model_validate(event["data"]["name"])
    await ledger.accepted(action("people.erase-person", {"person": "p-1", "basis": "令"}))
    await _aged(ledger.pool, SHARD)
    erasures = Erasures(ledger.pool, ledger.vault)
    with pytest.raises(Unavailable):
        await erasures.apply()
    await erasures.apply([Ahead(SHARD, 1, owner)], [SHARD])
    assert await ledger.vault.open([name]) == [Failed("erased")]
    assert await ledger.vault.keys([owner])
    await refolder.look()
    await erasures.apply()
    assert not await ledger.vault.keys([owner])
    assert erasures._ahead == [], "the states tell it now"
