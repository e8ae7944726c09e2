"""Ports on loopback: the preferred one, or the next that nobody uses."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

from deploy.local.errors import StackError
from deploy.local.paths import cache_folder

LOOPBACK = "127.0.0.1"
_SPAN = 100


def is_open(port: int) -> bool:
    """Whether somebody answers on this port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def is_free(port: int) -> bool:
    """Whether we could listen here. Binding alone does not tell on macOS when somebody listens on all addresses."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return not is_open(port)


class Reserved:
    """Ports that no other stack of this user takes meanwhile, from looking at them until something listens there.

    Each is a file that is locked: the system lets go of it when we end, however we end.
    """

    def __init__(self) -> None:
        self._locks: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for port in tuple(self._locks):
            os.close(self._locks.pop(port))

    def takes(self, port: int) -> bool:
        """Whether the port is ours until the end, which it is where it is free and nobody else is about to use it."""
        if port not in self._locks and not self._lock(port):
            return False
        if is_free(port):  # asked under the lock: who had it before has let go of it because it listens there now
            return True
        os.close(self._locks.pop(port))
        return False

    def _lock(self, port: int) -> bool:
        folder = cache_folder() / "ports"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._locks[port] = descriptor
        return True


def choose(service: str, preferred: int, taken: set[int], takes: Callable[[int], bool] = is_free) -> int:
    """Return the first port that may be taken, from the preferred one on, within 100."""
    last = min(preferred + _SPAN, 65536)
    for port in range(preferred, last):
        if port not in taken and takes(port):
            return port
    raise StackError("no_port", service=service, first=preferred, last=last - 1)
