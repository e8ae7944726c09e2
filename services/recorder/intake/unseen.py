"""Where an action has characters that nobody sees: refused, in whatever field, since people will look at it."""

from typing import Any, Final

from schemas.catalogue import ACTIONS
from services.common.telling.explain import FieldError, escaped, said
from services.common.telling.visible import unseen
from services.recorder.intake.explain import MOST_TOLD

# What is written at length, and sealed: it may have lines.
_AT_LENGTH: Final = frozenset(name for model in ACTIONS.values() for name in model.SEALED) - {"name", "title"}


def unseen_in(fields: dict[str, Any], raw: bytes) -> tuple[FieldError, ...]:
    """Where they are. ``raw`` is what the fields were parsed from: most often a look at that is enough."""
    if b"\\" not in raw and raw.decode(errors="replace").isprintable():
        return ()
    found: list[FieldError] = []
    # A stack of its own: what can be parsed may be deeper than Python's.
    waiting: list[tuple[str, Any, bool]] = [("", fields, False)]
    while waiting and len(found) < MOST_TOLD:
        pointer, value, breaks = waiting.pop()
        if isinstance(value, str):
            if point := unseen(value, breaks=breaks):
                found.append(said("unseen", pointer, {"point": point}))
        elif isinstance(value, dict):
            for name, item in value.items():
                here = f"{pointer}/{escaped(name)}"
                if point := unseen(name):
                    found.append(said("unseen", here, {"point": point}))
                waiting.append((here, item, breaks or name in _AT_LENGTH))
        elif isinstance(value, list):
            waiting.extend((f"{pointer}/{index}", item, breaks) for index, item in enumerate(value))
    return tuple(found)
