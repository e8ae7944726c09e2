"""Work outputs: one fact for lead and participants alike."""

from __future__ import annotations

from collections.abc import Iterator

from schemas import work as contract
from services.recorder.domain import named, people
from services.recorder.domain.core import Action, Changes, Decision, Event, Key, Rejection, States, make, reused

# --- evolve ---


def evolve(states: States, event: Event, data: contract.Event) -> Changes:
    """Apply an output."""
    return named.taken(states, event, "output", data.output) | people.named(
        states, event, {data.lead, *data.participants}
    )


def withdraw(states: States, event: Event, data: contract.Event) -> Changes:
    """Take an output back."""
    return named.freed(states, event, "output", data.output)


def touched(event: Event, data: contract.Event) -> Iterator[Key]:
    """The output and its people."""
    yield event.key("output", data.output)
    yield from (event.key("person", who) for who in (data.lead, *data.participants))


# --- decide ---


def reads(action: Action, data: contract.Action) -> Iterator[Key]:
    """The output and its people."""
    yield action.key("output", data.output)
    yield from (action.key("person", who) for who in data.members())


def decide(states: States, action: Action, data: contract.Action) -> Decision:
    """Decide an output."""
    before = states.of(named.Named, action.key("output", data.output)).event
    if before:
        return reused("output", data.output, before)
    if data.line == contract.CLASSIFIED and data.title is not None:
        return _classified()
    members = data.members()
    if rejection := people.missing(states, action, members):
        return rejection
    fact = contract.OutputFiled.trusted(
        output=data.output, lead=data.lead, participants=data.participants, line=data.line, title=data.title,
        count=data.count, level=data.level, effect=data.effect, guide=data.guide, late_reason=data.late_reason,
        corrects=None,
        stamps=tuple(people.person(states, action, who).placed(who, action.day) for who in members),
    )  # fmt: skip
    return [make(action, f"output/{data.output}", fact)]


def _classified() -> Rejection:
    return Rejection(
        "classified-title",
        "The line classified-communications takes counts, never titles. "
        "Leave the title out; give count if it is not 1.",
        "机要条线只计数量，不写标题。请去掉标题；数量不是 1 时填写 count。",
    )
