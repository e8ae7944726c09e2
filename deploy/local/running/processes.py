"""Start and stop the stack's daemons; never touch a process that is not ours."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from deploy.local.paths import Home
from deploy.local.running import launch

_POLL = 0.05
_SPAWN_SECONDS = 30
STOP_SIGNAL = signal.SIGTERM
GRACE_SECONDS = 30
_MARK = "STACK_RECORD"  # in a daemon's environment: which record is its own, should that be lost
_REAP_SECONDS = 1  # until init has removed the ended process from the list; some containers' init never does


@dataclass(frozen=True)
class Daemon:
    """How one service is run."""

    name: str
    command: list[str]
    log: Path
    env: dict[str, str]
    inherited: dict[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None
    folder: str = "/"
    code: str = ""  # what it runs, where that changes with an update

    @property
    def digest(self) -> str:
        """Changes with the command, its settings or its code: a running process with another digest is out of date.

        What it inherits of the caller's shell is not part of it, or every other terminal would restart the services.
        """
        return hashlib.sha256(json.dumps([self.command, self.env, self.code], sort_keys=True).encode()).hexdigest()


def start(home: Home, daemon: Daemon) -> None:
    """Start a daemon that outlives this command. It records itself; see ``launch``."""
    record = _record(home, daemon.name)
    for folder in (record.parent, daemon.log.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    plan = {
        "command": daemon.command,
        "digest": daemon.digest,
        "env": {**daemon.inherited, **daemon.env, _MARK: str(record)},
        "folder": daemon.folder,
        "log": str(daemon.log),
        "record": str(record),
        "user": daemon.user,
    }
    subprocess.run(
        [sys.executable, "-I", "-S", launch.__file__],
        input=json.dumps(plan),
        text=True,
        check=True,
        timeout=_SPAWN_SECONDS,
    )
    _until(record.exists, _SPAWN_SECONDS)


def find(home: Home, name: str) -> psutil.Process | None:
    """Return the running process of a service, or None. A reused pid is not it; one without a record is found, too."""
    noted = _read(home, name)
    if not noted:
        return min(_marked(str(_record(home, name))), key=lambda process: process.create_time(), default=None)
    try:
        process = psutil.Process(int(noted["pid"]))
        ours = not gone(process) and _same(process, noted)
    except (KeyError, ValueError, psutil.Error):
        return None
    return process if ours else None


def _marked(record: str) -> Iterator[psutil.Process]:
    """Processes with that mark: a daemon, and younger ones that it started."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == record:
                yield process


def listens(home: Home, name: str, port: int) -> bool:
    """Whether the process of a service listens on this port; where the system doesn't say, whether it runs."""
    process = find(home, name)
    try:
        return process is not None and any(
            found.status == psutil.CONN_LISTEN and found.laddr.port == port for found in process.net_connections("tcp")
        )
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return False


def digest(home: Home, name: str) -> str:
    """Return the digest that the recorded process was started with."""
    return _read(home, name).get("digest", "")


def logged_before(home: Home, name: str) -> int:
    """Return how long the log was when the recorded process began."""
    return int(_read(home, name).get("logged", 0))


def stop(home: Home, name: str, stop_signal: signal.Signals = STOP_SIGNAL) -> bool:
    """Stop a service politely, then firmly. False if it was not running."""
    process = find(home, name)
    if process is not None:
        _end(process, stop_signal)
    _record(home, name).unlink(missing_ok=True)
    return process is not None


def wait_gone(home: Home, name: str, seconds: float = GRACE_SECONDS) -> bool:
    """Wait until a service has ended; whether it has."""
    return _until(lambda: find(home, name) is None, seconds)


def _end(process: psutil.Process, stop_signal: signal.Signals) -> None:
    children = _children(process)
    for how, seconds in ((stop_signal, GRACE_SECONDS), (signal.SIGKILL, 10)):
        try:
            process.send_signal(how)
        except psutil.NoSuchProcess:
            break
        if _until(lambda: gone(process), seconds):
            break
    _until(lambda: not psutil.pid_exists(process.pid), _REAP_SECONDS)
    for child in children:  # a killed parent may leave some; a stopped one has none left
        if not _until(partial(gone, child), 5):
            child.kill()


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended, though its parent may not have noticed.

    A killed one with many threads is a zombie as soon as the first of them is dead; the last one closes its files.
    """
    try:
        if not process.is_running():
            return True
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


def _same(process: psutil.Process, noted: dict[str, str]) -> bool:
    if mark := launch.mark(process.pid):
        return mark == noted["mark"]
    # Elsewhere than on Linux: the record was written when the process was a few milliseconds old.
    return abs(process.create_time() - float(noted["noted"])) < 2  # noqa: PLR2004 - seconds


def _read(home: Home, name: str) -> dict[str, str]:
    path = _record(home, name)
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        return {**{key: str(value) for key, value in noted.items()}, "noted": str(path.stat().st_mtime)}
    except (OSError, ValueError, AttributeError):
        return {}


def _record(home: Home, name: str) -> Path:
    return home.run / f"{name}.json"


def _until(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL)
    return True
