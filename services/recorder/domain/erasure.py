"""Erasing persons, and holds that forbid it.

An erased person's facts stay, under the id; what needs the person's key can't be recorded any more in that office.
Each office decides about its own, by its own retention period; the key goes with the last that has the person. Neither
an erasure nor a hold is ever taken back: a hold is lifted, and a key that is destroyed doesn't come again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, assert_never

from schemas import erasure as contract
from services.recorder.domain import people
from services.recorder.domain.core import (
    Action,
    Changes,
    Decision,
    Event,
    Key,
    Rejection,
    State,
    States,
    make,
    unknown,
)

KIND = "erasure"


# --- state ---


class Erasure(State):
    """Of a person in an office: the event that erased, and the events of the holds that stand, the oldest first."""

    erased: str | None = None
    holds: tuple[str, ...] = ()


# --- evolve ---


def evolve(states: States, event: Event, data: contract.Event) -> Changes:
    """Apply an erasure, or a hold's beginning or end."""
    key = event.key(KIND, data.person)
    state = states.of(Erasure, key)
    changes = people.named(states, event, (data.person,))
    match data:
        case contract.PersonErased():
            changes[key] = state.but(erased=event.id)
        case contract.HoldPlaced():
            changes[key] = state.but(holds=(*state.holds, event.id))
        case contract.HoldLifted():
            changes[key] = state.but(holds=tuple(hold for hold in state.holds if hold != data.hold))
        case never:
            assert_never(never)
    return changes


def withdraw(states: States, event: Event, data: contract.Event) -> Changes:  # noqa: ARG001  # as every subject has it
    """Nobody takes these back: ``entries`` refuses it."""
    raise AssertionError(event.id)


def touched(event: Event, data: contract.Event) -> Iterator[Key]:
    """The person."""
    yield from (event.key("person", data.person), event.key(KIND, data.person))


# --- decide ---


def reads(action: Action, data: contract.Action) -> Iterator[Key]:
    """The person."""
    yield from (action.key("person", data.person), action.key(KIND, data.person))


def decide(states: States, action: Action, data: contract.Action) -> Decision:
    """Decide an erasure, or a hold's beginning or end."""
    person = people.person(states, action, data.person)
    if not person.exists(action):
        return unknown("person", data.person)
    state = states.of(Erasure, action.key(KIND, data.person))
    if state.erased and not isinstance(data, contract.LiftHold):
        return erased(data.person)
    fact = _fact(state, person, action, data)
    return fact if isinstance(fact, Rejection) else [make(action, f"person/{data.person}", fact)]


def _fact(state: Erasure, person: people.Person, action: Action, data: contract.Action) -> contract.Event | Rejection:
    stamps = (person.placed(data.person, action.day),)
    given: dict[str, Any] = {
        "person": data.person,
        "basis": data.basis,
        "late_reason": data.late_reason,
        "stamps": stamps,
    }
    match data:
        case contract.ErasePerson():
            refusal = _held(data.person, state) or _retained(data.person, person, action)
            return refusal or contract.PersonErased(**given)
        case contract.PlaceHold():
            return contract.HoldPlaced(**given)
        case contract.LiftHold():
            return contract.HoldLifted(**given, hold=state.holds[0]) if state.holds else unknown("hold", data.person)
        case never:
            assert_never(never)


def keyless(states: States, action: Action) -> Rejection | None:
    """A rejection where sealed fields of this fact would need the key of somebody who was erased."""
    owner = action.data.owner()
    return erased(owner) if states.of(Erasure, action.key(KIND, owner)).erased else None


def erased(person: str) -> Rejection:
    """Nothing can be sealed, held or erased for that person any more."""
    return Rejection(
        "erased",
        f"{person} was erased, for ever: no text about this person can be recorded any more, and no hold placed.",
        f"{person} 已删除，不可恢复：不能再登记与其有关的文字内容，也不能再设保全。",
    )


def _held(person: str, state: Erasure) -> Rejection | None:
    if not state.holds:
        return None
    listed = ", ".join(state.holds)
    return Rejection(
        "on-hold",
        f"A hold forbids erasing {person}: {listed}. Lift it first, then send this again.",
        f"{person} 处于保全之中（{listed}），不能删除。请先解除保全，再重新发送。",
    )


def _retained(person: str, state: people.Person, action: Action) -> Rejection | None:
    """The retention period runs from the day on which the last post ended; for one who held none, from joining."""
    if not action.retention_days:
        return None
    days = action.retention_days
    if state.held(action.day):
        return _within(
            f"{person} holds a post, and files are kept for {days} days after the last one. End it first.",
            f"{person} 仍在任职，档案自最后一任职务结束起保存 {days} 天。请先登记免职。",
        )
    since = max((end.on for end in state.ends), default=state.joined_on)
    until = (date.fromisoformat(since) + timedelta(days=days)).isoformat()
    if action.day >= until:
        return None
    return _within(
        f"The file of {person} is kept until {until}. Send this again from that day on.",
        f"{person} 的档案须保存至 {until}。请在该日或之后重新发送。",
    )


def _within(en: str, zh: str) -> Rejection:
    return Rejection("within-retention", en, zh)
