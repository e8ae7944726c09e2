"""What stops a command that asks or publishes: a sentence that says what mends it, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say

FAILED: Final = 1
USAGE: Final = 2
NOT_RUNNING: Final = 3


class CommandError(Exception):
    """``key`` names the sentence in ``words``, ``values`` fill it."""

    def __init__(self, key: str, code: int = FAILED, **values: object) -> None:
        super().__init__(f"{key} {values}" if values else key)
        self.key = key
        self.code = code
        self.values = values


@contextmanager
def explained(lang: Lang) -> Iterator[None]:
    """Turn trouble into its sentence on standard error and its exit code; anything else is a bug and shows itself."""
    try:
        yield
    except CommandError as trouble:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(say(lang, trouble.key, **trouble.values), style="bold red", markup=False)
        raise typer.Exit(trouble.code) from None
    except BrokenPipeError:  # `office file P | head`: whoever reads has enough
        sys.stderr.close()
        raise typer.Exit(FAILED) from None
