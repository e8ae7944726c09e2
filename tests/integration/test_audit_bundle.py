"""The evidence bundle: what it holds, that a stranger can check it, and that whatever is changed in it is found."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from schemas.trust.identity import shard_of
from services.common.settings import Settings
from services.recorder.audit.bundle import making, packing
from services.recorder.audit.bundle.gathering import Whose
from services.recorder.audit.bundle.making import Making
from services.recorder.audit.bundle.standing import Standing
from services.recorder.audit.offline import standalone as verify
from services.recorder.audit.proving.commands import opened
from services.recorder.audit.proving.log import AuditLog
from services.recorder.cli import cli
from services.recorder.errors import Contradiction, Missing, NotArchived, Unsettled
from services.recorder.ledger import database
from services.recorder.ledger.database import ledger_of
from services.recorder.trust.checkpoint import signed
from services.recorder.trust.keys import Keys, rotate
from services.recorder.trust.note import SigningKey
from services.recorder.trust.signing import Checkpoints
from tests.support.aged import OLD
from tests.support.bundles import Files, folded, made, stranger, trusted, unzipped
from tests.support.history import SIZE, administer, copied, copy_of
from tests.support.servers import Servers

OFFICE = f"{SIZE.prefix}1"
FOLLOWING = {"figure", "figure-events"}  # what an event gives that doesn't hold is missing in the figures, too
REVOKED = b'"type":"chengzhang.any.entry-revoked.v1"'


@dataclass
class Sample:
    """An installation with read models, the person whose bundle is looked at, and the bundle."""

    settings: Settings
    at: dict[int, Standing]
    person: str
    files: Files
    keys: list[verify.Key]

    def resigned(self, files: Files) -> Files:
        """As whoever has the signing key would hand it out: manifest and signature fit."""
        named = {name: content for name, content in files.items() if not name.startswith("manifest.")}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in named.items()}
        manifest = json.dumps({"format": verify.FORMAT, "files": hashes}).encode()
        statement = f"{self.keys[0].ledger}/evidence\n{hashlib.sha256(manifest).hexdigest()}\n"
        signing = Keys.load(self.settings.checkpoint_keys_file).signing
        return named | {"manifest.json": manifest, "manifest.signed": signed(statement, signing)}

    def found(self, files: Files, keys: list[verify.Key] | None = None) -> list[tuple[str, str]]:
        """Kind and place of every problem."""
        report = verify.check(files, self.keys if keys is None else keys)
        for problem in report.problems:
            assert all(verify.message(problem, words) for words in verify.WORDS.values())
        return [(problem.kind, problem.where) for problem in report.problems]

    def event(self, *, revocation: bool = False) -> str:
        """The name of an event's file: of the first that counts, or of a revocation."""
        if revocation:
            return next(name for name, body in self.files.items() if name.endswith(".json") and REVOKED in body)
        return f"events/{json.loads(self.files['figures.json'])['offices'][0]['evidence_events'][0]}.json"


@pytest.fixture(scope="module")
def sample(servers: Servers, history: Settings) -> Iterator[Sample]:
    name, statement = copy_of(history)
    asyncio.run(administer(servers, statement))
    settings = history.model_copy(update={"database_url": servers.database_url(name)})
    at = asyncio.run(folded(settings))
    person = asyncio.run(_one_with_revocations(settings))
    files = unzipped(asyncio.run(made(settings, person, SIZE.year, at)).content)
    yield Sample(settings, at, person, files, trusted(settings))
    asyncio.run(administer(servers, f"DROP DATABASE {name} WITH (FORCE)"))


async def _one_with_revocations(settings: Settings, office: str = OFFICE) -> str:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return str(
            await connection.fetchval(
                "SELECT person FROM office.growth_entry WHERE office = $1 AND entry_group <> 'talk' "
                "GROUP BY person ORDER BY count(revoked_at) DESC, person LIMIT 1",
                office,
            )
        )
    finally:
        await connection.close()


# --- what is in it ---


def test_a_bundle_holds_the_figures_the_events_behind_them_and_what_checks_them(sample: Sample) -> None:
    report = verify.check(sample.files, sample.keys)
    assert report.problems == []
    assert report.signed_by == [key.text for key in sample.keys]
    (office,) = report.stated["offices"]
    assert (office["office"], office["shard"], report.stated["person"]) == (OFFICE, _shard(sample), sample.person)
    assert report.sizes == {str(_shard(sample)): sample.at[_shard(sample)].next}
    assert set(office["evidence_by_group"]) == {"learning", "work", "activity"}
    events = [
        json.loads(body) for name, body in sample.files.items() if name.startswith("events/") and name.endswith("n")
    ]
    assert report.checked["events"] == len(events) > len(office["evidence_events"]) > 10
    assert not {event["type"].split(".")[1] for event in events} & {"talk", "welfare"}, "never evidence"
    gone = {event["data"]["event"] for event in events if event["type"] == verify.REVOKED}
    assert gone, "what was revoked is here, too, with its revocation"
    assert gone < {event["id"] for event in events}
    assert not gone & set(office["evidence_events"])
    others = {event["type"] for event in events if sample.person not in json.dumps(event["data"])}
    assert others <= {verify.CONVENED, verify.RESCHEDULED, verify.FOLLOWED, verify.OPENED}
    assert {"README.txt", "verify.py", "keys.txt", "manifest.json", "manifest.signed"} < set(sample.files)


def _shard(sample: Sample) -> int:
    return shard_of(OFFICE, sample.settings.shards)


async def test_every_ones_bundle_holds_and_takes_as_many_statements_as_any_other(sample: Sample) -> None:
    pool = await database.connect(sample.settings.database_url)
    ledger = await ledger_of(pool)
    rows = await pool.fetch("SELECT office, person FROM office.appraisal_summary WHERE year = $1", SIZE.year)
    counts: list[int] = []
    sizes: set[int] = set()

    async def standing() -> dict[int, Standing]:
        return sample.at

    make = Checkpoints(pool, ledger, sample.settings).make
    async with pool.acquire() as connection:
        log = AuditLog(_Only(connection), ledger.shards, make)  # type: ignore[arg-type]
        bundles = Making(log, lambda: Keys.load(sample.settings.checkpoint_keys_file), standing)
        for row in [rows[0], *rows]:  # asyncpg asks for the types once a connection
            said: list[str] = []
            with connection.query_logger(lambda record, said=said: said.append(record.query)):
                found = await bundles.make(Whose(row["person"], SIZE.year))
            assert sample.found(unzipped(found.content)) == []
            counts.append(len(said))
            sizes.add(found.events)
    pool.terminate()
    assert len(sizes) > 3
    assert set(counts[1:]) == {9}, "with BEGIN and COMMIT"


class _Only:
    """A pool of one connection, which is watched."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401
        self._connection = connection

    def acquire(self, timeout: float) -> Any:  # noqa: ANN401, ARG002
        return self

    async def __aenter__(self) -> Any:  # noqa: ANN401
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_the_same_state_gives_the_same_bytes(sample: Sample) -> None:
    first, second = [await made(sample.settings, sample.person, SIZE.year, sample.at) for _ in range(2)]
    assert first.content == second.content


async def test_after_a_rotation_the_old_key_still_vouches(sample: Sample, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(sample.settings.checkpoint_keys_file.read_bytes())
    rotated = rotate(file, sample.keys[0].ledger)
    settings = sample.settings.model_copy(update={"checkpoint_keys_file": file})
    files = unzipped((await made(settings, sample.person, SIZE.year, sample.at)).content)
    origin = f"{sample.keys[0].ledger}/{_shard(sample)}"
    assert files["keys.txt"].decode().split() == [str(key.named(origin)) for key in rotated.keys]
    assert sample.found(files) == sample.found(files, []) == []
    new = [verify.Key.parse(str(rotated.verifiers[0]))]
    assert sample.found(files, new)[0] == ("signature", f"checkpoints/{_shard(sample)}"), "signed before there was one"


async def test_events_of_an_archived_year_come_out_of_the_archive(
    servers: Servers, aged: Settings, tmp_path: Path
) -> None:
    year, office = OLD[0].year, f"{OLD[0].prefix}1"
    async with copied(servers, aged) as settings:
        at = await folded(settings)
        person = await _one_with_revocations(settings, office)
        before = await made(settings, person, year, at)
        line = ["archive", "--before", str(year + 1), "--out", str(tmp_path), "--yes"]
        done = await asyncio.to_thread(CliRunner(env=settings.environment()).invoke, cli, line)
        assert done.exit_code == 0, done.output
        with pytest.raises(NotArchived, match=r"left the ledger for an archive .* --source FOLDER"):
            await made(settings, person, year, at)
        after = await made(settings, person, year, at, sources=[tmp_path])
        assert after.content == before.content
        other = tmp_path / "other"
        line = ["archive", "--before", str(year + 2), "--out", str(other), "--yes"]
        done = await asyncio.to_thread(CliRunner(env=settings.environment()).invoke, cli, line)
        assert done.exit_code == 0, done.output
        with pytest.raises(NotArchived, match=r"left the ledger for an archive .* --source FOLDER"):
            await made(settings, person, year, at, sources=[other])
        assert (await made(settings, person, year, at, sources=[other, tmp_path])).content == before.content
        file = tmp_path / await _file_of(settings, office)
        file.write_bytes(file.read_bytes()[:-1])
        with pytest.raises(NotArchived, match="is not the file that left the ledger"):
            await made(settings, person, year, at, sources=[tmp_path])


async def _file_of(settings: Settings, office: str) -> str:
    """The archive's file of an office's shard."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        statement = "SELECT file FROM ledger.archived WHERE shard = $1"
        return str(await connection.fetchval(statement, shard_of(office, settings.shards)))
    finally:
        await connection.close()


# --- who changes something in it ---


def test_a_byte_of_an_event(sample: Sample) -> None:
    name = sample.event()
    changed = sample.files | {name: sample.files[name].replace(b'"present"', b'"partial"').replace(b"09:", b"10:")}
    changed[name] = changed[name][:-20] + changed[name][-20:].upper()
    _found(sample, changed, ("proof", name))


def test_a_figure(sample: Sample) -> None:
    told = json.loads(sample.files["figures.json"])
    told["offices"][0]["evidence_by_group"]["work"] += 1
    told["offices"][0]["requirement_met"] = not told["offices"][0]["requirement_met"]
    changed = sample.files | {"figures.json": json.dumps(told).encode()}
    places = [f"figures.json: {OFFICE}: {figure}" for figure in ("requirement_met", "evidence_by_group")]
    assert sample.found(sample.resigned(changed)) == [("figure", place) for place in places]
    assert sample.found(changed)[0] == ("file-changed", "figures.json")


def test_a_hash_of_a_proof(sample: Sample) -> None:
    name = sample.event()
    proof = name.replace(".json", ".tlog-proof")
    lines = sample.files[proof].split(b"\n")
    lines[3], lines[2] = lines[2], lines[3]
    _found(sample, sample.files | {proof: b"\n".join(lines)}, ("proof", name), file=proof)


def test_a_dropped_event(sample: Sample) -> None:
    name = sample.event()
    kept = {each: content for each, content in sample.files.items() if each != name}
    assert sample.found(kept)[:2] == [("file-missing", name), ("event-missing", name)]
    found = sample.found(sample.resigned(kept))
    assert found[0] == ("event-missing", name)
    assert {kind for kind, _ in found[1:]} == FOLLOWING


def test_a_dropped_revocation_by_who_can_not_sign(sample: Sample) -> None:
    """All fits but the signature over the whole: proofs alone would not tell."""
    name = sample.event(revocation=True)
    kept = {each: content for each, content in sample.files.items() if not each.startswith(name[:-5])}
    revoked = json.loads(sample.files[name])["data"]["event"]
    told = json.loads(sample.files["figures.json"])
    events = [json.loads(body) for each, body in kept.items() if each.startswith("events/") and each.endswith(".json")]
    told["offices"][0] |= verify.figures(events, OFFICE, sample.person, SIZE.year)
    assert revoked in told["offices"][0]["evidence_events"]
    forged = sample.resigned(kept | {"figures.json": json.dumps(told).encode()})
    assert sample.found(forged) == []
    forged["manifest.signed"] = sample.files["manifest.signed"]
    assert sample.found(forged) == [("statement", "manifest.json")]


def test_a_foreign_key(sample: Sample) -> None:
    """Whoever forges all of it brings his own key: it fits until the true one is given."""
    foreign = SigningKey.generate(sample.keys[0].ledger)
    given = [verify.Key.parse(str(foreign.verifier))]
    notes = [name for name in sample.files if name.startswith("checkpoints/") or name == "manifest.signed"]
    problems = sample.found(sample.files, given)
    assert set(problems) >= {("signature", name) for name in notes}
    forged = {name: _signed_anew(content, foreign) for name, content in sample.files.items()}
    forged["keys.txt"] = f"{foreign.verifier}\n".encode()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in forged.items() if "manifest" not in name}
    forged["manifest.json"] = json.dumps({"files": hashes}).encode()
    statement = f"{foreign.name}/evidence\n{hashlib.sha256(forged['manifest.json']).hexdigest()}\n"
    forged["manifest.signed"] = signed(statement, [foreign])
    assert sample.found(forged, []) == []
    assert set(sample.found(forged)) >= {("signature", name) for name in notes}


def _signed_anew(content: bytes, key: SigningKey) -> bytes:
    """Every note in a file signed by that key alone."""
    head, dash, _ = content.partition("\n\n— ".encode())
    if not dash:
        return content
    before, empty, text = head.rpartition(b"\n\n")
    return before + empty + signed(f"{text.decode()}\n", [key])


def test_a_signature_that_does_not_hold(sample: Sample) -> None:
    name = f"checkpoints/{_shard(sample)}"
    size = b"\n%d\n" % sample.at[_shard(sample)].next
    changed = sample.files | {name: sample.files[name].replace(size, b"\n9%s" % size[1:])}
    assert ("signature-broken", name) in sample.found(sample.resigned(changed))


async def test_a_checkpoint_of_another_shard(sample: Sample) -> None:
    other = shard_of(f"{SIZE.prefix}2", sample.settings.shards)
    assert other != _shard(sample)
    async with opened(sample.settings) as log:
        foreign = (await log.checkpoint(other)).note
    name = f"checkpoints/{_shard(sample)}"
    found = sample.found(sample.resigned(sample.files | {name: foreign}))
    assert found[0] == ("checkpoint", name)
    assert {kind for kind, _ in found[1:]} == {"checkpoint-missing"} | FOLLOWING


def test_an_event_under_another_name(sample: Sample) -> None:
    first, other = sample.event(), sample.event(revocation=True)
    changed = dict(sample.files)
    for ending in (".json", ".tlog-proof"):
        changed[first.replace(".json", ending)] = sample.files[other.replace(".json", ending)]
    _found(sample, changed, ("event", first))


def test_whatever_a_file_holds_it_is_a_problem_and_no_crash(sample: Sample) -> None:
    for name in sorted(sample.files)[::60] + [each for each in sample.files if not each.startswith("events/")]:
        for content in (b"", b"\xff", b"[]", b"{}", b'{"files": 1, "offices": [{"office": {}}]}', b"a\n\n\n"):
            assert sample.found(sample.files | {name: content}), name
            sample.found(sample.resigned(sample.files | {name: content}))


def _found(sample: Sample, changed: Files, expected: tuple[str, str], *, file: str | None = None) -> None:
    """Found by the file's hash, by whoever signed or not; and what it was that it changed, by whoever can sign."""
    assert sample.found(changed)[0] == ("file-changed", file or expected[1])
    found = sample.found(sample.resigned(changed))
    assert found[0] == expected
    assert {kind for kind, _ in found[1:]} <= FOLLOWING


# --- when there is none ---


async def test_why_there_is_no_bundle(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, at, person = sample.settings, sample.at, sample.person
    monkeypatch.setattr(making, "PATIENCE", 0.0)
    with pytest.raises(Missing, match="no office knows a person p-nobody"):
        await made(settings, "p-nobody", SIZE.year, at)
    with pytest.raises(Missing, match="has no appraisal of 1949"):
        await made(settings, person, 1949, at)
    behind = {shard: replace_next(each) for shard, each in at.items()}
    with pytest.raises(Unsettled, match="the read models stand at"):
        await made(settings, person, SIZE.year, behind)


def replace_next(standing: Standing) -> Standing:
    """One event less."""
    return standing._replace(next=standing.next - 1, error="halted")


async def test_read_models_that_tell_another_figure(servers: Servers, sample: Sample) -> None:
    async with copied(servers, sample.settings) as settings:
        elsewhere = "SET data = jsonb_set(data, '{guide}', '\"harmony\"'), known_from = known_from"
        output = "type = 'chengzhang.work.output-filed.v1'"
        await _changed(settings, f"UPDATE office_v1.fact {elsewhere} WHERE person = $1 AND {output}", sample)
        with pytest.raises(Contradiction, match=r"would not hold: .*evidence_by_guide"):
            await made(settings, sample.person, SIZE.year, sample.at)


async def _changed(settings: Settings, statement: str, sample: Sample) -> None:
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute(statement, sample.person)
    finally:
        await connection.close()


# --- as people run it ---


@pytest.mark.parametrize("there", ["text", "zip", "symlink", "fifo", "folder", "missing"])
def test_what_is_no_bundle_is_not_written_over(tmp_path: Path, there: str) -> None:
    file, kept = tmp_path / "evidence.zip", tmp_path / "kept"
    kept.write_bytes(packing.zipped({"holiday.txt": b"sea"}) if there == "zip" else b"minutes")
    match there:
        case "symlink":
            file.symlink_to(kept)
        case "fifo":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "missing":
            file = tmp_path / "none" / "evidence.zip"
        case _:
            file = kept
    before = kept.read_bytes()
    for lang, said in (("en", "no folder" if there == "missing" else "Nothing was written"), ("zh", "请")):
        line = ["audit", "bundle", "--person", "p-1", "--year", "2026", "--out", str(file), "--lang", lang]
        done = CliRunner(env={"CHENGZHANG_DATABASE_URL": "postgresql://127.0.0.1:1/nobody"}).invoke(cli, line)
        assert (done.exit_code, said in done.stderr) == (1, True), done.output
    assert kept.read_bytes() == before
    assert file.is_symlink() == (there == "symlink")
    assert {path.name for path in tmp_path.iterdir()} == {"kept"} | ({file.name} if file.parent == tmp_path else set())


async def test_a_stranger_checks_it_with_nothing_of_ours(sample: Sample, tmp_path: Path) -> None:
    file = tmp_path / "evidence.zip"
    file.write_bytes(packing.zipped({**sample.files, "README.txt": b"an earlier one"}))
    line = ["audit", "bundle", "--person", sample.person, "--year", str(SIZE.year), "--out", str(file), "--lang", "en"]
    done = await asyncio.to_thread(CliRunner(env=sample.settings.environment()).invoke, cli, line)
    assert done.exit_code == 0, done.output
    assert f"{OFFICE}: as of the first {sample.at[_shard(sample)].next} events" in done.output
    assert unzipped(file.read_bytes()) == sample.files
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(file) as packed:
        packed.extractall(folder)
    key = sample.keys[0].text
    told = json.loads(stranger(tmp_path, folder / "verify.py", str(file), "--json", "--key", key))
    keys = {"source": "given", "trusted": [key], "signed_by": [key]}
    assert (told["ok"], told["keys"], told["problems"]) == (True, keys, [])
    assert "THIS KEY CAME WITH THE BUNDLE" in stranger(tmp_path, folder / "verify.py", "--lang", "en")
    assert "按包内自带的公钥全部一致" in stranger(tmp_path, folder / "verify.py", "--lang", "zh")
    (folder / sample.event()).unlink()
    assert f"✗ {sample.event()} · manifest.json 列有" in stranger(
        tmp_path, folder / "verify.py", "--lang", "zh", code=1
    )
    (tmp_path / "empty").mkdir()
    empty = str(tmp_path / "empty")
    assert "nothing to check" in stranger(tmp_path, folder / "verify.py", empty, "--lang", "en", code=2)
    assert "no verifier key" in stranger(tmp_path, folder / "verify.py", "--key", key[:-8], "--lang", "en", code=2)
