"""The one door to the domain: what to load, what to decide, what changes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeGuard

from schemas.base import Fields
from schemas.entries.taking import EntryRevoked
from schemas.learning.meeting import AttendanceRecorded, RecordAttendance
from schemas.people import erasure as contract
from services.recorder.domain import discipline, entries, erasure, goals, packs, people, proposing, talk, welfare, work
from services.recorder.domain.appraisal import evidence, grading, notice, order, review, routine, seats, telling
from services.recorder.domain.deciding import facts, timeline
from services.recorder.domain.deciding.core import (
    AHEAD,
    Action,
    Changes,
    Decision,
    Event,
    Key,
    Overlay,
    Rejection,
    States,
)
from services.recorder.domain.deciding.facts import Search
from services.recorder.domain.learning import courses, meeting, planning, roll, sessions, study
from services.recorder.domain.selection import choosing, honours, resting

SUBJECTS = (  # imported for the rules that they register
    timeline, people, discipline, erasure, packs, planning, sessions, roll, study, meeting, courses, talk, work,
    goals, welfare, proposing, entries,
    telling, evidence, order, grading, seats, routine, notice, review, choosing, honours, resting,
)  # fmt: skip
takes_back = entries.takes_back
check = facts.check
check()


def aims(data: Fields) -> TypeGuard[entries.Taking | proposing.Pointing]:
    """Whether an action is about an event that is recorded already."""
    return takes_back(data) or proposing.points(data)


def aimed(action: Action, target: Event, naming: tuple[Key, ...] = ()) -> Action:
    """The action with the event that it is about; ``naming``: states that may hold facts that rest on that."""
    if takes_back(action.data):
        return action._replace(target=target, naming=naming)
    return proposing.aimed(action, target)


def cites(action: Action) -> list[str]:
    """The recorded events that a fact names, by their ids; those that actions are about are ``aimed``."""
    data = (action.replacement or action).data
    ways = facts.cites(type(data))  # none, nearly always
    return [ident for way in ways for ident in way.ids(data.__dict__)] if ways and not aims(data) else []


def citing(action: Action, events: Mapping[str, Event]) -> Action:
    """The action with the events that it names, as far as they are recorded in its office."""
    cited = {ident: found for ident in cites(action) if (found := events.get(ident)) and found.office == action.office}
    if action.replacement is None:
        return action._replace(cited=cited)
    return action._replace(replacement=action.replacement._replace(cited=cited))


def reads(action: Action) -> list[Key]:
    """Every state that the action itself names."""
    if takes_back(action.data):
        keys = [*entries.reads(action, action.data)]
    elif proposing.is_own(action.data):
        keys = [*proposing.reads(action)]
    else:
        keys = facts.reads(action, action.data)
    fact = action.replacement or action
    if fact.sealed:
        keys.append(fact.key(erasure.KIND, str(fact.owner)))
    if contract.erases(fact.data):
        keys.append(fact.key(erasure.KIND, fact.data.person))
    return keys


def asks_more(action: Action) -> bool:
    """Whether there may be states that only loaded ones name."""
    fact = action.replacement or action
    return facts.asks_more(fact.data) or (action.target is not None and facts.asks_more(action.target.data))


def reads_more(states: States, action: Action) -> Iterable[Key]:
    """Every state that only the loaded ones name."""
    yield from facts.reads_more(states, action.replacement or action)
    if action.target is not None and takes_back(action.data):
        yield from facts.reads_more(states, action.target)


def searched(action: Action) -> Search | None:
    """Where states are to be searched for what may rest on the event that the action takes back: its ``naming``."""
    if action.target is None or isinstance(action.target.data, EntryRevoked):
        return None
    if not takes_back(action.data):
        return None
    return facts.searched(action.target)


def decide(states: States, action: Action, now: datetime) -> Decision:
    """Events, or why not. ``now`` comes from outside; actions of more than five minutes ahead of it wait."""
    fact = action.replacement or action
    if action.moment - now > AHEAD or fact.moment - now > AHEAD:
        return Rejection(
            "not-yet",
            f"The time {action.time} lies more than 5 minutes ahead. "
            "Send it again when it has happened, or mend the clock.",
            f"时间 {action.time} 超前 5 分钟以上。请在事情发生后再发送，或校正时钟。",
        )
    if contract.erases(fact.data):
        action = at(action, now)
    if fact.sealed and (refusal := erasure.keyless(states, fact)):
        return refusal
    if takes_back(action.data):
        return entries.decide(states, action, action.data, _fact)
    if proposing.is_own(action.data):
        return proposing.decide(states, action, _fact)
    return _fact(states, action)


def at(action: Action, now: datetime) -> Action:
    """The action with the time of deciding, for what depends on how long something waited."""
    replacement = None if action.replacement is None else at(action.replacement, now)
    return action._replace(now=now, replacement=replacement)


def _fact(states: States, action: Action) -> Decision:
    data = action.data
    if type(data) is RecordAttendance:
        return roll.attend(states, action, data)
    return facts.decide(states, action, data, timeline.stamps)


def evolve(states: States, event: Event) -> Changes:
    """What the event makes of the states that it touches."""
    data = event.data
    if type(data) is EntryRevoked:
        return entries.evolve(states, event, data)
    return facts.evolve(states, event)


def evolve_all(states: States, events: Sequence[Event]) -> Changes:
    """What the events of one decision make of the states that they touch: one after the other, a roll at once."""
    if len(events) == 1:
        return evolve(states, events[0])
    first = events[0].data
    if type(first) is AttendanceRecorded and all(type(event.data) is AttendanceRecorded for event in events):
        return roll.enter_roll(states, events, first.session)  # an action's roll is one session's
    after = Overlay(states)
    for event in events:
        after.apply(evolve(after, event))
    return after.changes


def touched(event: Event) -> Iterable[Key]:
    """Every state that evolving by this event needs, as far as the event names them."""
    if isinstance(event.data, EntryRevoked):
        before = entries.revoked_fact(event, event.data)
        return (event.key("revocation", event.data.event), *facts.touched(before, before.data))
    return facts.touched(event, event.data)
