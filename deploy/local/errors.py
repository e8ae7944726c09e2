"""Errors of the embedded stack.

StackError          something an operator can mend; its text says what is wrong and how
└── StartError      a service did not come up; carries its log
"""

from __future__ import annotations

from pathlib import Path

_TAIL = 15


class StackError(Exception):
    """Something the operator can mend. ``key`` names the message, ``values`` fill it."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(f"{key} {values}" if values else key)
        self.key = key
        self.values = values


class StartError(StackError):
    """A service did not come up; the end of its log says why."""

    def __init__(self, service: str, log: Path, *, died: bool) -> None:
        super().__init__("died" if died else "not_ready", service=service, log=log, tail=tail(log))


def tail(log: Path) -> str:
    """Return the last lines of a log, as far as there is one."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-_TAIL:])
