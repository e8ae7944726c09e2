"""``recorder audit verify``: each thing is tampered with in turn; it is found, and named with shard and position."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
import orjson
import psutil
import pytest
from typer.testing import CliRunner

from schemas.trust.canonical import canonical, leaf_hash
from schemas.trust.identity import shard_of
from schemas.trust.mac import sequence
from schemas.trust.merkle import extended
from services.common.settings import Settings
from services.recorder.audit.verifying.plan import Options
from services.recorder.audit.verifying.problems import Kind
from services.recorder.audit.verifying.report import Report, verify
from services.recorder.audit.verifying.running import cores, here
from services.recorder.cli import cli
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Misconfigured
from services.recorder.kafka import topics
from services.recorder.ledger.appending.appender import Appender
from services.recorder.relay.relay import Relay
from services.recorder.trust.note import SigningKey
from tests.faults.topic import read_topic
from tests.support.history import SIZE, administer, copy_of, sign
from tests.support.ledger import bench, section
from tests.support.marked import marked
from tests.support.patience import PATIENCE, patient_producer
from tests.support.servers import Servers
from tests.support.service import command, ran

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
TABLES: Final = ("event", "receipt", "state", "shard", "tile", "checkpoint")
LEDGER: Final = Options(kafka=False, read_models=False)  # what doesn't touch the topics is found without them


@pytest.fixture(scope="module")
def shard(history: Settings) -> int:
    return shard_of(f"{SIZE.prefix}1", history.shards)


@pytest.fixture(scope="module")
def copy(servers: Servers, history: Settings) -> Iterator[Settings]:
    """A copy of the history's database; ``saved`` keeps every table as it was."""
    name, statement = copy_of(history)
    asyncio.run(administer(servers, statement))
    made = history.model_copy(update={"database_url": servers.database_url(name)})
    saved = [f"CREATE TABLE saved.{table} AS TABLE ledger.{table}" for table in TABLES]
    _sql(made, "; ".join(["CREATE SCHEMA saved", *saved]))
    yield made
    asyncio.run(administer(servers, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def ledger(copy: Settings) -> Iterator[Settings]:
    """The copy, to be tampered with; as it was afterwards."""
    yield copy
    restored = [f"TRUNCATE ledger.{table}; INSERT INTO ledger.{table} TABLE saved.{table}" for table in TABLES]
    _sql(copy, "; ".join(restored))


def _with(settings: Settings, work: Callable[[Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        connection = await asyncpg.connect(settings.database_url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def _sql(settings: Settings, statement: str) -> None:
    _with(settings, lambda connection: connection.execute(statement))


def _found(settings: Settings, options: Options = LEDGER) -> list[tuple[str, int | None, int | None]]:
    """Kind, shard and position of every problem."""
    report = verify(settings, options, run=here)
    told = json.loads(orjson.dumps(report.as_json()))
    assert set(told) >= {"ok", "checked", "problems"}
    assert all(set(each) >= {"kind", "shard", "position", "expected", "found"} for each in told["problems"])
    assert told["ok"] == (not told["problems"])
    return [(problem.kind.value, problem.shard, problem.position) for problem in report.problems]


def test_nothing_is_wrong_with_a_history_that_nobody_touched(history: Settings) -> None:
    report = verify(history, Options(read_models=False), run=here)
    assert report.as_json()["problems"] == []
    sizes = _with(history, lambda c: c.fetchrow("SELECT sum(size) AS e, sum(next_receipt) AS r FROM ledger.shard"))
    assert sizes is not None
    expected = {"events": sizes["e"], "receipts": sizes["r"], "topic_events": sizes["e"], "topic_receipts": sizes["r"]}
    assert {name: report.checked[name] for name in expected} == expected
    assert all(report.checked[name] > 0 for name in ("states", "tiles", "checkpoints"))
    assert [each.name for each in report.skipped] == ["read_models"]


# --- events ---


def test_a_byte_in_a_body(ledger: Settings, shard: int) -> None:
    _sql(ledger, f"UPDATE ledger.event SET body = set_byte(body, 12, 33) WHERE shard = {shard} AND position = 17")
    assert _found(ledger) == [("hash", shard, 17)]


def test_a_byte_in_a_body_and_its_hash(ledger: Settings, shard: int) -> None:
    """The tile still has the hash that was signed, so the place is known; the first checkpoint that fails, too."""
    _sql(
        ledger,
        "UPDATE ledger.event SET body = b.body, leaf_hash = sha256('\\x00'::bytea || b.body) FROM "
        f"(SELECT set_byte(body, 12, 33) AS body FROM ledger.event WHERE shard = {shard} AND position = 17) AS b "
        f"WHERE shard = {shard} AND position = 17",
    )
    report = verify(ledger, LEDGER, run=here)
    first, size = _signed(ledger, shard)[0], _size(ledger, shard)
    assert _places(report) == [("tile", shard, 17), *[("checkpoint", shard, first)] * 2, ("peaks", shard, size)]
    failing = [problem.more for problem in report.problems if problem.kind is Kind.CHECKPOINT]
    assert {more["where"]: more["last_good"] for more in failing} == {"ledger": 0, "file": 0}


def test_a_swapped_pair(ledger: Settings, shard: int) -> None:
    """Everything but the positions changes places."""
    _sql(
        ledger,
        f"UPDATE ledger.event SET position = -position WHERE shard = {shard} AND position IN (20, 21); "
        f"UPDATE ledger.event SET position = 41 + position WHERE shard = {shard} AND position < 0",
    )
    found = _found(ledger)
    assert {("event", shard, 20), ("event", shard, 21), ("tile", shard, 20), ("tile", shard, 21)} <= set(found)
    assert ("checkpoint", shard, _signed(ledger, shard)[0]) in found


def test_a_deleted_row(ledger: Settings, shard: int) -> None:
    _sql(ledger, f"DELETE FROM ledger.event WHERE shard = {shard} AND position = 30")
    found = _found(ledger)
    assert ("gap", shard, 30) in found
    assert ("receipt-event", shard, 30) in found
    assert not {kind for kind, _, _ in found} & {"checkpoint", "peaks", "tile"}, "the tile knows what its hash was"


def test_the_newest_row_and_the_size_go_together(ledger: Settings, shard: int) -> None:
    """A tail cut off without a trace in the shard's row: the receipts and what was signed know of it."""
    size = _size(ledger, shard)
    _sql(
        ledger,
        f"DELETE FROM ledger.event WHERE shard = {shard} AND position = {size - 1}; "
        f"UPDATE ledger.shard SET size = {size - 1} WHERE shard = {shard}",
    )
    found = _found(ledger)
    assert ("checkpoint", shard, size) in found
    assert ("receipt-event", shard, size - 1) in found


def test_a_row_behind_the_end(ledger: Settings, shard: int) -> None:
    size = _size(ledger, shard)
    _sql(
        ledger,
        "INSERT INTO ledger.event SELECT shard, size, gen_random_uuid(), stream, version, type, e.recorded_at, body, "
        f"leaf_hash FROM ledger.event e JOIN ledger.shard s USING (shard) WHERE shard = {shard} AND position = 0",
    )
    assert _found(ledger) == [("beyond", shard, size)]


def test_two_rows_at_one_place(ledger: Settings, shard: int) -> None:
    """The unique index is a partition's own: in another year it does not see the first one."""
    _sql(
        ledger,
        "INSERT INTO ledger.event SELECT shard, position, id, stream, version, type, "
        f"recorded_at - interval '5 years', body, leaf_hash FROM ledger.event WHERE shard = {shard} AND position = 5",
    )
    assert ("duplicate", shard, 5) in _found(ledger)


@pytest.mark.parametrize("tiles", [False, True], ids=["", "and tiles"])
def test_a_tail_rewritten_with_its_hashes_and_peaks(ledger: Settings, shard: int, tiles: bool) -> None:
    """Consistent in itself, states and receipts too: only what was signed, and the topic, tell that it was another."""
    begin = _signed(ledger, shard)[0] + 3

    async def rewrite(connection: Connection) -> None:
        rows = await connection.fetch(
            "SELECT position, body, leaf_hash FROM ledger.event WHERE shard = $1 ORDER BY position", shard
        )
        bodies = [row["body"] for row in rows[:begin]]
        bodies += [canonical(orjson.loads(row["body"]) | {"actor": "p-other"}) for row in rows[begin:]]
        leaves = [leaf_hash(body) for body in bodies]
        changed = [(body, leaf, shard, place) for place, (body, leaf) in enumerate(zip(bodies, leaves, strict=True))]
        await connection.executemany(
            "UPDATE ledger.event SET body = $1, leaf_hash = $2 WHERE shard = $3 AND position = $4", changed[begin:]
        )
        await connection.execute("UPDATE ledger.shard SET peaks = $1 WHERE shard = $2", extended(b"", 0, leaves), shard)
        if tiles:
            await connection.execute("DELETE FROM ledger.tile WHERE shard = $1", shard)
            await connection.execute(
                "INSERT INTO ledger.tile SELECT shard, 0, position / 256, string_agg(leaf_hash, '' ORDER BY position) "
                "FROM ledger.event WHERE shard = $1 GROUP BY shard, position / 256", shard,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO ledger.tile SELECT shard, level, number, hashes FROM saved.tile WHERE shard = $1 AND "
                "level > 0", shard,
            )  # fmt: skip

    _with(ledger, rewrite)
    report = verify(ledger, LEDGER, run=here)
    failing = [problem for problem in report.problems if problem.kind is Kind.CHECKPOINT]
    assert [(each.shard, each.position) for each in failing] == [(shard, _signed(ledger, shard)[1])] * 2
    assert {each.more["last_good"] for each in failing} == {_signed(ledger, shard)[0]}
    if not tiles:
        assert min(each.position or 0 for each in report.problems if each.kind is Kind.TILE) == begin
    named = Options(shards=[shard], read_models=False)
    first = next(each for each in verify(ledger, named, run=here).problems if each.kind is Kind.TOPIC_RECORD)
    assert (first.shard, first.position) == (shard, begin)
    by_office = verify(ledger, Options(offices=[f"{SIZE.prefix}1"], read_models=False), run=here)
    assert by_office.problems == verify(ledger, named, run=here).problems


def test_columns_versions_and_time(ledger: Settings, shard: int) -> None:
    _sql(
        ledger,
        f"UPDATE ledger.event SET stream = 'person/nobody' WHERE shard = {shard} AND position = 8; "
        f"UPDATE ledger.event SET recorded_at = recorded_at + interval '1 hour' WHERE shard = {shard} AND position = 9",
    )
    assert _found(ledger) == [("event", shard, 8), ("event", shard, 9)]


# --- states and receipts ---


def test_a_state(ledger: Settings, shard: int) -> None:
    where = f"shard = {shard} AND kind = 'person' AND key = 'o-h1/p-h1-003'"
    _sql(ledger, f"UPDATE ledger.state SET version = version + 1 WHERE {where}")
    [problem] = verify(ledger, LEDGER, run=here).problems
    assert (problem.kind, problem.shard, problem.more["state"]) == (Kind.STATE, shard, "person o-h1/p-h1-003")
    body = _with(ledger, lambda c: c.fetchval(
        "SELECT body FROM ledger.event WHERE shard = $1 AND position = $2", shard, problem.position
    ))  # fmt: skip
    assert b'"p-h1-003"' in body, "the position is that of an event that touches the state"


def test_a_state_that_is_missing_and_one_that_nobody_made(ledger: Settings, shard: int) -> None:
    _sql(
        ledger,
        f"DELETE FROM ledger.state WHERE shard = {shard} AND kind = 'person' AND key = 'o-h1/p-h1-003'; "
        f"INSERT INTO ledger.state VALUES ({shard}, 'person', 'o-h1/p-x', {FOLD_VERSION}, 0, '{{}}')",
    )
    problems = verify(ledger, LEDGER, run=here).problems
    assert [(each.kind, each.more["state"], each.expected is None, each.found is None) for each in problems] == [
        (Kind.STATE, "person o-h1/p-x", True, False),
        (Kind.STATE, "person o-h1/p-h1-003", False, True),
    ]


def test_a_receipt(ledger: Settings, shard: int) -> None:
    """What it says of its event, whose it is, and that it is there at all."""
    said = "convert_to(replace(convert_from(receipt, 'UTF8'), '\"version\":1', '\"version\":7'), 'UTF8')"
    numbers = _accepted(ledger, shard)
    first, second, third = numbers[3], numbers[5], numbers[8]
    _sql(
        ledger,
        f"UPDATE ledger.receipt SET receipt = {said} WHERE shard = {shard} AND number = {first['number']}; "
        f"UPDATE ledger.receipt SET digest = sha256('x') WHERE shard = {shard} AND number = {second['number']}; "
        f"DELETE FROM ledger.receipt WHERE shard = {shard} AND number = {third['number']}",
    )
    assert sorted(_found(ledger)) == sorted(
        [
            ("receipt-event", shard, first["position"]),
            ("receipt", shard, second["number"]),
            ("receipt-gap", shard, third["number"]),
            ("unreceipted", shard, third["position"]),
        ]
    )


def test_a_receipt_that_claims_anothers_event(ledger: Settings, shard: int) -> None:
    mine, other = _accepted(ledger, shard)[3], _accepted(ledger, shard)[1]

    async def claim(connection: Connection) -> None:
        where = "WHERE shard = $1 AND number = $2"
        receipt = json.loads(
            await connection.fetchval(f"SELECT receipt FROM ledger.receipt {where}", shard, mine["number"])
        )
        receipt["events"][0]["position"] = other["position"]
        receipt["at_least"] = f"{shard}:{other['position']}"
        statement = f"UPDATE ledger.receipt SET receipt = $3 {where}"
        await connection.execute(statement, shard, mine["number"], canonical(receipt))

    _with(ledger, claim)
    expected = [("receipt-event", shard, other["position"]), ("unreceipted", shard, mine["position"])]
    assert sorted(_found(ledger)) == sorted(expected)


# --- what was signed ---


def test_peaks_and_tiles(ledger: Settings, shard: int) -> None:
    size = _size(ledger, shard)
    _sql(
        ledger,
        f"UPDATE ledger.shard SET peaks = set_byte(peaks, 0, get_byte(peaks, 0) # 1) WHERE shard = {shard}; "
        f"UPDATE ledger.tile SET hashes = set_byte(hashes, 330, get_byte(hashes, 330) # 1) "
        f"WHERE shard = {shard} AND level = 0 AND number = 1; "
        f"DELETE FROM ledger.tile WHERE shard = {shard} AND level = 1",
    )
    found = _found(ledger)
    assert sorted(found) == sorted([("peaks", shard, size), ("tile", shard, 266), ("tile", shard, 0)])


def test_a_checkpoint_that_was_changed(ledger: Settings, shard: int) -> None:
    sizes = _signed(ledger, shard)
    _sql(
        ledger,
        f"UPDATE ledger.checkpoint SET note = set_byte(note, 2, 65) WHERE shard = {shard} AND size = {sizes[0]}; "
        f"UPDATE ledger.checkpoint SET root = sha256('x') WHERE shard = {shard} AND size = {sizes[1]}",
    )
    assert _found(ledger) == [("signature", shard, sizes[0]), ("signature", shard, sizes[1])]


def test_that_no_checkpoint_is_left_is_told(ledger: Settings, shard: int, tmp_path: Path) -> None:
    gone = ledger.model_copy(update={"checkpoints_file": tmp_path / "none"})
    _sql(gone, "TRUNCATE ledger.checkpoint")
    report = verify(gone, replace(LEDGER, shards=[shard]), run=here)
    assert report.ok
    assert "nothing binds" in report.as_json()["skipped"][f"checkpoints of shard {shard}"]


def test_checkpoints_that_an_auditor_kept(ledger: Settings, shard: int, tmp_path: Path) -> None:
    """The installation's own file is gone, its ledger rewritten: the auditor's file still tells."""
    kept = tmp_path / "mine"
    kept.write_bytes(ledger.checkpoints_file.read_bytes())
    gone = ledger.model_copy(update={"checkpoints_file": tmp_path / "none"})
    _sql(gone, "TRUNCATE ledger.checkpoint, ledger.tile")
    _sql(gone, f"UPDATE ledger.event SET leaf_hash = sha256(body) WHERE shard = {shard} AND position = 0")
    options = replace(LEDGER, files=[kept])
    problems = verify(gone, options, run=here).problems
    assert [each.more["where"] for each in problems if each.kind is Kind.CHECKPOINT] == [str(kept)]
    one = _with(gone, lambda c: c.fetchval("SELECT note FROM saved.checkpoint WHERE shard = $1 LIMIT 1", shard))
    kept.write_bytes(one)  # as `recorder audit checkpoint` prints it
    problems = verify(gone, options, run=here).problems
    assert [each.more["failing"] for each in problems if each.kind is Kind.CHECKPOINT] == [1]
    with pytest.raises(Misconfigured, match="no such file"):
        verify(gone, replace(LEDGER, files=[tmp_path / "other"]), run=here)


def test_a_file_that_an_auditor_names_speaks_of_this_ledger(history: Settings, shard: int, tmp_path: Path) -> None:
    """Whoever made a whole new history made a new installation, too: the old checkpoints must not be passed over."""
    mine, options = tmp_path / "mine", replace(LEDGER, shards=[shard], files=[tmp_path / "mine"])
    note = _with(history, lambda c: c.fetchval("SELECT note FROM ledger.checkpoint WHERE shard = $1 LIMIT 1", shard))
    mine.write_bytes(note)
    assert verify(history, options, run=here).ok
    for changed, found in (
        (b"0" * 8 + note[8:], [("signature", None)]),  # of another installation
        (note[: len(note) - 9] + b"\n", [("signature", shard)]),  # half of it
    ):
        mine.write_bytes(changed)
        problems = verify(history, options, run=here).problems
        assert [(each.kind.value, each.shard) for each in problems] == found
        assert {each.more["where"] for each in problems} == {str(mine)}
    mine.write_bytes(b'{"no":"checkpoint"}\n')
    with pytest.raises(Misconfigured, match="no checkpoint in it"):
        verify(history, options, run=here)


def test_only_trusted_keys_are_believed(history: Settings) -> None:
    stranger = SigningKey.generate("stranger").verifier
    report = verify(history, replace(LEDGER, keys=[stranger]), run=here)
    assert {problem.kind for problem in report.problems} == {Kind.SIGNATURE}
    assert len(report.problems) == 2 * len(_with(history, lambda c: c.fetch("SELECT FROM ledger.checkpoint")))


def test_the_kinds_that_the_guide_lists_are_all_there_are() -> None:
    """A closed list: who reads the report can rely on it."""
    guide = (Path(__file__).parents[2] / "docs/how-to/audit.md").read_text(encoding="utf-8")
    table = guide.partition("| kind | what is wrong | position |")[2].partition("\n\n")[0]
    listed = [kind for line in table.splitlines()[2:] for kind in re.findall(r"`([a-z-]+)`", line.split("|")[1])]
    assert sorted(listed) == sorted(kind.value for kind in Kind)


# --- the topics ---


def test_the_topics(history: Settings, topic_prefix: str, shard: int) -> None:
    """Of each topic: a byte, a hole, a foreign record, one that the ledger lacks; a repeat and a lag are normal."""
    other = history.model_copy(update={"topic_prefix": topic_prefix})
    options = Options(shards=[shard], read_models=False)

    async def prepare() -> tuple[int, int]:
        await topics.ensure(other)
        connection = await asyncpg.connect(history.database_url)
        events = await connection.fetch(
            "SELECT stream AS key, body FROM ledger.event WHERE shard = $1 ORDER BY position LIMIT 40", shard
        )
        await connection.close()
        lying = [(row["key"].encode(), row["body"]) for row in events]
        lying[7] = (lying[7][0], lying[7][1].replace(b'"actor":"', b'"actor":"x'))
        lying[8] = (b"person/other", lying[8][1])
        lying[20:22] = []
        lying[30:30] = [lying[2], (b"", b"{}")]
        ahead = lying[-1][1].replace(b'"sequence":"000000000', b'"sequence":"000000009')
        await _put(other, "events", shard, [*lying, (lying[-1][0], ahead)])
        return len(events), len(lying)

    events, _ = asyncio.run(prepare())
    report = verify(other, options, run=here)
    told = [p for p in report.problems if p.more.get("topic") == "events" and p.kind != Kind.TOPIC_FOREIGN]
    on_events = [(p.kind, p.shard, p.position) for p in told]
    assert on_events[:3] == [
        (Kind.TOPIC_RECORD, shard, 7), (Kind.TOPIC_RECORD, shard, 8), (Kind.TOPIC_GAP, shard, 20),
    ]  # fmt: skip
    key = next(p for p in report.problems if p.position == 8)
    assert (set(key.expected), key.found) == ({"key"}, {"key": "person/other"})  # for the bytes are right
    assert on_events[3][:2] == (Kind.TOPIC_AHEAD, shard)
    (stranger,) = [p for p in report.problems if p.kind == Kind.TOPIC_FOREIGN]
    assert (stranger.shard, stranger.position, stranger.found) == (shard, None, "no-mac: 2 bytes")
    assert len(on_events) == 4
    assert report.checked["lag_events"] == _size(history, shard) - events


def test_receipts_on_the_topic(history: Settings, topic_prefix: str, shard: int) -> None:
    other = history.model_copy(update={"topic_prefix": topic_prefix})

    async def prepare() -> None:
        await topics.ensure(other)
        read = await read_topic(history, history.topic("receipts"), history.shards)
        records = [(record.key, record.value) for record in read[shard]]
        records[3] = (records[3][0], records[3][1].replace(b'"outcome":"accepted"', b'"outcome":"rejected"'))
        records[5] = (records[5][0], records[5][1].replace(b'"bodydigest":"', b'"bodydigest":"0'))
        await _put(other, "receipts", shard, [*records[:9], *records[10:12]])

    asyncio.run(prepare())
    report = verify(other, Options(shards=[shard], read_models=False), run=here)
    assert [(p.kind, p.position) for p in report.problems if p.more.get("topic") == "receipts"] == [
        (Kind.TOPIC_RECORD, 3), (Kind.TOPIC_RECORD, 5), (Kind.TOPIC_GAP, 9),
    ]  # fmt: skip


def test_a_topic_that_is_gone(history: Settings, topic_prefix: str) -> None:
    other = history.model_copy(update={"topic_prefix": topic_prefix})
    report = verify(other, Options(read_models=False), run=here)
    assert [problem.kind for problem in report.problems] == [Kind.TOPIC_MISSING] * 2 * history.shards
    assert "published" in {each.name for each in report.skipped}, "nor is there one of checkpoints"


async def _put(settings: Settings, name: str, shard: int, records: list[tuple[bytes, bytes]]) -> None:
    """As a recorder of ours would, wrong or not; what says no position as somebody else."""
    async with patient_producer(settings) as producer:
        for key, value in records:
            at = sequence(value) if name == "events" else orjson.loads(value)["data"]["number"]
            headers = [] if at is None else marked(settings, name, shard, value, at)
            await producer.send_and_wait(settings.topic(name), value, key=key, partition=shard, headers=headers)


# --- beside a recorder, and beside a projector ---


async def test_beside_a_recorder_that_goes_on_writing(settings: Settings) -> None:
    """What is committed, signed and published meanwhile is neither missing nor too much."""
    async with bench(settings.database_url, settings.shards) as ledger:
        await topics.ensure(settings)
        relay = Relay(ledger.pool, ledger.ledger, settings, {})
        appender = Appender(ledger.pool, ledger.ledger, relay, {})
        await relay.start()
        working = asyncio.create_task(asyncio.to_thread(_verified, settings, 3))
        try:
            while not working.done():
                await ledger.receipts([section() for _ in range(20)], appender)
                await sign(ledger, settings)
        finally:
            await appender.stop()
            await relay.stop()
    reports = await working
    assert [each for report in reports for each in report.as_json()["problems"]] == []
    assert reports[-1].checked["events"] > reports[0].checked["events"]


def _verified(settings: Settings, times: int) -> list[Report]:
    return [verify(settings, Options(read_models=False), run=here) for _ in range(times)]


@pytest.mark.parametrize(
    ("script", "skipped"),
    [
        ("echo '%s'; exit 1", None),
        ("echo no such command >&2; exit 2", "the command projector here has no verify: install"),
        ("echo not running >&2; exit 3", "projector verify ended with 3 (not running): run this again"),
    ],
)
def test_what_the_projector_says_of_its_read_models(
    history: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, skipped: str | None
) -> None:
    told = {"kind": "read-model", "shard": 3, "position": 17, "expected": 1, "found": 2, "model": "growth_entry"}
    said = json.dumps({"ok": False, "checked": {"rows": 9}, "problems": [told]})
    (tmp_path / "projector").write_text(f"#!/bin/sh\n{script.replace('%s', said)}\n")
    (tmp_path / "projector").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    report = verify(history, Options(kafka=False), run=here).as_json()
    assert report["problems"] == ([] if skipped else [told])
    assert report["checked"].get("read_models") == (None if skipped else {"rows": 9})
    assert report["skipped"].get("read_models", "").startswith(skipped or "")
    assert ("read_models" in report["skipped"]) == bool(skipped)


# --- an archive ---


def test_years_that_left_the_ledger(servers: Servers, aged: Settings, tmp_path: Path) -> None:
    """By the hashes that stayed; with the archive's folder by their bytes, and all that rests on them."""
    name, statement = copy_of(aged)
    asyncio.run(administer(servers, statement))
    left = aged.model_copy(update={"database_url": servers.database_url(name)})
    try:
        before = verify(left, LEDGER, run=here)
        _archived(left, tmp_path)
        without = verify(left, Options(read_models=False), run=here)
        assert without.as_json()["problems"] == []
        assert without.checked["archived"] > 0
        assert any("--source FOLDER" in each.why.en for each in without.skipped)
        options = Options(read_models=False, archives=[tmp_path])
        whole = verify(left, options, run=here)
        assert whole.as_json()["problems"] == []
        counted = ("events", "receipts", "states")
        assert [whole.checked[name] for name in counted] == [before.checked[name] for name in counted]
        _sql(left, "UPDATE ledger.state SET version = version + 1 WHERE kind = 'session'")
        problems = verify(left, replace(options, kafka=False), run=here).problems
        assert {problem.kind for problem in problems} == {Kind.STATE}
        assert all(problem.position is not None for problem in problems)
        file = next(tmp_path.glob("*/2023/*.gz"))
        file.write_bytes(file.read_bytes()[:-9])
        problems = verify(left, replace(options, kafka=False), run=here).problems
        assert (Kind.ARCHIVE, int(file.parents[1].name)) in {(problem.kind, problem.shard) for problem in problems}
    finally:
        asyncio.run(administer(servers, f"DROP DATABASE {name} WITH (FORCE)"))


def _archived(settings: Settings, folder: Path) -> None:
    arguments = ["archive", "--before", "2025", "--out", str(folder), "--yes", "--json"]
    done = CliRunner(env=settings.environment()).invoke(cli, arguments)
    assert done.exit_code == 0, done.output


# --- the command ---


def test_the_command_uses_all_cores_and_says_what_is_wrong(ledger: Settings, shard: int) -> None:
    _sql(ledger, f"DELETE FROM ledger.event WHERE shard = {shard} AND position = 30")
    with command(ledger, "recorder", "audit", "verify", "--json", "--without-read-models") as process:
        out, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (1, b"")
    report = json.loads(out)
    assert report["ok"] is False
    gap = next(problem for problem in report["problems"] if problem["kind"] == "gap")
    assert (gap["shard"], gap["position"], gap["found"]) == (shard, 30, None)


def test_what_the_databases_user_may_not_read_is_said(history: Settings) -> None:
    """The role ``auditor`` reads events and receipts, and not the states."""
    narrow = history.model_copy(update={"database_url": f"{history.database_url}?role=auditor"})
    for line in (
        ["audit", "verify", "--without-kafka", "--without-read-models"],
        ["audit", "bundle", "--person", "p-1", "--year", "2026", "--out", str(history.home / "p.zip")],
        ["recover"],
        ["status"],
    ):
        ended = ran(narrow, "recorder", *line, "--lang", "zh")
        said = ended.stderr
        assert (ended.returncode, said.count("无权".encode()), said.count(b"Traceback")) == (1, 1, 0), said


def test_whoever_kills_it_ends_its_processes(history: Settings) -> None:
    with command(history, "recorder", "audit", "verify", "--without-read-models") as process:
        mine, deadline = psutil.Process(process.pid), time.monotonic() + PATIENCE
        started: list[psutil.Process] = []
        # One that watches its parent has a thread for it; one that is still starting would tell Python's own story.
        while sum(child.num_threads() > 1 for child in started) < cores():
            assert time.monotonic() < deadline
            time.sleep(0.05)
            started = mine.children(recursive=True)
        process.kill()
        _, said = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in said
    _, alive = psutil.wait_procs(started, timeout=PATIENCE)
    assert alive == []


def _places(report: Report) -> list[tuple[str, int | None, int | None]]:
    return [(problem.kind.value, problem.shard, problem.position) for problem in report.problems]


def _size(settings: Settings, shard: int) -> int:
    size: int = _with(settings, lambda c: c.fetchval("SELECT size FROM ledger.shard WHERE shard = $1", shard))
    return size


def _signed(settings: Settings, shard: int) -> list[int]:
    """The sizes that were signed."""
    query = "SELECT size FROM saved.checkpoint WHERE shard = $1 ORDER BY size"
    return [row["size"] for row in _with(settings, lambda c: c.fetch(query, shard))]


def _accepted(settings: Settings, shard: int) -> list[dict[str, Any]]:
    """Receipts of one event, whose stream's first it is: number and position."""
    rows = _with(settings, lambda c: c.fetch(
        "SELECT receipt FROM ledger.receipt WHERE shard = $1 ORDER BY number LIMIT 300", shard
    ))  # fmt: skip
    receipts = [json.loads(row["receipt"]) for row in rows]
    return [
        {"number": receipt["number"], "position": receipt["events"][0]["position"]}
        for receipt in receipts
        if len(receipt["events"]) == 1 and receipt["events"][0]["version"] == 1
    ]
