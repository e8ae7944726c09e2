"""That an event was revoked, and by which: a mark that stays."""

from services.recorder.domain.deciding.core import State, state


@state("revocation")
class Revocation(State):
    """By which event an event was revoked."""

    by: str | None = None
