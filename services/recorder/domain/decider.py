"""The one door to the domain: what to load, what to decide, what changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

from schemas import entries as entries_contract
from schemas.learning import AttendanceRecorded
from services.recorder.domain import entries, erasure, learning, subjects
from services.recorder.domain.core import AHEAD, Action, Changes, Decision, Event, Key, Overlay, Rejection, States


def reads(action: Action) -> Iterator[Key]:
    """Every state that the action itself names."""
    fact = action.replacement or action
    if fact.sealed:
        yield fact.key(erasure.KIND, fact.data.owner())
    if isinstance(action.data, entries_contract.Action):
        yield from entries.reads(action, action.data)
    else:
        yield from subjects.of_action(action.data).reads(action, action.data)


def reads_more(states: States, action: Action) -> Iterable[Key]:
    """Every state that only the loaded ones name."""
    more = subjects.reads_more(states, action.replacement or action)
    return more if action.target is None else chain(more, subjects.touched_more(states, action.target))


def decide(states: States, action: Action, now: datetime) -> Decision:
    """Events, or why not. ``now`` comes from outside; actions of more than five minutes ahead of it wait."""
    if action.moment - now > AHEAD or (action.replacement and action.replacement.moment - now > AHEAD):
        return _not_yet(action)
    fact = action.replacement or action
    if fact.sealed and (refusal := erasure.keyless(states, fact)):
        return refusal
    if isinstance(action.data, entries_contract.Action):
        return entries.decide(states, action, action.data)
    return subjects.of_action(action.data).decide(states, action, action.data)


def evolve(states: States, event: Event) -> Changes:
    """What the event makes of the states that it touches."""
    if isinstance(event.data, entries_contract.Event):
        return entries.evolve(states, event, event.data)
    return subjects.of_event(event.data).evolve(states, event, event.data)


def evolve_all(states: States, events: Sequence[Event]) -> Changes:
    """What the events of one decision make of the states that they touch: one after the other, a roll at once."""
    if len(events) == 1:
        return evolve(states, events[0])
    if len({event.stream for event in events}) == 1 and all(type(e.data) is AttendanceRecorded for e in events):
        return learning.evolve_roll(states, events)
    after = Overlay(states)
    for event in events:
        after.apply(evolve(after, event))
    return after.changes


def touched(event: Event) -> Iterable[Key]:
    """Every state that evolving by this event needs, as far as the event names them."""
    if isinstance(event.data, entries_contract.Event):
        before = entries.revoked_fact(event, event.data)
        mark = event.key("revocation", event.data.event)
        return (mark, *subjects.of_event(before.data).touched(before, before.data))
    return subjects.of_event(event.data).touched(event, event.data)


def _not_yet(action: Action) -> Rejection:
    return Rejection(
        "not-yet",
        f"The time {action.time} lies more than 5 minutes ahead. "
        "Send it again when it has happened, or mend the clock.",
        f"时间 {action.time} 超前 5 分钟以上。请在事情发生后再发送，或校正时钟。",
    )
