"""Home visits. Care is not evidence: nothing here reaches a growth file."""

from __future__ import annotations

from collections.abc import Iterator

from schemas import welfare as contract
from services.recorder.domain import named, people
from services.recorder.domain.core import Action, Changes, Decision, Event, Key, States, make, reused, unknown

# --- evolve ---


def evolve(states: States, event: Event, data: contract.Event) -> Changes:
    """Apply a visit."""
    return named.taken(states, event, "visit", data.visit) | people.named(states, event, {data.person, *data.visitors})


def withdraw(states: States, event: Event, data: contract.Event) -> Changes:
    """Take a visit back."""
    return named.freed(states, event, "visit", data.visit)


def touched(event: Event, data: contract.Event) -> Iterator[Key]:
    """The visit and its people."""
    yield event.key("visit", data.visit)
    yield from (event.key("person", who) for who in (data.person, *data.visitors))


# --- decide ---


def reads(action: Action, data: contract.Action) -> Iterator[Key]:
    """The visit and its people."""
    yield action.key("visit", data.visit)
    yield from (action.key("person", who) for who in (data.person, *data.visitors))


def decide(states: States, action: Action, data: contract.Action) -> Decision:
    """Decide a visit. No action raises needs yet, so a need that is named cannot exist."""
    before = states.of(named.Named, action.key("visit", data.visit)).event
    if before:
        return reused("visit", data.visit, before)
    if rejection := people.missing(states, action, (data.person, *data.visitors)):
        return rejection
    if data.need is not None:
        return unknown("need", data.need)
    fact = contract.HomeVisitMade(
        visit=data.visit, person=data.person, occasion=action.sealed["occasion"], **{"class": data.class_},
        event_on=data.event_on, fund=data.fund, fen=data.fen, visitors=data.visitors, need=data.need,
        late_reason=data.late_reason,
        stamps=(people.person(states, action, data.person).placed(data.person, action.day),),
    )  # fmt: skip
    return [make(action, f"visit/{data.visit}", fact)]
