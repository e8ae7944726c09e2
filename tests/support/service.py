"""A service as a process of its own: started, killed, waited for, its log read."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from deploy.local.running.ports import choose
from deploy.local.running.readiness import readyz
from services.common.settings import Settings
from tests.support.nursery import Piped, Process
from tests.support.patience import PATIENCE
from tests.support.servers import far_ports

_REPOSITORY = Path(__file__).parents[2]
_KEPT = (
    "home",
    "kafka",
    "kafka_protocol",
    "kafka_passwords",
    "database_url",
    "tokens",
    "kek_file",
    "topic_prefix",
    "shards",
    "recorder_url",
    "projector_url",
)


class Service:
    """``<name> serve`` as a process; as a context manager it is killed at the end.

    >>> with Service("recorder", settings, fault="after-commit") as recorder:
    ...     recorder.wait_ready()
    ...     recorder.wait_exit()  # -9
    """

    def __init__(
        self, name: str, settings: Settings, *, fault: str | None = None, port: int | None = None, **env: str
    ) -> None:
        self.name = name
        self.port = port or choose(name, far_ports().recorder, set())
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = Path(settings.home) / f"{name}-{self.port}.log"
        self._env = {**os.environ, **environment(settings), "CHENGZHANG_HTTP_PORT": str(self.port), **env}
        if fault:
            self._env["CHENGZHANG_FAULT"] = fault
        self._process: Process | subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the process; does not wait for it."""
        with self.log_file.open("ab") as log:
            self._process = self._born(log.fileno())
        return self

    def _born(self, log: int) -> Process | subprocess.Popen[bytes]:
        return Process(f"services.{self.name}.cli", ["serve"], self._env, log, log)

    @property
    def process(self) -> Process | subprocess.Popen[bytes]:
        """Return the process, started."""
        assert self._process is not None, "start() first"
        return self._process

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self, seconds: float = PATIENCE) -> Self:
        """Wait for ``/readyz`` = 200; an AssertionError with the end of the log if the process ends or time is up."""
        end = time.monotonic() + seconds
        while not readyz(self.port).well:
            assert self.alive, f"{self.name} ended with {self.process.returncode}:\n{self.log()[-4000:]}"
            assert time.monotonic() < end, f"{self.name} not ready after {seconds} s:\n{self.log()[-4000:]}"
            time.sleep(0.1)
        return self

    def wait_exit(self, seconds: float = PATIENCE) -> int:
        """Wait until the process has ended; return its exit code (-9: killed)."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.alive:
            self.process.kill()
        if self._process:
            self._process.wait(PATIENCE)

    def stop(self, seconds: float = PATIENCE) -> int:
        """End it as an operator would; return its exit code."""
        if self.alive:
            self.process.terminate()
        return self.wait_exit(seconds)

    def log(self) -> str:
        """Return all it wrote."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Fresh(Service):
    """The same, run by an interpreter of its own, as an operator does it."""

    def _born(self, log: int) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", f"services.{self.name}.cli", "serve"]
        return subprocess.Popen(line, cwd=_REPOSITORY, env=self._env, stdout=log, stderr=log)


def command(settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    """``recorder …`` or ``projector …`` with these settings, started by an interpreter of its own, its output piped."""
    name, *rest = arguments
    line = [sys.executable, "-m", f"services.{name}.cli", *rest]
    given = {**os.environ, **environment(settings)}
    return subprocess.Popen(line, cwd=_REPOSITORY, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def piped(settings: Settings, *arguments: str) -> Piped:
    """The same, forked."""
    name, *rest = arguments
    return Piped(f"services.{name}.cli", rest, os.environ | environment(settings))


def ran(settings: Settings, *arguments: str, fault: str = "", **env: str) -> subprocess.CompletedProcess[bytes]:
    """``recorder …`` or ``projector …`` with these settings; how it ended, and what it wrote."""
    return ended(*arguments, **{**environment(settings), "CHENGZHANG_FAULT": fault, **env})


def ended(*arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """``recorder …`` or ``projector …`` with this in the environment; how it ended, and what it wrote."""
    name, *rest = arguments
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = Process(f"services.{name}.cli", rest, os.environ | env, out.fileno(), err.fileno())
        try:
            code = process.wait(PATIENCE)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, code, *map(_whole, (out, err)))


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def environment(settings: Settings) -> dict[str, str]:
    """What tells a process of these settings."""
    return {f"CHENGZHANG_{name.upper()}": str(getattr(settings, name)) for name in _KEPT}
