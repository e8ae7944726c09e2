"""``recorder audit replay``: the same bytes from either store, filtered, cut and gone on with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from schemas.base import instant
from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.recorder.audit import source
from services.recorder.audit.asking import Place
from services.recorder.audit.replaying.filters import Filter
from services.recorder.audit.replaying.passing import Replay
from services.recorder.cli import cli
from services.recorder.errors import Hole, Unavailable
from services.recorder.kafka import topics
from tests.support.history import SIZE, copied
from tests.support.marked import marked
from tests.support.nursery import Piped
from tests.support.patience import PATIENCE, patient_producer
from tests.support.servers import Servers
from tests.support.service import piped

STORES = ["ledger", "kafka"]
OFFICE = f"{SIZE.prefix}1"
PERSON = f"p-{SIZE.prefix.removeprefix('o-')}1-003"
STREAM = f"person/{PERSON}"
_QUOTED = orjson.dumps(PERSON)
each_store = pytest.mark.parametrize("store", STORES)


async def _bodies(settings: Settings) -> list[bytes]:
    connection = await asyncpg.connect(settings.database_url)
    rows = await connection.fetch("SELECT body FROM ledger.event ORDER BY shard, position")
    await connection.close()
    return [row["body"] for row in rows]


async def _replayed(
    settings: Settings, store: str, wanted: Filter | None = None, after: Place | None = None
) -> list[bytes]:
    written: list[bytes] = []
    async with source.opened(settings, store) as opened:
        await Replay(opened, wanted or Filter(), after).run(written.append, lambda _: None)
    return b"".join(written).splitlines()


@each_store
async def test_every_byte_in_order(history: Settings, store: str) -> None:
    bodies = await _bodies(history)
    assert len(bodies) > 1000
    assert await _replayed(history, store) == bodies


async def test_repeats_on_the_topic_are_dropped(history: Settings, settings: Settings) -> None:
    """A late producer's old records lie between the others: the events come once, in order."""
    bodies = [body for body in await _bodies(history) if b'"office":"%b"' % OFFICE.encode() in body][:50]
    shard = shard_of(OFFICE, history.shards)
    await topics.ensure(settings)
    lying = [*bodies[:30], *bodies[10:20], *bodies[:5], *bodies[30:], *bodies[45:]]
    await _put(settings, shard, lying)
    assert await _replayed(settings, "kafka") == bodies
    assert await _replayed(settings, "kafka", after=Place(shard, 32)) == bodies[33:]


@each_store
@pytest.mark.parametrize(
    ("wanted", "naive"),
    [
        (Filter(office=OFFICE), lambda e: e["office"] == OFFICE),
        (Filter(stream=STREAM), lambda e: e["partitionkey"] == STREAM),
        (Filter(type="chengzhang.work.output-filed.v1"), lambda e: e["type"] == "chengzhang.work.output-filed.v1"),
        (Filter(type="chengzhang.learning.*"), lambda e: e["type"].startswith("chengzhang.learning.")),
        (Filter(person=PERSON), lambda e: e["partitionkey"] == STREAM or _QUOTED in orjson.dumps(e["data"])),
    ],
    ids=["office", "stream", "type", "group", "person"],
)  # fmt: skip
async def test_only_what_is_asked_for(
    history: Settings, store: str, wanted: Filter, naive: Callable[[dict[str, Any]], bool]
) -> None:
    expected = [body for body in await _bodies(history) if naive(orjson.loads(body))]
    assert expected, "the history holds none, so this tests nothing"
    assert await _replayed(history, store, wanted) == expected


@each_store
async def test_bounds_of_time_are_part_of_what_they_bound(history: Settings, store: str) -> None:
    bodies = await _bodies(history)
    events = [orjson.loads(body) for body in bodies]
    times = sorted({instant(event["time"]) for event in events})
    since, until = times[len(times) // 4], times[-len(times) // 4]
    recorded = sorted({instant(event["recordedtime"]) for event in events if since <= instant(event["time"]) <= until})
    as_of = recorded[(len(recorded) - 1) // 2]  # not the last of them
    expected = [
        body
        for body, event in zip(bodies, events, strict=True)
        if since <= instant(event["time"]) <= until and instant(event["recordedtime"]) <= as_of
    ]
    assert expected
    wanted = Filter(happened_from=since, happened_to=until, as_of=as_of)
    assert await _replayed(history, store, wanted) == expected
    later = Filter(happened_from=since, happened_to=until, as_of=datetime.now(UTC))
    assert len(await _replayed(history, store, later)) > len(expected), "the cut by recorded time cuts nothing"
    before = Filter(happened_to=times[0] - timedelta(microseconds=1))
    assert await _replayed(history, store, before) == []


@each_store
async def test_going_on_after_any_place_gives_the_rest(history: Settings, store: str) -> None:
    bodies = await _bodies(history)
    places = [(orjson.loads(body)["shard"], int(orjson.loads(body)["sequence"])) for body in bodies]
    for cut in (0, 7, len(bodies) // 2, len(bodies) - 1):
        assert await _replayed(history, store, after=Place(*places[cut])) == bodies[cut + 1 :]


async def test_the_ledger_is_read_by_ranges_and_outside_a_transaction(
    history: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by what one statement brings, and no snapshot is held."""
    monkeypatch.setattr(source, "ROWS", 100)
    sizes: list[int] = []
    async with source.opened(history, "ledger") as opened:
        assert isinstance(opened, source.LedgerSource)
        for shard in range(opened.shards):
            async for chunk in opened.chunks(shard):
                sizes.append(len(chunk.bodies))
                assert not opened._connection.is_in_transaction()
    assert max(sizes) == 100
    assert sum(sizes) == len(await _bodies(history))


async def test_a_hole_in_the_ledger_is_named(servers: Servers, history: Settings) -> None:
    shard = shard_of(OFFICE, history.shards)
    async with copied(servers, history) as copy:
        connection = await asyncpg.connect(copy.database_url)
        await connection.execute("DELETE FROM ledger.event WHERE shard = $1 AND position = 17", shard)
        await connection.close()
        with pytest.raises(Hole, match=f"ledger has no event at {shard}:17"):
            await _replayed(copy, "ledger")
        assert await _replayed(copy, "kafka") == await _bodies(history)


async def test_a_hole_in_the_topic_is_named(history: Settings, settings: Settings) -> None:
    await topics.ensure(settings)
    shard = shard_of(OFFICE, history.shards)
    bodies = [body for body in await _bodies(history) if orjson.loads(body)["shard"] == shard]
    await _put(settings, shard, [*bodies[:5], *bodies[6:9]])
    with pytest.raises(Hole, match=f"kafka has no event at {shard}:5, and later ones .*offset 5"):
        await _replayed(settings, "kafka")


async def test_no_topic_and_no_ledger_are_told(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="no topic"):
        await _replayed(settings, "kafka")
    with pytest.raises(Unavailable, match="no recorder of this version"):
        await _replayed(settings, "ledger")


async def _put(settings: Settings, shard: int, bodies: list[bytes]) -> None:
    async with patient_producer(settings) as producer:
        for body in bodies:
            headers = marked(settings, "events", shard, body)
            await producer.send_and_wait(settings.topic("events"), body, partition=shard, headers=headers)


# --- the command ---


def _replay(settings: Settings, *arguments: str) -> Piped:
    return piped(settings, "recorder", "audit", "replay", "--lang", "en", *arguments)


async def test_an_interrupted_replay_says_how_to_go_on(history: Settings) -> None:
    """The pipe is full when the signal comes: what was begun is written whole, then it says where it is."""
    with _replay(history) as first:
        begin = first.stdout.readline()
        first.terminate()
        got, said = first.stdout.read(), first.stderr.read()
    assert first.wait(60) == 1
    assert b"Interrupted." in said
    after = said.decode().rpartition("--after ")[2].strip()
    with _replay(history, "--after", after) as second:
        rest = second.stdout.read()
    assert second.wait(60) == 0
    assert (begin + got + rest).splitlines() == await _bodies(history)


def test_on_a_full_disk_it_says_how_to_go_on(history: Settings, tmp_path: Path) -> None:
    """What is there ends with a whole line, and the rest continues it."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    with whole.open("wb") as file:
        assert _into(file, history) == (0, f"{len(whole.read_bytes().splitlines())} events.")
    lines = whole.read_bytes().splitlines(keepends=True)
    most = sum(map(len, lines[:5000])) // 2
    with cut.open("wb") as file:
        code, said = _into(file, history, limit=most)
    assert code == 1
    assert "can't be written (File too large). All before is written; go on with --after" in said
    got = cut.read_bytes()
    assert (got[-1:], 0 < len(got) <= most) == (b"\n", True)
    with cut.open("ab") as file:
        assert _into(file, history, "--after", said.rpartition(" ")[2])[0] == 0
    assert cut.read_bytes() == whole.read_bytes()


def _into(file: IO[bytes], settings: Settings, *arguments: str, limit: int | None = None) -> tuple[int, str]:
    """Replay into a file that can't grow beyond a limit; exit code and the last line on stderr."""
    program = "import resource, sys; from services.recorder.cli import main; "
    if limit is not None:
        program += f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
    line = [sys.executable, "-c", program + "main()", "audit", "replay", "--lang", "en", *arguments]
    environment = os.environ | settings.environment()
    ended = subprocess.run(line, stdout=file, stderr=subprocess.PIPE, env=environment, check=False, timeout=PATIENCE)
    file.flush()
    said = ended.stderr.decode()
    assert "Traceback" not in said
    return ended.returncode, said.splitlines()[-1]


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--office", "o-zzz"], 1, "0 events: there is none at all of o-zzz"),
        (["--person", "p-nobody", "--source", "kafka"], 1, "0 events: there is none at all of p-nobody"),
        (["--stream", "person/p-nobody", "--lang", "zh"], 1, "没有任何 person/p-nobody 的事件"),
        (["--office", OFFICE, "--as-of", "1999-12-31"], 0, "0 events."),
        (["--person", PERSON, "--lang", "zh"], 0, " 条事件。"),
    ],
)
def test_how_many_there_were_is_said_and_what_has_none_at_all(
    history: Settings, asked: list[str], code: int, said: str
) -> None:
    with _replay(history, *asked) as ended:
        out, told = ended.stdout.read(), ended.stderr.read().decode()
    assert (ended.wait(60), said in told) == (code, True), told
    assert (out == b"") == (code == 1 or told.startswith("0 "))


@each_store
@pytest.mark.parametrize(
    ("office", "place"), [([], "99:0"), ([], f"{shard_of(OFFICE, 8)}:999999"), (["--office", OFFICE], "{other}:0")]
)
def test_after_an_event_that_is_not_there_is_a_slip(
    history: Settings, store: str, office: list[str], place: str
) -> None:
    place = place.format(other=(shard_of(OFFICE, history.shards) + 1) % history.shards)
    with _replay(history, "--source", store, "--after", place, *office) as ended:
        assert ended.stdout.read() == b""
        assert f"no event {place}" in " ".join(ended.stderr.read().decode().replace("│", "").split())
    assert ended.wait(60) == 2


def test_a_reader_that_has_had_enough_is_no_trouble(history: Settings) -> None:
    with _replay(history, "--source", "kafka") as ended:
        ended.stdout.readline()
        ended.stdout.close()
        said = ended.stderr.read()
    assert (ended.wait(60), said) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "yesterday"], "neither a day"),
        (["--after", "3"], "shard:position"),
        (["--type", "chengzhang.learning.record-attendance.v1"], "chengzhang.learning.attendance-recorded.v1"),
        (["--person", "王"], "no id"),
        (["--stream", "p-1"], "kind/id"),
        (["--from", "2026-05-01", "--to", "2026-04-30"], "later than"),
    ],
)
def test_what_is_written_wrongly_is_told(arguments: list[str], said: str) -> None:
    ended = CliRunner().invoke(cli, ["audit", "replay", "--lang", "en", *arguments])
    assert ended.exit_code == 2
    assert said in " ".join(ended.output.replace("│", "").split())
