"""Ports on loopback: the preferred one, or the next that nobody uses."""

from __future__ import annotations

import socket

from deploy.local.errors import StackError

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


def choose(service: str, preferred: int, taken: set[int]) -> int:
    """Return the first free port from the preferred one on, within 100."""
    last = min(preferred + _SPAN, 65536)
    for port in range(preferred, last):
        if port not in taken and is_free(port):
            return port
    raise StackError("no_port", service=service, first=preferred, last=last - 1)
