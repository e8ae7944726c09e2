"""`office up` and `office down` on a home of their own: idempotent, careful with others, healing after a kill.

One stack is started for the module; the tests that break it bring it up again, which is what they test.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import psutil
import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from deploy.local.access import settling
from deploy.local.access.clients import Address
from deploy.local.cli import app
from deploy.local.errors import StackError
from deploy.local.paths import Home
from deploy.local.running import processes, stack
from deploy.local.running.overview import overview
from deploy.local.running.state import Ports, State
from deploy.local.servers import kafka, postgres
from tests.support.servers import far_ports

ONLY = (postgres.NAME, kafka.NAME)


@dataclass
class Stack:
    home: Home
    state: State
    steps: list[tuple[str, dict[str, object]]]

    def up(self) -> State:
        self.state = stack.up(self.home, only=ONLY, say=lambda key, **values: self.steps.append((key, values)))
        return self.state

    def pids(self) -> dict[str, int]:
        return {name: found.pid for name in ONLY if (found := processes.find(self.home, name)) is not None}


@pytest.fixture(scope="module")
def started() -> Iterator[Stack]:
    """A stack in a private folder, one of whose ports somebody else has already."""
    folder = Path(tempfile.mkdtemp(prefix="chengzhang-stack-"))
    home = Home.at(folder / "home")
    preferred = far_ports()
    steps: list[tuple[str, dict[str, object]]] = []
    with socket.create_server(("127.0.0.1", preferred.kafka)):
        state = stack.up(home, only=ONLY, preferred=preferred, say=lambda key, **values: steps.append((key, values)))
    try:
        assert state.ports == replace(preferred, kafka=preferred.kafka + 1)
        yield Stack(home, state, steps)
    finally:
        stack.down(home)
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def forget_steps(started: Stack) -> None:
    started.steps.clear()


def test_a_second_up_starts_nothing_and_changes_nothing(started: Stack) -> None:
    before = (started.pids(), started.home.stack_env.read_text(), started.home.tokens.read_text())
    started.up()
    assert (started.pids(), started.home.stack_env.read_text(), started.home.tokens.read_text()) == before
    assert [key for key, _ in started.steps] == ["checking", "ready"] * 2


def test_what_is_secret_is_private(started: Stack) -> None:
    home = started.home
    for file in (home.stack_env, home.stack_json, home.pgpass, home.admin_pgpass, home.tokens, home.kek):
        assert file.stat().st_mode & 0o077 == 0, file
    assert len(home.kek.read_bytes()) == 32
    named = ["auditor", "cadre", "eraser", "operator", "organiser", "publisher", "reader"]
    assert sorted(json.loads(home.tokens.read_text())) == named


def test_the_database_url_works_for_psql(started: Stack) -> None:
    url = overview(started.home)["database_url"]
    assert url is not None
    assert started.state.password not in url
    psql = postgres.programs() / "bin" / "psql"
    ended = subprocess.run([psql, url, "-Atc", "SELECT current_user"], capture_output=True, text=True, check=True)
    assert ended.stdout == "chengzhang\n"


def test_the_database_url_works_for_asyncpg(started: Stack) -> None:
    async def asked() -> str:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval("SELECT current_user"))
        finally:
            await connection.close()

    url = overview(started.home)["database_url"]
    assert asyncio.run(asked()) == "chengzhang"


def test_status_tells_what_runs(started: Stack) -> None:
    answered = CliRunner().invoke(app, ["status", "--json", "--home", str(started.home.root)])
    found = json.loads(answered.stdout)
    assert (answered.exit_code, found["state"]) == (1, "partial")  # no recorder, no projector
    assert found["kafka"] == f"127.0.0.1:{started.state.ports.kafka}"
    assert found["services"]["kafka"] == {"pid": started.pids()["kafka"], "state": "running"}
    assert found["services"]["recorder"] == {"pid": None, "state": "stopped"}


def test_the_files_that_log_in_are_private_and_say_where_kafka_is(started: Stack) -> None:
    folder = Path(overview(started.home)["kafka_clients"])
    assert {file.name for file in folder.iterdir()} == {
        f"{name}.{ending}" for name in ("publisher", "auditor", "operator") for ending in ("json", "properties")
    }
    secret = [*folder.iterdir(), *started.home.kafka_passwords.iterdir(), started.home.kafka / "server.properties"]
    assert {oct(file.stat().st_mode & 0o777) for file in secret} == {"0o600"}
    assert {oct(each.stat().st_mode & 0o777) for each in (folder, started.home.kafka_passwords)} == {"0o700"}
    known = json.loads((folder / "auditor.json").read_text())
    assert known.pop("sasl.password") == (started.home.kafka_passwords / "auditor").read_text().strip()
    assert known == {
        "bootstrap.servers": f"127.0.0.1:{started.state.ports.kafka}",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "auditor",
    }


def test_no_password_is_in_the_arguments_of_a_process(started: Stack) -> None:
    words = {file.read_text().strip() for file in started.home.kafka_passwords.iterdir()}
    for pid in started.pids().values():
        line = " ".join(psutil.Process(pid).cmdline())
        assert not [word for word in words if word in line]


def test_an_app_comes_renews_its_secrets_and_goes(started: Stack) -> None:
    home = ["--home", str(started.home.root)]

    def office(*arguments: str) -> tuple[int, str]:
        ended = CliRunner().invoke(app, ["app", *arguments, *home])
        return ended.exit_code, ended.stdout

    files = [started.home.kafka_clients / f"oa.{ending}" for ending in ("json", "properties")]
    code, said = office("add", "oa", "--offices", "o-1,o-2", "--sources", "/oa", "--json")
    told = json.loads(said)
    known = {"name": "oa", "topic": "chengzhang.actions.oa", "offices": ["o-1", "o-2"], "types": None,
             "sources": ["/oa"], "kafka_client": {"json": str(files[0]), "properties": str(files[1])}}  # fmt: skip
    assert (code, {key: told[key] for key in known}) == (0, known)
    assert json.loads(started.home.tokens.read_text())["oa"]["role"] == "publisher"
    assert told["token"] not in started.home.tokens.read_text()
    address = f"127.0.0.1:{started.state.ports.kafka}"
    settling.settle(started.home, Address(address), "anew")  # as after a loss of all that Kafka knew
    assert "anew.actions.oa" in Producer(json.loads(files[0].read_text())).list_topics(timeout=60).topics
    before = files[0].read_text()
    assert office("list", "--json") == (0, f"{json.dumps([known])}\n")
    assert office("add", "oa")[0] == 1, "there is one"
    assert office("add", "recorder")[0] == 2, "a login of the stack's own"
    assert office("add", "O A")[0] == 2, "no part of a topic's name"
    code, token = office("rotate", "oa")
    assert (code, token.strip() != told["token"], files[0].read_text() != before) == (0, True, True)
    assert office("remove", "oa")[0] == 0
    assert not [file for file in files if file.exists()]
    assert "oa" not in json.loads(started.home.tokens.read_text())
    assert office("list", "--json") == (0, "[]\n")
    assert office("remove", "oa")[0] == 1


def test_a_lost_password_of_the_administrator_is_told_before_anything_starts(started: Stack) -> None:
    file = started.home.kafka_passwords / "admin"
    kept, moved = file, file.with_name(".admin")
    kept.rename(moved)
    try:
        with pytest.raises(StackError, match="no_kafka_password"):
            kafka.daemon(started.home, Address("127.0.0.1:1"), 2)
    finally:
        moved.rename(kept)


def test_all_killed_comes_up_again(started: Stack) -> None:
    before = started.pids()
    with busy_backend(started):
        for name, pid in before.items():
            os.kill(pid, signal.SIGKILL)
            assert processes.wait_gone(started.home, name)
        started.up()
    assert started.pids().keys() == before.keys()
    assert not set(started.pids().values()) & set(before.values())


def test_a_start_cut_off_at_any_moment_is_mended(started: Stack) -> None:
    home = started.home
    command = [sys.executable, "-m", "deploy.local.cli", "up", "--home", str(home.root)]
    for seconds in (0.9, 1.6):
        stack.down(home)
        cut_off = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            cut_off.wait(seconds)
        cut_off.kill()
        cut_off.wait()
    started.up()
    assert started.pids().keys() == set(ONLY)


def test_down_leaves_no_process(started: Stack) -> None:
    running = [psutil.Process(pid) for pid in started.pids().values()]
    running += [child for process in running for child in process.children(recursive=True)]
    assert stack.down(started.home) == ["kafka", "postgres"]
    assert all(processes.gone(process) for process in running)
    assert not [found for found in psutil.process_iter(["cmdline"]) if _mentions(found, started.home)]
    answered = CliRunner().invoke(app, ["status", "--json", "--home", str(started.home.root)])
    assert (answered.exit_code, json.loads(answered.stdout)["state"]) == (3, "stopped")


def test_nothing_to_stop_is_no_error(tmp_path: Path) -> None:
    assert stack.down(Home.at(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()


def test_a_process_that_took_over_our_pid_is_left_alone(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.run.mkdir()
    with subprocess.Popen(["sleep", "60"]) as other:
        noted = {"pid": other.pid, "mark": "another boot:1", "digest": ""}
        (home.run / "kafka.json").write_text(json.dumps(noted), encoding="utf-8")
        os.utime(home.run / "kafka.json", (0, 0))
        assert processes.find(home, "kafka") is None
        assert stack.down(home) == []
        assert other.poll() is None
        other.kill()


def test_data_without_their_key_are_not_given_a_new_one(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    (home.postgres / "data").mkdir(parents=True)
    home.stack_json.write_text(json.dumps({"ports": {}, "password": "p", "tls": False}), encoding="utf-8")
    with pytest.raises(StackError, match="no_kek"):
        stack.up(home, only=ONLY)
    assert not home.kek.exists()


def test_no_free_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 65535)), pytest.raises(StackError, match="no_port"):
        stack.up(Home.at(tmp_path), only=(postgres.NAME,), preferred=Ports(postgres=65535))


@contextmanager
def busy_backend(started: Stack) -> Iterator[None]:
    """A query that computes for a long time and would not notice that its server is gone."""
    url = overview(started.home)["database_url"]
    assert url is not None
    query = "SELECT count(*) FROM generate_series(1, 1000000000) n, generate_series(1, 1000) m"
    command = [str(postgres.programs() / "bin" / "psql"), url, "-Atc", "SELECT 1", "-c", query]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as psql:
        assert psql.stdout is not None
        assert psql.stdout.readline() == b"1\n"
        yield


def _mentions(process: psutil.Process, home: Home) -> bool:
    return any(str(home.root) in part for part in process.info["cmdline"] or [])
