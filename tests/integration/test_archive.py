"""``recorder archive``: two old years leave the ledger and are read, proved, taken back from there; nothing is lost."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
import orjson
import pytest
from typer.testing import CliRunner

from deploy.local.sample import year
from schemas.trust import merkle
from services.common.settings import Settings
from services.common.telling.showing import Advance
from services.recorder.archive import leaving
from services.recorder.archive.folder import Folder
from services.recorder.audit.replaying.filters import Filter
from services.recorder.audit.replaying.passing import Replay
from services.recorder.audit.source import opened
from services.recorder.audit.verifying.plan import Options
from services.recorder.audit.verifying.report import Report, verify
from services.recorder.audit.verifying.running import Done, Job, here
from services.recorder.cli import cli
from services.recorder.errors import NotArchived, Unsettled
from services.recorder.kafka import topics
from services.recorder.ledger import database
from services.recorder.recovery.refilling.recover import recover
from services.recorder.trust import history
from services.recorder.trust.checkpoint import verified
from services.recorder.trust.keys import Keys
from tests.support.aged import OLD
from tests.support.history import copied, publish
from tests.support.ledger import Bench, Json, action, bench
from tests.support.marked import marked
from tests.support.patience import patient_producer
from tests.support.servers import Servers

STAYING = ("shard", "receipt", "state", "installation")
NOW = datetime.now(UTC).year


@pytest.fixture
async def old(servers: Servers, aged: Settings) -> AsyncIterator[Settings]:
    """A ledger of three years, to be changed."""
    async with copied(servers, aged) as settings:
        yield settings


async def _rows(settings: Settings, statement: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


async def _table(settings: Settings, name: str) -> list[asyncpg.Record]:
    return await _rows(settings, f"SELECT t.* FROM ledger.{name} AS t ORDER BY t::text")


async def _bodies(settings: Settings) -> list[bytes]:
    return [row["body"] for row in await _rows(settings, "SELECT body FROM ledger.event ORDER BY shard, position")]


async def _run(settings: Settings, *arguments: str, expected: int = 0) -> tuple[str, str]:
    """What the command says, on stdout and stderr."""
    done = await asyncio.to_thread(CliRunner(env=settings.environment()).invoke, cli, arguments)
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert done.exit_code == expected, done.output
    return done.stdout, done.stderr


async def _archive(settings: Settings, folder: Path, *more: str, expected: int = 0) -> Json:
    out, err = await _run(
        settings, "archive", "--before", "2025", "--out", str(folder), "--yes", "--json", *more, expected=expected
    )
    return dict(json.loads(out)) if out else {"said": err}


async def _replayed(settings: Settings, *names: str) -> list[bytes]:
    written: list[bytes] = []
    async with opened(settings, *names) as source:
        await Replay(source, Filter()).run(written.append, lambda _: None)
    return b"".join(written).splitlines()


def _root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(leaves[:k]) + _root(leaves[k:])).digest()


# --- leaving ---


async def test_old_years_leave_whole_and_all_else_stays(old: Settings, tmp_path: Path) -> None:
    before = await _table(old, "event")
    bodies = await _bodies(old)
    staying = {name: await _table(old, name) for name in STAYING}
    assert _years(before) == {2023, 2024, NOW}
    done = await _archive(old, tmp_path)
    assert [year["year"] for year in done["years"]] == [2023, 2024]
    left = await _table(old, "event")
    assert _years(left) == {NOW}
    assert len(left) + sum(year["events"] for year in done["years"]) == len(before)
    assert {name: await _table(old, name) for name in STAYING} == staying
    _assert_readable_with_standard_tools(tmp_path, [row for row in before if row["recorded_at"].year < 2025])
    _assert_proved(tmp_path, old, bodies)
    assert await _replayed(old, str(tmp_path)) == bodies == await _replayed(old, "kafka")
    assert (await _archive(old, tmp_path))["years"] == [], "there is nothing left to do"


def _years(rows: list[asyncpg.Record]) -> set[int]:
    return {row["recorded_at"].year for row in rows}


def _assert_readable_with_standard_tools(folder: Path, rows: list[asyncpg.Record]) -> None:
    """As README.txt says."""
    packed = sorted(folder.glob("*/*/events-*.jsonl.gz"))
    lines = subprocess.run(["gzip", "-dc", *packed], capture_output=True, check=True).stdout.splitlines()
    assert lines == [row["body"] for row in sorted(rows, key=lambda row: (row["shard"], row["position"]))]
    for manifest in _manifests(folder):
        at = folder / str(manifest["shard"]) / str(manifest["year"])
        for file in manifest["files"]:
            content = (at / file["file"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
            years = {orjson.loads(line)["recordedtime"][:4] for line in gzip.decompress(content).splitlines()}
            assert years == {str(manifest["year"])}
    assert "zcat" in (folder / "README.txt").read_text()


def _manifests(folder: Path) -> list[Json]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*/*/manifest.json"))]


def _assert_proved(folder: Path, settings: Settings, bodies: list[bytes]) -> None:
    """From the events by the manifest to what was signed."""
    keys = Keys.load(settings.checkpoint_keys_file).verifiers
    leaves: dict[int, list[bytes]] = {}
    for body in bodies:
        leaves.setdefault(orjson.loads(body)["shard"], []).append(hashlib.sha256(b"\x00" + body).digest())
    for manifest in _manifests(folder):
        shard, end = manifest["shard"], manifest["last"] + 1
        root, *proof = (base64.b64decode(text) for text in (manifest["root"], *manifest["consistency"]))
        assert root == _root(leaves[shard][:end])
        peaks = b"".join(map(base64.b64decode, manifest["peaks"]))
        own = leaves[shard][manifest["first"] : end]
        assert merkle.root_of(merkle.extended(peaks, manifest["first"], own)) == root
        note = (folder / str(shard) / str(manifest["year"]) / "checkpoint").read_bytes()
        checkpoint = verified(note, keys)
        assert (checkpoint.origin, checkpoint.size) == (f"{manifest['ledger']}/{shard}", manifest["checkpoint_size"])
        assert merkle.verify_consistency(end, root, checkpoint.size, checkpoint.root, proof)


async def test_an_archived_event_is_proved_from_its_file(old: Settings, tmp_path: Path) -> None:
    folder, out = tmp_path / "archive", tmp_path / "proofs"
    event = (await _table(old, "event"))[100]
    await _archive(old, folder)
    asked = ("audit", "prove", "--event", str(event["id"]), "--out", str(out))
    _, said = await _run(old, *asked, expected=1)
    assert f"{event['shard']}/{event['recorded_at'].year}/events-" in said
    await _run(old, *asked, "--source", str(folder))
    assert (out / f"{event['id']}.json").read_bytes() == event["body"]
    lines = (out / f"{event['id']}.tlog-proof").read_text().split("\n\n", 1)[0].split("\n")
    note = (out / f"{event['id']}.tlog-proof").read_bytes().split(b"\n\n", 1)[1]
    signed = verified(note, Keys.load(old.checkpoint_keys_file).verifiers)
    hashes = [base64.b64decode(line) for line in lines[2:]]
    assert lines[1] == f"index {event['position']}"
    assert merkle.verify_inclusion(event["leaf_hash"], event["position"], signed.size, hashes, signed.root)


async def test_a_year_in_many_files(old: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "A_FILE", 100)
    bodies = await _bodies(old)
    pool = await database.connect(old.database_url)
    async with pool.acquire() as connection:
        row = await database.QUERIES.installation(connection)
    leaves = leaving.Leaving(pool, database.Ledger(row["ledger"], row["shards"]), old, Folder(tmp_path))
    plan = await leaves.plan(2025)
    await leaves.check(plan)
    await leaves.leave(plan, lambda _: None)
    pool.terminate()
    assert sum(len(manifest["files"]) for manifest in _manifests(tmp_path)) > 10
    assert await _replayed(old, str(tmp_path)) == bodies
    async with opened(old, str(tmp_path)) as source:
        for shard in range(source.shards):
            whole = [body for body in bodies if orjson.loads(body)["shard"] == shard]
            for first in (0, 99, 100, 101, 250, max(len(whole) - 1, 0)):
                found = [body async for chunk in source.chunks(shard, first) for body in chunk.bodies]
                assert found == whole[first:]


# --- what is known of it afterwards ---


async def test_archived_actions_are_still_known_and_what_was_archived_can_be_brought_back(
    old: Settings, tmp_path: Path
) -> None:
    before = await _table(old, "event")
    gone = {orjson.loads(row["body"])["data"]["event"] for row in before if row["type"].endswith("entry-revoked.v1")}
    filed = next(
        row
        for row in before
        if row["type"].endswith("output-filed.v1") and row["recorded_at"].year == 2024 and str(row["id"]) not in gone
    )
    office = orjson.loads(filed["body"])["office"]
    await _archive(old, tmp_path)
    async with bench(old.database_url, old.shards) as ledger:
        revoke = action("any.revoke-entry", {"event": str(filed["id"]), "reason": "mistake"}, office)
        assert [one["code"] for one in await ledger.receipts([revoke])] == ["archived"]
        await _assert_repeats_are_known(ledger)
        events = await ledger.rows("SELECT count(*) AS n FROM ledger.event")
    await _run(old, "archive", "--bring-back", str(tmp_path))
    assert await _table(old, "event") == before
    assert await _table(old, "archived") == await _table(old, "archived_event") == []
    async with bench(old.database_url, old.shards) as ledger:
        (revoked,) = await ledger.receipts([revoke])
        assert revoked["code"] is None
        assert len(await ledger.rows("SELECT FROM ledger.event")) == len(before) + 1
    assert events[0]["n"] < len(before)
    assert (await _archive(old, tmp_path))["ok"], "what is in the folder is taken again"
    assert len(await _replayed(old, str(tmp_path))) == len(before) + 1


async def test_a_lost_topic_is_filled_once_the_years_are_back(old: Settings, topic_prefix: str, tmp_path: Path) -> None:
    bodies = await _bodies(old)
    await _archive(old, tmp_path)
    lost = old.model_copy(update={"topic_prefix": topic_prefix})
    await topics.ensure(lost)
    async with bench(lost.database_url, lost.shards) as ledger:
        reasons = await history.check_all(ledger.pool, ledger.ledger, lost)
        closed = {row["shard"] for row in await _table(old, "archived")}
        assert {shard for shard, reason in reasons.items() if "which was archived" in str(reason)} == closed != set()
        await _run(lost, "archive", "--bring-back", str(tmp_path))
        await ledger.rows("UPDATE ledger.relay SET events = 0, receipts = 0")
        await publish(ledger, lost)
    assert await _replayed(lost, "kafka") == bodies


async def test_histories_that_part_behind_archived_years_are_told_apart_there(
    old: Settings, topic_prefix: str, tmp_path: Path
) -> None:
    rows = await _rows(old, "SELECT shard, stream, body FROM ledger.event ORDER BY shard, position")
    await _archive(old, tmp_path)
    other = old.model_copy(update={"topic_prefix": topic_prefix})
    await topics.ensure(other)
    shard = orjson.loads((await _bodies(old))[0])["shard"]
    last = len([row for row in rows if row["shard"] == shard]) - 1
    async with patient_producer(other) as producer:
        for index, row in enumerate(row for row in rows if row["shard"] == shard):
            body = row["body"].replace(b'"actor":"', b'"actor":"x') if index == last else row["body"]
            headers = marked(other, "events", shard, body)
            await producer.send(other.topic("events"), body, row["stream"].encode(), shard, headers=headers)
    report = await recover(other, [shard], lambda *_: None, lambda _: None)
    assert f"up to {shard}:{last}" in next(remark.en for remark in report.remarks if remark.kind == "fork")


async def _assert_repeats_are_known(ledger: Bench) -> None:
    for size in OLD:
        actions = list(year.actions(size))[:50]
        known = await ledger.receipts(actions)
        assert {one["recorded_at"][:4] for one in known if one["final"]} == {str(size.year)}


# --- tampering ---


async def test_tampering_with_an_archive_is_found(old: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    await _archive(old, folder)
    for number, (change, kinds) in enumerate(TAMPERING.items()):
        tampered = tmp_path / str(number)
        shutil.copytree(folder, tampered)
        file = change(tampered)
        assert await _problems(old, tampered) == {"archive", *kinds}, change.__name__
        with pytest.raises(NotArchived) as found:
            await _replayed(old, str(tampered))
        assert str(file) in str(found.value), change.__name__
        _, said = await _run(old, "archive", "--bring-back", str(tampered), expected=1)
        assert str(file) in said


async def _verified(settings: Settings, *folders: Path, kafka: bool = True) -> Report:
    options = Options(kafka=kafka, read_models=False, archives=folders)
    return await asyncio.to_thread(partial(verify, settings, options, run=here))


async def _problems(settings: Settings, folder: Path) -> set[str]:
    report = await _verified(settings, folder, kafka=False)
    return {problem.kind.value for problem in report.problems} & {"archive", "hash", "gap"}


async def test_what_left_is_verified_from_its_files(old: Settings, tmp_path: Path) -> None:
    count = len(await _table(old, "event"))
    before = await _verified(old)
    left = sum(year["events"] for year in (await _archive(old, tmp_path))["years"])
    for folders, archived, contents in ((), left, 1), ((tmp_path,), 0, 0):
        report = await _verified(old, *folders)
        assert report.problems == []
        assert (report.checked["events"], report.checked.get("archived", 0)) == (count, archived)
        assert len([each for each in report.skipped if each.name == "contents"]) >= contents
    for name in ("events", "receipts", "states", "topic_events", "topic_receipts"):
        assert report.checked[name] == before.checked[name], "the archive stands for what left"
    tampered = _rewritten(tmp_path)
    manifest = json.loads((tampered.parent / "manifest.json").read_bytes())
    lines = gzip.decompress(tampered.read_bytes()).splitlines()
    (changed,) = [at for at, line in enumerate(lines) if b'"absence"' in line]
    problems = [(one.kind.value, one.shard, one.position) for one in (await _verified(old, tmp_path)).problems]
    assert ("archive", manifest["shard"], manifest["first"]) in problems
    assert ("hash", manifest["shard"], manifest["first"] + changed) in problems


async def test_years_in_several_archives_are_read_as_one_history(old: Settings, tmp_path: Path) -> None:
    bodies, events = await _bodies(old), await _table(old, "event")
    one, other = tmp_path / "one", tmp_path / "other"
    await _run(old, "archive", "--before", "2024", "--out", str(one), "--yes")
    await _archive(old, other)
    assert {manifest["year"] for manifest in _manifests(one)} == {2023}
    assert {manifest["year"] for manifest in _manifests(other)} == {2024}
    assert await _replayed(old, str(one), str(other)) == await _replayed(old, str(other), "ledger", str(one)) == bodies
    with pytest.raises(NotArchived, match=r"2024/events-.*Name the folder that holds it: --source FOLDER"):
        await _replayed(old, str(one))
    report = await _verified(old, one, other)
    assert (report.problems, report.checked["events"], report.checked.get("archived", 0)) == ([], len(bodies), 0)
    assert "contents" not in {each.name for each in report.skipped}
    assert "contents" in {each.name for each in (await _verified(old, one)).skipped}
    sources = ("--source", str(one), "--source", str(other))
    for event in (next(each for each in events if each["recorded_at"].year == then) for then in (2023, 2024)):
        await _run(old, "audit", "prove", "--event", str(event["id"]), "--out", str(tmp_path / "proofs"), *sources)
    for read in (_replayed(old, str(one), str(tmp_path)), _verified(old, one, tmp_path)):
        with pytest.raises(NotArchived, match=f"{tmp_path} holds no archive"):
            await read
    _, said = await _run(old, "audit", "replay", *sources, "--source", "kafka", "--lang", "en", expected=2)
    assert "--source kafka is read by itself" in " ".join(said.replace("│", "").split())


async def test_a_year_that_leaves_while_it_is_verified_is_not_taken_for_a_loss(old: Settings, tmp_path: Path) -> None:
    def meanwhile(jobs: Sequence[Job], advance: Advance) -> Iterator[Done]:
        asyncio.run(_archive(old, tmp_path))
        yield from here(jobs, advance)

    with pytest.raises(Unsettled, match="recorder archive"):
        await asyncio.to_thread(verify, old, Options(read_models=False), run=meanwhile)
    assert (await _verified(old, tmp_path)).problems == []


def _first(folder: Path) -> Path:
    return min(folder.glob("*/*/*.gz"))


def _flipped(folder: Path) -> Path:
    path = _first(folder)
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 2] ^= 1
    path.write_bytes(packed)
    return path


def _rewritten(folder: Path) -> Path:
    path = _first(folder)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b'"present"', b'"absence"', 1), mtime=0))
    return path


def _rewritten_with_its_manifest(folder: Path) -> Path:
    path = _rewritten(folder)
    manifest = json.loads((path.parent / "manifest.json").read_bytes())
    packed = path.read_bytes()
    manifest["files"][0] |= {"bytes": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
    (path.parent / "manifest.json").write_text(json.dumps(manifest))
    return path


def _cut(folder: Path) -> Path:
    path = _first(folder)
    path.write_bytes(path.read_bytes()[:-20])
    return path


def _gone(folder: Path) -> Path:
    path = _first(folder)
    path.unlink()
    return path


TAMPERING: dict[Callable[[Path], Path], set[str]] = {
    _flipped: {"gap"},
    _rewritten: {"hash"},
    _rewritten_with_its_manifest: {"hash"},
    _cut: {"gap"},
    _gone: {"gap"},
}


# --- refusals ---


async def test_what_may_not_leave_stays_and_the_command_says_why(old: Settings, tmp_path: Path) -> None:
    events = await _table(old, "event")
    _, said = await _run(old, "archive", "--before", "2031", "--out", str(tmp_path), expected=2)
    assert "2031" in said
    await _run(old, "archive", "--before", "2025", expected=2)
    await _run(old, "archive", "--before", "2025", "--out", str(tmp_path), expected=2)  # nobody can be asked
    noted = "UPDATE ledger.relay SET reason = 'no reason', reason_zh = '没有理由' WHERE shard = $1"
    await _rows(old, noted, events[0]["shard"])
    assert "no reason" in (await _archive(old, tmp_path, expected=1))["said"]
    assert "只读：没有理由" in (await _archive(old, tmp_path, "--lang", "zh", expected=1))["said"]
    await _rows(old, "UPDATE ledger.relay SET reason = NULL, reason_zh = NULL")
    (tmp_path / "file").touch()
    assert "can't be written" in (await _archive(old, tmp_path / "file" / "in", expected=1))["said"]
    assert await _table(old, "event") == events
    other = old.model_copy(update={"database_url": f"{old.database_url}_none"})
    assert "InvalidCatalogName" in (await _archive(other, tmp_path, expected=3))["said"]
    await _rows(old, "ALTER TABLE ledger.archived RENAME TO of_an_older_version")
    assert "of this version" in (await _archive(old, tmp_path, expected=3))["said"]
    await _rows(old, "ALTER TABLE ledger.of_an_older_version RENAME TO archived")
    await _archive(old, tmp_path)
    with pytest.raises(NotArchived) as left:
        await _replayed(old, "ledger")
    assert "--source FOLDER" in str(left.value)
