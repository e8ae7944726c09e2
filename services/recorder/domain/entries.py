"""Taking back and correcting: one decision over what stands, what would go, and what rests on it."""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeGuard, get_args

from schemas.base import Fields
from schemas.catalogue import EVENTS
from schemas.entries import taking as contract
from services.recorder.domain.deciding import facts
from services.recorder.domain.deciding.core import (
    Action,
    Changes,
    Decision,
    Event,
    Key,
    Overlay,
    Rejection,
    States,
    make,
    unknown,
)
from services.recorder.domain.deciding.revocation import Revocation
from services.recorder.domain.erasure import NEVER_TAKEN_BACK

Taking = contract.RevokeEntry | contract.CorrectEntry
_TAKING: Final = frozenset(get_args(Taking))


def takes_back(data: Fields) -> TypeGuard[Taking]:
    """Whether an action takes an event back. By its very type: ``isinstance`` of models costs ten times that."""
    return type(data) in _TAKING


# --- evolve ---


def evolve(states: States, event: Event, data: contract.EntryRevoked) -> Changes:
    """Apply a revocation: the revoked fact goes, and the event is marked."""
    mark = event.key("revocation", data.event)
    return {**facts.withdraw(states, revoked_fact(event, data)), mark: Revocation(by=event.id)}


def revoked_fact(event: Event, data: contract.EntryRevoked) -> Event:
    """The event that a revocation took back, as it stood."""
    model = EVENTS[data.fact.type]
    return event._replace(id=data.event, time=data.fact.time, data=model.model_validate(data.fact.data))


# --- decide ---


def reads(action: Action, data: Taking) -> Iterator[Key]:
    """The mark on the event, what the event touched, what may rest on it, and what its replacement reads."""
    yield action.key("revocation", data.event)
    yield action.key(facts.CITED, data.event)
    target = action.target
    if target is not None and not isinstance(target.data, contract.EntryRevoked):
        yield from facts.touched(target, target.data)
        yield from action.naming
    if action.replacement is not None:
        yield from facts.reads(action.replacement, action.replacement.data)


def decide(states: States, action: Action, data: Taking, fact: Callable[..., Decision]) -> Decision:
    """Decide a revocation or a correction; ``fact(states, action)`` decides what should stand instead."""
    target = _target(states, action, data)
    if isinstance(target, Rejection):
        return target
    revocation, after = _without(states, action, data, target)
    events = [revocation]
    opened = facts.reopened(after, target)
    for closing in opened:
        after.apply(facts.withdraw(after, closing))
    if action.replacement is not None:
        decided = fact(after, action.replacement)
        if isinstance(decided, Rejection):
            return decided
        if len(decided) != 1 or type(decided[0].data) is not type(target.data):
            return Rejection(
                "invalid-field",
                f"The replacement doesn't record exactly one {target.data.TYPE}; "
                "a correction keeps the type of what it corrects.",
                f"更正内容不是恰好一项 {target.data.TYPE}；更正不得改变原事件的类型。",
            )
        kept = {"corrects": target.id, "proposal": target.data.__dict__.get("proposal")}
        events.append(decided[0]._replace(data=decided[0].data.model_copy(update=kept)))
        after.apply(facts.evolve(after, events[-1]))
    if opened:
        events += _with_it(after, action, [*opened, *facts.fallen(after, target)], len(events))
        events[0] = _saying(revocation, opened)
    return facts.upheld(after, target, action.naming) or events


def _target(states: States, action: Action, data: Taking) -> Event | Rejection:
    """What is to be taken back, where that can be."""
    if action.target is None:
        return unknown("event", data.event)
    if isinstance(action.target.data, (contract.EntryRevoked, *NEVER_TAKEN_BACK)):
        return Rejection(
            "not-revocable",
            f"The event {data.event} is a revocation, an erasure or a hold: it stands. "
            "A revoked fact is sent again as a new action, a hold is lifted.",
            f"事件 {data.event} 是撤销、删除或保全记录，不能再撤销。被撤销的事实可作为新的操作重新发送，保全可解除。",
        )
    mark = states.of(Revocation, action.key("revocation", data.event))
    if mark.by is None:
        return action.target
    return Rejection(
        "already-revoked",
        f"The event {data.event} was revoked by {mark.by}. To record the fact again, send it as a new action.",
        f"事件 {data.event} 已被 {mark.by} 撤销。如需重新登记，请作为新的操作发送。",
    )


def _without(states: States, action: Action, data: Taking, target: Event) -> tuple[Event, Overlay]:
    revoked = _revocation(target, reason=data.reason, late_reason=data.late_reason)
    event = make(action, target.stream, revoked)
    after = Overlay(states)
    after.apply(evolve(states, event, revoked))
    return event, after


def _revocation(target: Event, **more: Any) -> contract.EntryRevoked:  # noqa: ANN401  # its reason
    fact = contract.Fact(type=target.data.TYPE, time=target.time, data=target.data.payload())
    return contract.EntryRevoked(event=target.id, fact=fact, stamps=target.data.stamps, **more)


def _with_it(after: Overlay, action: Action, gone: list[Event], index: int) -> list[Event]:
    """What goes with it: taken back, too, each by an event of its own."""
    events: list[Event] = []
    for each in gone:
        revoked = _revocation(each, reason="withdrawn")
        events.append(make(action, each.stream, revoked, index + len(events)))
        after.apply(evolve(after, events[-1], revoked))
    return events


def _saying(revocation: Event, opened: list[Event]) -> Event:
    """The revocation, which says what it reopens."""
    return revocation._replace(data=revocation.data.model_copy(update={"reopens": tuple(each.id for each in opened)}))
