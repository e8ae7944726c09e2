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
    """A service did not come up; the end of what it logged says why. ``before``: how long its log was then."""

    def __init__(self, service: str, log: Path, before: int, *, died: bool) -> None:
        super().__init__("died" if died else "not_ready", service=service, log=log, tail=tail(log, before))


def tail(log: Path, before: int = 0) -> str:
    """Return the last lines of a log beyond a length, or of all where it was cut since; "–" where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(before if before <= log.stat().st_size else 0)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        lines = []
    return "\n".join(lines[-_TAIL:]) or "–"
