"""How a stack's services are started: side by side with other stacks, and what is said of one that doesn't come up."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.errors import StackError, StartError, tail
from deploy.local.paths import Home
from deploy.local.running import processes, stack
from deploy.local.running import state as kept
from deploy.local.running.ports import Reserved, choose
from deploy.local.running.processes import Daemon
from deploy.local.running.state import Ports
from tests.support.servers import far_ports

_SERVER = """
import http.server, os, sys
if "--check" in sys.argv:
    raise SystemExit("too loud" if os.environ.get("CHENGZHANG_LOG_LEVEL") else 0)
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["CHENGZHANG_HTTP_PORT"])), Ready).serve_forever()
"""


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _only_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started as the recorder."""
    monkeypatch.setattr(stack, "_command", lambda _: [sys.executable, "-c", _SERVER])


def test_two_starts_side_by_side_take_different_ports() -> None:
    wanted = far_ports().kafka
    with Reserved() as one, Reserved() as other:
        assert choose("kafka", wanted, set(), one.takes) == wanted
        assert choose("kafka", wanted, set(), other.takes) == wanted + 1
        assert choose("kafka", wanted, set(), one.takes) == wanted
    with Reserved() as later:
        assert choose("kafka", wanted, set(), later.takes) == wanted


def test_a_port_that_is_in_use_is_not_kept_from_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as theirs, Reserved() as one, Reserved() as other:
        port = theirs.getsockname()[1]
        assert not one.takes(port)
        theirs.close()
        assert other.takes(port)


def test_a_port_that_is_taken_after_we_looked_is_stepped_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, preferred, start = Home.at(tmp_path / "home"), far_ports(), processes.start
    said: list[str] = []
    _only_listens(monkeypatch)
    with ExitStack() as others:

        def late(home: Home, daemon: Daemon) -> None:
            if not said.count("port_stepped"):
                others.enter_context(socket.create_server(("127.0.0.1", preferred.recorder)))
            start(home, daemon)

        monkeypatch.setattr(processes, "start", late)
        try:
            state = stack.up(home, only=("recorder",), preferred=preferred, say=lambda key, **_: said.append(key))
            assert state.ports == replace(preferred, recorder=preferred.recorder + 1)
            assert kept.load(home, Ports()) == state
            assert processes.find(home, "recorder") is not None
        finally:
            stack.down(home)
    assert said == ["starting", "port_stepped", "starting", "ready"]


def test_a_service_that_dies_shows_what_it_logged_since_and_nothing_older(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    home.logs.mkdir()
    home.log("broken").write_text("Traceback: long ago\n")
    broken = Daemon("broken", [sys.executable, "-c", "raise SystemExit('no luck')"], home.log("broken"), {})
    processes.start(home, broken)
    assert processes.wait_gone(home, "broken")
    error = StartError("broken", broken.log, processes.logged_before(home, "broken"), died=True)
    assert error.values["tail"] == "no luck"


def test_a_log_that_was_cut_meanwhile_is_shown_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log, 0) == "–"
    log.write_text("after the cut\n")
    assert (tail(log, 1000), tail(log, 14)) == ("after the cut", "–")


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int | None]]:
    """Starts the recorder of a home of its own, and gives its pid."""
    home = Home.at(tmp_path / "home")
    _only_listens(monkeypatch)

    def started() -> int | None:
        stack.up(home, only=("recorder",), preferred=far_ports())
        found = processes.find(home, "recorder")
        return None if found is None else found.pid

    yield started
    assert stack.down(home) == ["recorder"]


def test_a_service_with_old_settings_or_old_code_is_restarted(
    up: Callable[[], int | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, home = up(), Home.at(tmp_path / "home")
    assert first == up()
    state = kept.load(home, Ports())
    kept.save(home, replace(state, ports=replace(state.ports, kafka=1)))
    second = up()
    assert first != second
    monkeypatch.setattr(stack, "_code", lambda: "after an update")
    assert second != up()


def test_a_service_that_would_not_start_again_is_not_stopped(
    up: Callable[[], int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = up()
    monkeypatch.setenv("CHENGZHANG_LOG_LEVEL", "INFO")
    with pytest.raises(StackError) as caught:
        up()
    assert (caught.value.key, caught.value.values) == ("unfit", {"service": "recorder", "tail": "too loud"})
    monkeypatch.delenv("CHENGZHANG_LOG_LEVEL")
    assert up() == first


@pytest.mark.parametrize(
    ("lost", "port", "said"),
    [(["stack.json", "run/recorder.json"], True, "stack.env"), (["stack.json", "stack.env"], False, "无从得知")],
)
def test_what_runs_is_told_and_can_be_taken_over_though_notes_on_it_are_lost(
    up: Callable[[], int | None],
    tmp_path: Path,
    lost: list[str],
    port: bool,
    said: str,
) -> None:
    pid, home = up(), tmp_path / "home"
    for name in lost:
        (home / name).unlink()
    answered = CliRunner().invoke(app, ["status", "--json", "--lang", "zh", "--home", str(home)])
    told = json.loads(answered.stdout)
    assert (answered.exit_code, told["state"], told["services"]["recorder"]["pid"]) == (1, "partial", pid)
    assert told["services"]["recorder"]["state"] == ("running" if port else "not-ready")
    assert said in answered.stderr
    if port:
        up()
        assert (home / "stack.json").exists()
