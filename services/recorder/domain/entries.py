"""Taking back and correcting: one decision over what stands, what would go, and what rests on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from schemas import entries as contract
from schemas import erasure as erasure_contract
from schemas.catalogue import EVENTS
from services.recorder.domain import subjects
from services.recorder.domain.core import (
    Action,
    Changes,
    Decision,
    Event,
    Key,
    Overlay,
    Rejection,
    State,
    States,
    make,
    unknown,
)

# --- state ---


class Revocation(State):
    """By which event an event was revoked."""

    by: str | None = None


# --- evolve ---


def evolve(states: States, event: Event, data: contract.Event) -> Changes:
    """Apply a revocation: the revoked fact goes, and the event is marked."""
    before = revoked_fact(event, data)
    changes = subjects.of_event(before.data).withdraw(states, before, before.data)
    changes[event.key("revocation", data.event)] = Revocation(by=event.id)
    return changes


def revoked_fact(event: Event, data: contract.Event) -> Event:
    """The event that a revocation took back, as it stood."""
    model = EVENTS[data.fact.type]
    return event._replace(id=data.event, time=data.fact.time, data=model.model_validate(data.fact.data))


# --- decide ---


def reads(action: Action, data: contract.Action) -> Iterator[Key]:
    """The mark on the event, what the event touched, and what its replacement reads."""
    yield action.key("revocation", data.event)
    target = action.target
    if target is not None and not isinstance(target.data, contract.Event):
        yield from subjects.of_event(target.data).touched(target, target.data)
    if action.replacement is not None:
        yield from subjects.of_action(action.replacement.data).reads(action.replacement, action.replacement.data)


def decide(states: States, action: Action, data: contract.Action) -> Decision:
    """Decide a revocation or a correction."""
    target = action.target
    if target is None:
        return unknown("event", data.event)
    if isinstance(target.data, contract.Event | erasure_contract.Event):
        return _not_revocable(data.event)
    mark = states.of(Revocation, action.key("revocation", data.event))
    if mark.by is not None:
        return _already(data.event, mark.by)
    match data:
        case contract.RevokeEntry():
            return _revoke(states, action, data, target)
        case contract.CorrectEntry():
            return _correct(states, action, data, target)
        case never:
            assert_never(never)


def _revoke(states: States, action: Action, data: contract.RevokeEntry, target: Event) -> Decision:
    revocation, after = _without(states, action, data, target)
    return subjects.upheld(after, target) or [revocation]


def _correct(states: States, action: Action, data: contract.CorrectEntry, target: Event) -> Decision:
    if action.replacement is None:
        raise AssertionError(action.id)
    revocation, after = _without(states, action, data, target)
    subject = subjects.of_action(action.replacement.data)
    decided = subject.decide(after, action.replacement, action.replacement.data)
    if isinstance(decided, Rejection):
        return decided
    (fact,) = decided
    if type(fact.data) is not type(target.data):
        return _other_type(target)
    fact = fact._replace(data=fact.data.model_copy(update={"corrects": target.id}))
    after.apply(subject.evolve(after, fact, fact.data))
    return subjects.upheld(after, target) or [revocation, fact]


def _without(states: States, action: Action, data: contract.Action, target: Event) -> tuple[Event, Overlay]:
    fact = contract.Fact(type=target.data.TYPE, time=target.time, data=target.data.payload())
    revoked = contract.EntryRevoked(
        event=data.event, reason=data.reason, fact=fact, late_reason=data.late_reason, stamps=target.data.stamps
    )
    event = make(action, target.stream, revoked)
    after = Overlay(states)
    after.apply(evolve(states, event, revoked))
    return event, after


def _already(event: str, by: str) -> Rejection:
    return Rejection(
        "already-revoked",
        f"The event {event} was revoked by {by}. To record the fact again, send it as a new action.",
        f"事件 {event} 已被 {by} 撤销。如需重新登记，请作为新的操作发送。",
    )


def _not_revocable(event: str) -> Rejection:
    return Rejection(
        "not-revocable",
        f"The event {event} is a revocation, an erasure or a hold: it stands. "
        "A revoked fact is sent again as a new action, a hold is lifted.",
        f"事件 {event} 是撤销、删除或保全记录，不能再撤销。被撤销的事实可作为新的操作重新发送，保全可解除。",
    )


def _other_type(target: Event) -> Rejection:
    return Rejection(
        "invalid-field",
        f"The replacement's type does not record a {target.data.TYPE}; "
        "a correction keeps the type of what it corrects.",
        f"更正内容的类型与原事件 {target.data.TYPE} 不一致；更正不得改变类型。",
    )
