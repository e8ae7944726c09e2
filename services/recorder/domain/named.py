"""Things of which deciding needs to know one thing only: that their id is taken (talks, outputs, visits)."""

from __future__ import annotations

from services.recorder.domain.core import Changes, Event, State, States


class Named(State):
    """The event that took the id, if one did and stands."""

    event: str | None = None


def taken(states: States, event: Event, kind: str, ident: str) -> Changes:
    """The id stands for this event now."""
    key = event.key(kind, ident)
    return {key: states.of(Named, key).but(event=event.id)}


def freed(states: States, event: Event, kind: str, ident: str) -> Changes:
    """The id may be used again."""
    key = event.key(kind, ident)
    return {key: states.of(Named, key).but(event=None)}
