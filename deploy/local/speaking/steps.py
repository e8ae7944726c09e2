"""How the commands that start, stop and look say what they do, and what stops them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.status import Status

from deploy.local.errors import StackError
from deploy.local.paths import Home
from deploy.local.speaking.messages import Lang, text
from services.common.home import home_folder

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)


def at(given: Path | None) -> Home:
    """The data folder's files."""
    return Home.at(home_folder(given))


class Steps:
    """Shows steps: what is being done with a spinner, what is done as a line. Without a terminal, all as lines."""

    def __init__(self, status: Status, lang: Lang) -> None:
        self._status = status
        self._lang = lang

    def __call__(self, key: str, **values: object) -> None:
        """Show one."""
        line = text(self._lang, key, **values)
        if out.is_terminal and line.endswith("…"):
            self._status.update(line)
        else:
            out.print(f"{'✓' if key == 'ready' else '·'} {line}", markup=False)


@contextmanager
def steps(lang: Lang) -> Iterator[Steps]:
    """Show what `up` and `down` do, and what stops them."""
    with explained(lang), out.status("…") as spinner:
        yield Steps(spinner, lang)


@contextmanager
def explained(lang: Lang) -> Iterator[None]:
    """Turn what an operator can mend into a message and exit code 1; anything else is a bug and shows itself."""
    try:
        yield
    except StackError as error:
        _fail(text(lang, error.key, **error.values))
    except KeyboardInterrupt:
        _fail(text(lang, "interrupted"))
    except OSError as error:
        key = "disk_full" if error.errno in _FULL else "os_error"
        reason = error.strerror or str(error)
        _fail(text(lang, key, reason=f"{error.filename}: {reason}" if error.filename else reason))


def _fail(message: str) -> None:
    err.print(message, style="bold red", markup=False)
    raise typer.Exit(1)
