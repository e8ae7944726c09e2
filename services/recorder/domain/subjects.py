"""Which subject an action or an event belongs to: the one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol, get_args

from schemas import erasure as erasure_contract
from schemas import learning as learning_contract
from schemas import people as people_contract
from schemas import talk as talk_contract
from schemas import welfare as welfare_contract
from schemas import work as work_contract
from schemas.base import ActionData, EventData
from services.recorder.domain import erasure, learning, people, talk, welfare, work
from services.recorder.domain.core import Action, Changes, Decision, Event, Key, Rejection, States


class Subject(Protocol):
    """What a subject's module holds. ``data`` is the action's or event's own, of the subject's union."""

    def reads(self, action: Action, data: Any, /) -> Iterator[Key]: ...  # noqa: ANN401, D102
    def touched(self, event: Event, data: Any, /) -> Iterator[Key]: ...  # noqa: ANN401, D102
    def decide(self, states: States, action: Action, data: Any, /) -> Decision: ...  # noqa: ANN401, D102
    def evolve(self, states: States, event: Event, data: Any, /) -> Changes: ...  # noqa: ANN401, D102
    def withdraw(self, states: States, event: Event, data: Any, /) -> Changes: ...  # noqa: ANN401, D102


_PAIRS: Final[tuple[tuple[Any, Any], ...]] = (
    (people_contract, people),
    (erasure_contract, erasure),
    (learning_contract, learning),
    (talk_contract, talk),
    (work_contract, work),
    (welfare_contract, welfare),
)


def _types(union: Any) -> tuple[type, ...]:  # noqa: ANN401  # a union, or the one model it has
    return get_args(union) or (union,)


_ACTIONS: Final[dict[type, Subject]] = {m: s for contract, s in _PAIRS for m in _types(contract.Action)}
_EVENTS: Final[dict[type, Subject]] = {m: s for contract, s in _PAIRS for m in _types(contract.Event)}


def of_action(data: ActionData) -> Subject:
    """The subject that decides this action. KeyError where none does."""
    return _ACTIONS[type(data)]


def of_event(data: EventData) -> Subject:
    """The subject that this event changes. KeyError where it is a revocation."""
    return _EVENTS[type(data)]


def reads_more(states: States, action: Action) -> Iterable[Key]:
    """Keys that only loaded states name: overlapping sessions."""
    data = action.data
    if isinstance(data, learning_contract.ConveneSession | learning_contract.RecordAttendance):
        return learning.reads_more(states, action, data)
    return ()


def touched_more(states: States, event: Event) -> Iterable[Key]:
    """The same for an event that is to be taken back."""
    if isinstance(event.data, learning_contract.Event):
        return learning.touched_more(states, event, event.data)
    return ()


def upheld(states: States, event: Event) -> Rejection | None:
    """Whether what rests on the event holds in these states.

    Only people and learning have facts that others rest on.
    """
    if isinstance(event.data, learning_contract.Event):
        return learning.upheld(states, event, event.data)
    if isinstance(event.data, people_contract.Event):
        return people.upheld(states, event, event.data)
    return None
