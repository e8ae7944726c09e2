"""Proofs, by command and over HTTP, checked as a stranger would: from the specifications, with pymerkle and Ed25519."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI
from pymerkle import InclusionProof, InmemoryTree
from pymerkle.core import _inclusion_path_layout
from typer.testing import CliRunner

from deploy.local.paths import write_private
from schemas.trust import merkle
from schemas.trust.identity import shard_of
from services.common import commands
from services.common.http import problems
from services.common.settings import Settings
from services.common.tokens.grants import Grants
from services.recorder.audit import http as module
from services.recorder.audit.cli import cli
from services.recorder.audit.proving.log import AuditLog
from services.recorder.errors import Contradiction, Missing
from services.recorder.trust.signing import Checkpoints
from tests.support.bundles import stranger
from tests.support.ledger import OFFICE, Bench, bench, section

SHARD = shard_of(OFFICE, 8)
AUDITOR = {"Authorization": "Bearer auditor-token-0123456789abcdef"}


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Bench]:
    async with bench(settings.database_url) as found:
        yield found


@pytest.fixture
def log(ledger: Bench, settings: Settings) -> AuditLog:
    return AuditLog(ledger.pool, 8, Checkpoints(ledger.pool, ledger.ledger, settings).make)


@pytest.fixture
async def client(log: AuditLog, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tokens = {
        "auditor": "auditor-token-0123456789abcdef",
        "reader": "reader-token-0123456789abcdef",
        "elsewhere": {"token": "elsewhere-token-0123456789abcdef", "role": "auditor", "offices": ["o-9"]},
    }
    write_private(tmp_path / "grants.json", json.dumps(tokens).encode())
    app = FastAPI()
    problems.install(app)
    app.include_router(module.router(log, Grants.load(tmp_path / "grants.json")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://log") as found:
        yield found


async def _append(ledger: Bench, count: int) -> list[str]:
    """Append so many; the events' ids."""
    receipts = await ledger.accepted(*[section() for _ in range(count)])
    return [receipt["events"][0]["id"] for receipt in receipts]


# --- what a stranger does with the files ---


@dataclass
class Signed:
    """A checkpoint whose signature held."""

    origin: str
    size: int
    root: bytes


def _opened(note: bytes, key: str) -> Signed:
    """signed-note and tlog-checkpoint, from their specifications."""
    name, ident, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded)
    assert hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == ident
    text, _, signatures = note.decode().rpartition("\n\n")
    assert name == text.partition("\n")[0], "clients of logs know a log's key by its origin"
    signed = [base64.b64decode(line.removeprefix(f"— {name} ")) for line in signatures.splitlines()]
    (signature,) = [each for each in signed if each[:4].hex() == ident]
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[4:], (text + "\n").encode())
    origin, size, root = text.split("\n")
    return Signed(origin, int(size), base64.b64decode(root))


def _included(proof: bytes, body: bytes, key: str) -> Signed:
    """tlog-proof, from its specification; the path judged by pymerkle."""
    head, _, note = proof.partition(b"\n\n")
    lines = head.decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("index ")
    signed = _opened(note, key)
    index, leaf = int(lines[1].removeprefix("index ")), hashlib.sha256(b"\x00" + body).digest()
    rule, _ = _inclusion_path_layout(index + 1, signed.size)
    path = [leaf, *(base64.b64decode(line) for line in lines[2:])]
    InclusionProof("sha256", True, signed.size, index + 1, rule, path).verify(leaf, signed.root)
    return signed


# --- by command ---


async def _run(settings: Settings, *line: str, code: int = 0, answer: str | None = None) -> str:
    """A command as an auditor types it."""
    env = settings.environment()
    invoke = CliRunner().invoke
    home = ["--home", str(settings.home), "--lang", "en"]
    found = await asyncio.to_thread(invoke, cli, [*line, *home], env=env, input=answer)
    assert found.exit_code == code, found.output
    return found.output


async def _key(settings: Settings) -> str:
    """The verifier key of the shard that the office is in."""
    keys = (await _run(settings, "key")).split()
    assert [key.partition("+")[0].partition("/")[2] for key in keys] == [str(shard) for shard in range(8)]
    return keys[SHARD]


async def test_an_event_is_proved_by_command(ledger: Bench, settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "proofs"
    events = await _append(ledger, 5)
    await _run(settings, "key", code=1)
    said = await _run(settings, "prove", "--event", events[2], "--out", str(out))
    assert said.startswith(f"Event {SHARD}:2 is in the checkpoint of 5 events.")
    key = await _key(settings)
    proof, body = (out / f"{events[2]}.tlog-proof").read_bytes(), (out / f"{events[2]}.json").read_bytes()
    assert json.loads(body)["id"] == events[2]
    signed = _included(proof, body, key)
    assert (signed.origin, signed.size) == (f"{ledger.ledger.id}/{SHARD}", 5)
    with pytest.raises(Exception, match="State does not match"):
        _included(proof, body.replace(b"people", b"nobody"), key)
    assert settings.checkpoints_file.read_bytes() == proof.partition(b"\n\n")[2] + b"\n", "outside, too"
    check = (tmp_path, out / "verify.py", "--key", key)
    assert f"Event {events[2]} is number 2 in {signed.origin}, of 5 that were signed." in stranger(
        *check, "--lang", "en"
    )
    assert json.loads(stranger(*check, "--json"))["keys"]["signed_by"] == [key]
    assert "--key" in stranger(tmp_path, out / "verify.py", code=2), "a proof brings no key"
    (out / f"{events[2]}.json").write_bytes(body.replace(b"people", b"nobody"))
    assert f"✗ {events[2]}.tlog-proof · is not what was signed" in stranger(*check, "--lang", "en", code=1)
    (out / f"{events[2]}.json").write_bytes(body)
    # one that is newer than the newest checkpoint
    (late,) = await _append(ledger, 1)
    told = json.loads(await _run(settings, "prove", "--event", late, "--out", str(out), "--json"))
    assert (told["position"], told["size"]) == (5, 6)
    proof, body = ((out / Path(file).name).read_bytes() for file in told["files"])
    assert _included(proof, body, key).size == 6
    (out / f"{late}.json").unlink()
    (out / f"{late}.json").symlink_to(settings.kek_file)
    special = await _run(settings, "prove", "--event", late, "--out", str(out), code=1)
    assert "no regular file" in special
    nested = await _run(settings, "prove", "--event", late, "--out", str(tmp_path / "no" / "such"), code=1)
    assert "no folder" in nested
    missing = await _run(settings, "prove", "--event", str(ledger.ledger.id), "--out", str(out), code=1)
    assert "in the ledger" in missing


async def test_consistency_is_proved_by_command(ledger: Bench, settings: Settings, tmp_path: Path) -> None:
    sign = Checkpoints(ledger.pool, ledger.ledger, settings).make
    for count in (3, 10, 4):
        await _append(ledger, count)
        await sign(SHARD)
    kept = await _run(settings, "checkpoint", "--shard", str(SHARD))
    await _append(ledger, 20)
    await sign(SHARD)
    out = tmp_path / "out"
    where = ("consistency", "--office", OFFICE, "--out", str(out))
    said = await _run(settings, *where, "--from", "17")
    assert said.startswith(f"Shard {SHARD}: the tree of 37 events begins with all of that of 17.")
    assert (out / "old.checkpoint").read_text() == kept
    key = await _key(settings)
    old, new = (_opened((out / f"{name}.checkpoint").read_bytes(), key) for name in ("old", "new"))
    hashes = [base64.b64decode(line) for line in (out / "hashes.txt").read_text().splitlines()]
    assert merkle.verify_consistency(old.size, old.root, new.size, new.root, hashes)
    assert await _run(settings, "checkpoint", "--office", OFFICE) == (out / "new.checkpoint").read_text()
    check = (tmp_path, out / "verify.py", "--lang", "zh", "--key", key)
    assert f"{old.origin}：37 条事件的日志以 17 条时的日志为开端。" in stranger(*check)
    (out / "hashes.txt").write_text("\n".join((out / "hashes.txt").read_text().split()[::-1]))
    assert "✗ hashes.txt · 不能说明" in stranger(*check, code=1)
    (out / "verify.py").write_text("print('mine')")
    assert "isn't what this command writes" in await _run(settings, *where, "--from", "17", code=1)
    (out / "verify.py").unlink()
    told = json.loads(await _run(settings, *where, "--from", "3", "--to", "13", "--json"))
    assert (told["old"], told["new"]) == (3, 13)
    said = await _run(settings, *where, "--from", "5", code=1)
    assert "no checkpoint of size 5; those nearest to it have 3, 13, 17, 37" in said
    assert "can't have grown" in await _run(settings, *where, "--from", "13", "--to", "3", code=1)
    assert "there is no shard 9" in await _run(settings, "checkpoint", "--shard", "9", code=1)
    assert "office o-99" in await _run(settings, "checkpoint", "--office", "o-99", code=1), "a slip is no other shard"
    for both in ((), ("--shard", "1", "--office", OFFICE)):
        assert "either --shard or --office" in await _run(settings, "checkpoint", *both, code=2)


async def test_keys_by_command(ledger: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await _append(ledger, 1)
    await Checkpoints(ledger.pool, ledger.ledger, settings).make(SHARD)
    first = (await _run(settings, "key")).split()
    assert "add --yes" in await _run(settings, "key", "--rotate", code=2), "nobody can be asked"
    monkeypatch.setattr(commands, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    assert "Nothing was changed." in await _run(settings, "key", "--rotate", code=1, answer="n")
    assert (await _run(settings, "key")).split() == first
    said = await _run(settings, "key", "--rotate", answer="y")
    assert "the newest of 1 there" in said
    assert "1 sign beside it, 0 retired" in said
    assert said.split()[-8:] == first
    assert "1 sign beside it, 1 retired" in await _run(settings, "key", "--rotate", "--yes")
    found = json.loads(await _run(settings, "key", "--json"))["keys"]
    assert [each["state"] for each in found] == ["signing"] * 16 + ["retired"] * 8
    assert [each["key"] for each in found[16:]] == first
    assert [each["shard"] for each in found] == [*range(8)] * 3
    assert all(each["key"].startswith(f"{ledger.ledger.id}/{each['shard']}+") for each in found)
    told = json.loads(await _run(settings, "checkpoint", "--shard", str(SHARD), "--json"))
    assert _opened(told["note"].encode(), first[SHARD]).size == told["size"] == 1


# --- over HTTP ---


async def _got(client: httpx.AsyncClient, path: str, status: int = 200, **more: Any) -> httpx.Response:  # noqa: ANN401
    answer = await client.get(f"/audit/{path}", headers=AUDITOR, **more)
    assert answer.status_code == status, answer.text
    return answer


async def test_a_stranger_reads_the_whole_log_from_its_static_resources(
    ledger: Bench, client: httpx.AsyncClient, log: AuditLog, settings: Settings
) -> None:
    await _append(ledger, 600)
    await _got(client, f"{SHARD}/checkpoint", 404)
    await log._make(SHARD)
    key = await _key(settings)
    answer = await _got(client, f"{SHARD}/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    signed = _opened(answer.content, key)
    assert signed.size == 600
    tree = InmemoryTree(algorithm="sha256")
    for number, width in (("000", 256), ("001", 256), ("002.p/88", 88)):
        bundle = await _got(client, f"{SHARD}/tile/entries/{number}")
        assert bundle.headers["content-encoding"] == "gzip"
        tile = await _got(client, f"{SHARD}/tile/0/{number}")
        assert tile.headers["content-type"] == "application/octet-stream"
        entries = _entries(bundle.content)
        assert len(entries) == width
        assert tile.content == b"".join(hashlib.sha256(b"\x00" + entry).digest() for entry in entries)
        for entry in entries:
            tree.append_entry(entry)
    assert tree.get_root() == signed.root
    above = await _got(client, f"{SHARD}/tile/1/000.p/2")
    assert above.content == tree._get_root(0, 256) + tree._get_root(256, 512)


def _entries(bundle: bytes) -> list[bytes]:
    found = []
    while bundle:
        length = int.from_bytes(bundle[:2])
        found.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return found


NOT_SERVED = (
    "tile/0/000", "tile/0/000.p/6", "tile/0/001.p/1", "tile/1/000.p/1", "tile/0/0", "tile/0/000.p/0",
    "tile/0/000.p/05", "tile/0/000.p/256", "tile/0/x001", "tile/0/001/000", "tile/63/x999/x999/x999/x999/x999/999",
    "tile/entries/000", "tile/entries/x001/000.p/1", "tile/entries/000.p/6",
)  # fmt: skip


async def test_what_is_not_signed_is_not_served(ledger: Bench, client: httpx.AsyncClient, log: AuditLog) -> None:
    await _append(ledger, 5)
    await log._make(SHARD)
    await _append(ledger, 1)  # committed, not signed
    assert len((await _got(client, f"{SHARD}/tile/0/000.p/5")).content) == 5 * 32
    assert len((await _got(client, f"{SHARD}/tile/0/000.p/3")).content) == 3 * 32, "of an earlier checkpoint"
    for path in NOT_SERVED:
        answer = await _got(client, f"{SHARD}/{path}", 404)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_proofs_over_http(ledger: Bench, client: httpx.AsyncClient, settings: Settings) -> None:
    events = await _append(ledger, 7)
    proof = (await _got(client, f"{SHARD}/proof", params={"event": events[3], "format": "text"})).content
    key = await _key(settings)
    told = (await _got(client, f"{SHARD}/proof", params={"event": events[3]})).json()
    assert _included(proof, told["body"].encode(), key).size == told["checkpoint"]["size"] == 7
    assert (told["shard"], told["index"]) == (SHARD, 3)
    assert told["checkpoint"]["note"].encode() == proof.partition(b"\n\n")[2]
    await _append(ledger, 3)
    (late,) = await _append(ledger, 1)
    assert (await _got(client, f"{SHARD}/proof", params={"event": late})).json()["checkpoint"]["size"] == 11
    found = (await _got(client, f"{SHARD}/consistency", params={"from": 7, "to": 11})).json()
    old, new = (_opened(found[name]["note"].encode(), key) for name in ("old", "new"))
    hashes = [base64.b64decode(each) for each in found["hashes"]]
    assert merkle.verify_consistency(old.size, old.root, new.size, new.root, hashes)
    lines = (await _got(client, f"{SHARD}/consistency", params={"from": 7, "format": "text"})).text
    assert lines.split() == found["hashes"]
    await _got(client, f"{SHARD}/consistency", 404, params={"from": 8})
    await _got(client, f"{SHARD}/consistency", 422, params={"from": "x"})
    await _got(client, f"{SHARD + 1}/proof", 404, params={"event": late})
    await _got(client, f"{SHARD}/proof", 404, params={"event": str(ledger.ledger.id)})
    await _got(client, "1024/checkpoint", 422)
    await _got(client, "8/checkpoint", 404)


async def test_only_auditors_and_of_their_offices(ledger: Bench, client: httpx.AsyncClient, log: AuditLog) -> None:
    (event,) = await _append(ledger, 1)
    await log._make(SHARD)
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1", f"proof?event={event}", "consistency?from=1"):
        for token, expected in (
            (None, 401),
            ("reader-token-0123456789abcdef", 403),
            ("auditor-token-0123456789abcdef", 200),
        ):
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            assert (await client.get(f"/audit/{SHARD}/{path}", headers=headers)).status_code == expected, path
        narrowed = await client.get(
            f"/audit/{SHARD}/{path}", headers={"Authorization": "Bearer elsewhere-token-0123456789abcdef"}
        )
        assert narrowed.status_code == (403 if "entries" in path or "proof" in path else 200), path
        assert f" {OFFICE}" not in narrowed.text, "whose event it is, isn't told"


async def test_what_was_changed_has_no_proof(ledger: Bench, client: httpx.AsyncClient, log: AuditLog) -> None:
    events = await _append(ledger, 9)
    await log._make(SHARD)
    await ledger.rows("UPDATE ledger.event SET body = body || ' '::bytea WHERE position = 4")
    with pytest.raises(Contradiction, match="is not what was signed"):
        await log.inclusion(await log.event(UUID(events[4])))
    answer = await _got(client, f"{SHARD}/proof", 409, params={"event": events[4]})
    assert answer.json()["code"] == "contradiction"
    assert (await log.inclusion(await log.event(UUID(events[5])))).event.position == 5
    with pytest.raises(Missing):
        await log.event(UUID(str(ledger.ledger.id)))


async def test_a_proof_takes_as_many_statements_and_rows_however_long_the_history(ledger: Bench, log: AuditLog) -> None:
    events = await _append(ledger, 3)
    first = await log._make(SHARD)
    await log.inclusion(await log.event(UUID(events[1])))  # asyncpg asks for the types once a connection
    short = await _said(ledger, log, events[1], first.size)
    more = await _append(ledger, 900)
    await log._make(SHARD)
    long = await _said(ledger, log, more[333], first.size)
    assert long == short
    assert len(long) <= 10


async def _said(ledger: Bench, log: AuditLog, event: str, old: int) -> list[str]:
    said: list[str] = []
    async with ledger.pool.acquire() as connection:
        only = AuditLog(_Only(connection), 8, log._make)  # type: ignore[arg-type]
        await only.consistency(SHARD, old, None)
        with connection.query_logger(lambda record: said.append(record.query)):
            await only.inclusion(await only.event(UUID(event)))
            await only.consistency(SHARD, old, None)
    return said


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
