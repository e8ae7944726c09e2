"""How the stack tells what it does, without knowing to whom."""

from __future__ import annotations

from typing import Protocol


class Say(Protocol):
    """Tells the operator what is going on: a message key (see ``messages``) and what fills it."""

    def __call__(self, key: str, **values: object) -> None:
        """Show one step."""


def quiet(key: str, **values: object) -> None:
    """Say nothing."""
