"""Processes of the services' programs, forked from one that has imported their code: of a start, that takes longest.

What is born here is a process like any other, with a pid, an environment and output of its own, and SIGKILL ends it for
good. A small one beside it, its guard, waits for it and tells how it ended.

    >>> process = Process("services.recorder.cli", ["status"], os.environ, 1, 2)
    >>> process.wait(30)
    3
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn, Self

from tests.support.patience import PATIENCE

_ROOT: Final = Path(__file__).parents[2]
_PROGRAMS: Final = ("services.recorder.cli", "services.projector.cli")
_NUMBER: Final = struct.Struct("i")
_lock = threading.Lock()
_begun: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []  # where to ask, and who answers; one a process


class Process:
    """``module.main()`` with these arguments; what it writes goes to the two open files. Used as a ``Popen`` is."""

    def __init__(self, module: str, arguments: Sequence[str], env: Mapping[str, str], out: int, err: int) -> None:
        self.returncode: int | None = None
        self._guard, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(_nursery(), [b"+"], [theirs.fileno(), out, err])
        self._guard.sendall(json.dumps([module, list(arguments), dict(env)]).encode() + b"\n")
        self.pid = self._told()

    def poll(self) -> int | None:
        """The exit code once it has ended, negative for the signal that killed it."""
        if self.returncode is None and select.select([self._guard], [], [], 0)[0]:
            self.returncode = self._told()
            self._guard.close()
        return self.returncode

    def wait(self, seconds: float) -> int:
        """Wait for the exit code; TimeoutExpired where it doesn't come in time."""
        if self.returncode is None:
            select.select([self._guard], [], [], seconds)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), seconds)
        return code

    def kill(self) -> None:
        """End it as a power cut would."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _told(self) -> int:
        number: int = _NUMBER.unpack(self._guard.recv(_NUMBER.size, socket.MSG_WAITALL))[0]
        return number


class Piped(Process):
    """The same, whose output is read from pipes; as a context manager it is waited for."""

    def __init__(self, module: str, arguments: Sequence[str], env: Mapping[str, str]) -> None:
        (told, out), (complained, err) = os.pipe(), os.pipe()
        self.stdout, self.stderr = os.fdopen(told, "rb"), os.fdopen(complained, "rb")
        try:
            super().__init__(module, arguments, env, out, err)
        finally:
            os.close(out)
            os.close(err)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.stderr.close()
        self.wait(PATIENCE)


def _nursery() -> socket.socket:
    """Where to ask; it ends when nobody can ask any more."""
    with _lock:
        if not _begun:
            ours, theirs = socket.socketpair()
            with theirs:
                _begun.append(
                    (ours, subprocess.Popen([sys.executable, "-m", __name__], cwd=_ROOT, stdin=theirs.fileno()))
                )
        return _begun[0][0]


def _main() -> None:
    """Import everything; then fork a guard for each request."""
    for program in _PROGRAMS:
        for command in import_module(program)._COMMANDS:
            command.load()
    gc.freeze()  # collecting would touch, and so copy, all that the processes share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for guards
    with socket.socket(fileno=os.dup(0)) as asked:
        while True:
            more, files, _, _ = socket.recv_fds(asked, 1, 3)
            if not more:
                return
            if not os.fork():
                break
            for file in files:
                os.close(file)
    _guard(*files)


def _guard(conversation: int, out: int, err: int) -> None:
    """Become two: one runs the program, the other one tells its pid, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(fileno=conversation) as told, told.makefile("rb") as lines:
        module, arguments, env = json.loads(lines.readline())
        if pid := os.fork():
            _stand_by(told, pid)
    _become(module, arguments, env, out, err)


def _stand_by(told: socket.socket, pid: int) -> NoReturn:
    """Tell how it ends; and end it where whoever asked for it is gone, killed perhaps."""
    told.sendall(_NUMBER.pack(pid))
    ended = os.pidfd_open(pid)
    if ended not in select.select([told.fileno(), ended], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        told.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(module: str, arguments: list[str], env: dict[str, str], out: int, err: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, file in enumerate((out, err), 1):
        os.dup2(file, number)
        os.close(file)
    # What there was knows that it writes to a file; this may be a pipe.
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    os.environ.clear()
    os.environ.update(env)
    program = import_module(module)
    sys.modules["__main__"], sys.argv = program, [str(program.__file__), *arguments]
    program.main()


if __name__ == "__main__":
    _main()
