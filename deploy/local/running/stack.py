"""The embedded stack: start what is missing, stop all, tell how it stands."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.local.access.settling import settle
from deploy.local.errors import StackError, StartError
from deploy.local.paths import Home
from deploy.local.running import processes
from deploy.local.running import state as kept
from deploy.local.running.ports import LOOPBACK, Reserved, choose
from deploy.local.running.processes import Daemon
from deploy.local.running.readiness import ready
from deploy.local.running.state import Ports, State
from deploy.local.servers import kafka, postgres
from deploy.local.speaking.say import Say, quiet
from services.common.settings import Settings
from services.common.telling.rotating import rotate

RECORDER, PROJECTOR = "recorder", "projector"
SERVICES = (postgres.NAME, kafka.NAME, RECORDER, PROJECTOR)  # in the order of starting
_REPOSITORY = Path(__file__).parents[3]
_START_SECONDS = 300
_WAIT_FOR_OTHER_SECONDS = 600
_LEAST_DISK = 1024**3
_POLL = 0.05
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")


def up(home: Home, *, only: Sequence[str] = SERVICES, preferred: Ports | None = None, say: Say = quiet) -> State:
    """Start whatever is missing and wait until it is ready. Safe to repeat, and to interrupt."""
    _check_disk(home)
    with alone(home, say), Reserved() as ports:
        state = kept.load(home, preferred or Ports())
        kept.make_secrets(home)
        state = _place(home, _spoken(home, state), only, ports, say)
        kept.save(home, state)
        for name in SERVICES:
            rotate(home.log(name))
            if name in only:
                state = _brought_up(home, name, state, ports, say)
    return state


def down(home: Home, *, say: Say = quiet) -> list[str]:
    """Stop all services, last started first. Returns those that ran."""
    if not home.root.exists():
        return []
    with alone(home, say):
        return [name for name in reversed(SERVICES) if _stop(home, name, say)]


@dataclass(frozen=True, slots=True)
class Standing:
    """A service: ``running`` (and ready), ``not-ready`` or ``stopped``; what `/readyz` says, where it has one."""

    state: str
    pid: int | None = None
    said: dict[str, Any] | None = None


def status(home: Home) -> dict[str, Standing]:
    """Return how each service stands. What runs is found whatever became of the notes on it."""
    state = kept.known(home)
    return {name: _standing(home, name, state) for name in SERVICES}


def _standing(home: Home, name: str, state: State | None) -> Standing:
    process = processes.find(home, name)
    if process is None:
        return Standing("stopped")
    if state is None:  # nobody knows where to ask it
        return Standing("not-ready", process.pid)
    answer = ready(home, name, state)
    return Standing("running" if answer.well else "not-ready", process.pid, answer.said)


def _spoken(home: Home, state: State) -> State:
    """With TLS or without, as the settings have it; a broker that runs can't change."""
    asked = Settings.load(home.root).kafka_protocol
    if asked not in {"SASL_PLAINTEXT", "SASL_SSL"}:
        raise StackError("kafka_protocol", asked=asked)
    tls = asked == "SASL_SSL"
    if tls != state.tls and processes.find(home, kafka.NAME):
        raise StackError("kafka_runs_otherwise", asked=asked, home=home.root)
    return replace(state, tls=tls)


def _place(home: Home, state: State, only: Sequence[str], reserved: Reserved, say: Say) -> State:
    """Keep the ports of what runs; step over those that somebody else took, or is about to."""
    ports = state.ports
    missing = {name for name in only if processes.find(home, name) is None}
    if kafka.NAME in missing:
        missing.add("controller")
    taken = {getattr(ports, name) for name in (*SERVICES, "controller") if name not in missing}
    for name in sorted(missing):
        before = getattr(ports, name)
        port = choose(name, before, taken, reserved.takes)
        taken.add(port)
        if port != before:
            say("port_stepped", service=name, before=before, port=port)
            ports = replace(ports, **{name: port})
    return replace(state, ports=ports)


def _brought_up(home: Home, name: str, state: State, reserved: Reserved, say: Say) -> State:
    """Start it, on other ports where a program that knows nothing of ours took one in the meantime."""
    while True:
        try:
            _bring_up(home, name, state, say)
        except StartError:
            moved = _place(home, state, [name], reserved, say)
            if moved == state:
                raise
            kept.save(home, moved)
            state = moved
        else:
            return state


def _bring_up(home: Home, name: str, state: State, say: Say) -> None:
    daemon = None
    if name in {RECORDER, PROJECTOR}:
        daemon = service(home, name, state)
        if processes.find(home, name) and processes.digest(home, name) != daemon.digest:
            _check(daemon)
            say("restarting", service=name)  # its settings changed, a moved port for example, or its code
            processes.stop(home, name)
    if processes.find(home, name) is None:
        say("starting", service=name)
        processes.start(home, daemon or _database_or_broker(home, name, state, say))
    else:
        say("checking", service=name)
    _wait(home, name, state)
    if name == kafka.NAME:
        settle(home, kept.address(home, state), Settings.load(home.root).topic_prefix)
    say("ready", service=name, address=f"{LOOPBACK}:{getattr(state.ports, name)}")


def _database_or_broker(home: Home, name: str, state: State, say: Say) -> Daemon:
    if name == postgres.NAME:
        return postgres.daemon(home, state.ports.postgres, state.password, say)
    return kafka.daemon(home, kept.address(home, state), state.ports.controller, say)


def service(home: Home, name: str, state: State) -> Daemon:
    """How the recorder or the projector is run in this stack."""
    ours = {
        **{key: value for key, value in os.environ.items() if key.startswith("CHENGZHANG_")},
        **kept.settings(home, state),
        "CHENGZHANG_DATABASE_URL": postgres.shown_url(state.ports.postgres, home.pgpass, name),
        "CHENGZHANG_HOME": str(home.root),
        "CHENGZHANG_HTTP_PORT": str(getattr(state.ports, name)),
        "CHENGZHANG_LOG_FILE": str(home.log(name)),
    }
    return Daemon(
        name=name,
        command=_command(name),
        log=home.log(name),
        env=ours,
        inherited={key: os.environ[key] for key in _INHERITED if key in os.environ},
        folder=str(_REPOSITORY),
        code=_code(),
    )


@functools.cache
def _code() -> str:
    """A digest of what the services run: after an update the running ones are out of date."""
    found = hashlib.sha256()
    for folder in ("schemas", "services"):
        for path in sorted((_REPOSITORY / folder).rglob("*")):
            if path.suffix in {".py", ".sql"}:
                found.update(f"{path.relative_to(_REPOSITORY)}\0".encode())
                found.update(path.read_bytes())
    return found.hexdigest()


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", f"services.{name}.cli", "serve"]


def _check(daemon: Daemon) -> None:
    """Whether it would start with its new settings and code, asked before the one that runs is stopped."""
    ended = subprocess.run(
        [*daemon.command, "--check"],
        env={**daemon.inherited, **daemon.env},
        cwd=daemon.folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode:
        raise StackError("unfit", service=daemon.name, tail=(ended.stdout + ended.stderr)[-2000:].strip())


def _wait(home: Home, name: str, state: State) -> None:
    end = time.monotonic() + _START_SECONDS
    while not ready(home, name, state).well:
        died = processes.find(home, name) is None
        if died or time.monotonic() > end:
            raise StartError(name, home.log(name), processes.logged_before(home, name), died=died)
        time.sleep(_POLL)


def _stop(home: Home, name: str, say: Say) -> bool:
    if processes.find(home, name) is None:
        return processes.stop(home, name)  # forgets a stale record
    say("stopping", service=name)
    how = {postgres.NAME: postgres.STOP_SIGNAL}.get(name, processes.STOP_SIGNAL)
    return processes.stop(home, name, how)


def _check_disk(home: Home) -> None:
    existing = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    if (free := shutil.disk_usage(existing).free) < _LEAST_DISK:
        raise StackError("no_disk", folder=existing, free=free // 1024**2, least=_LEAST_DISK // 1024**2)


@contextlib.contextmanager
def alone(home: Home, say: Say) -> Iterator[None]:
    """Hold the home's lock. The system lets go of it when we end, however we end."""
    descriptor = _lock(home)
    try:
        if not _locked(descriptor):
            say("waiting_for_other", home=home.root)
            _poll(lambda: _locked(descriptor), home)
        yield
    finally:
        os.close(descriptor)


def _lock(home: Home) -> int:
    try:
        home.root.mkdir(mode=0o711, parents=True, exist_ok=True)  # PostgreSQL's user may have to pass; nobody may list
        return os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise StackError("home_is_file", home=home.root) from None
    except PermissionError as error:
        raise StackError("home_not_yours", home=home.root, reason=error.strerror) from None


def _poll(done: Callable[[], bool], home: Home) -> None:
    end = time.monotonic() + _WAIT_FOR_OTHER_SECONDS
    while not done():
        if time.monotonic() > end:
            raise StackError("other_at_work", home=home.root)
        time.sleep(_POLL)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
