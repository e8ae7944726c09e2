"""Every type of action and event by its stored name, and which event an action becomes: found, not listed."""

from typing import Final, TypeVar

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting, selection
from schemas.base import ActionData, EventData, Fields
from schemas.entries import following
from schemas.entries import taking as entries
from schemas.learning import courses, meeting, planning
from schemas.learning import sessions as learning
from schemas.life import spirit, talk, team, welfare, work
from schemas.people import cadres as people
from schemas.people import discipline, erasure, goals

F = TypeVar("F", bound=Fields)
_GROUPS: Final = (
    people,
    goals,
    discipline,
    erasure,
    planning,
    learning,
    meeting,
    courses,
    talk,
    work,
    team,
    welfare,
    spirit,
    appraisal,
    posting,
    selection,
    following,
    entries,
)


def _types(base: type[F]) -> dict[str, type[F]]:
    """The types of a kind, in the order of their declarations."""
    found = [value for group in _GROUPS for value in vars(group).values() if isinstance(value, type)]
    return {value.TYPE: value for value in found if issubclass(value, base) and "TYPE" in value.__dict__}


ACTIONS: Final[dict[str, type[ActionData]]] = _types(ActionData)
EVENTS: Final[dict[str, type[EventData]]] = _types(EventData)

# What an action becomes; correct-entry becomes a revocation and whatever its replacement becomes.
BECOMES: Final[dict[str, str]] = {event.ACTION.TYPE: event.TYPE for event in EVENTS.values()}
