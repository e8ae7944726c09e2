"""Heart-to-heart talks: who with whom, and which pair of tiers that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from schemas import talk as contract
from schemas.base import Tier
from services.recorder.domain import named, people
from services.recorder.domain.core import Action, Changes, Decision, Event, Key, Rejection, States, make, reused

ONE_TO_ONE = 2
GROUP_AT_LEAST = 3
PAIRS: dict[tuple[Tier, Tier], contract.Pair] = {
    ("leadership", "leadership"): "leadership-leadership",
    ("leadership", "section-head"): "leadership-section-head",
    ("leadership", "staff"): "leadership-staff",
    ("section-head", "staff"): "section-head-staff",
}


# --- evolve ---


def evolve(states: States, event: Event, data: contract.Event) -> Changes:
    """Apply a talk."""
    return named.taken(states, event, "talk", data.talk) | people.named(
        states, event, {data.initiator, *data.participants}
    )


def withdraw(states: States, event: Event, data: contract.Event) -> Changes:
    """Take a talk back."""
    return named.freed(states, event, "talk", data.talk)


def touched(event: Event, data: contract.Event) -> Iterator[Key]:
    """The talk and its members."""
    yield event.key("talk", data.talk)
    yield from (event.key("person", who) for who in (data.initiator, *data.participants))


# --- decide ---


def reads(action: Action, data: contract.Action) -> Iterator[Key]:
    """The talk and its members."""
    yield action.key("talk", data.talk)
    yield from (action.key("person", who) for who in data.members())


def decide(states: States, action: Action, data: contract.Action) -> Decision:
    """Decide a talk."""
    before = states.of(named.Named, action.key("talk", data.talk)).event
    if before:
        return reused("talk", data.talk, before)
    members = data.members()
    if rejection := _too_few(data, members) or people.missing(states, action, members):
        return rejection
    fact = contract.TalkHeld(
        talk=data.talk, initiator=data.initiator, participants=data.participants, mode=data.mode,
        pair=_pair(states, action, members) if data.mode == "one-to-one" else None,
        topics=action.sealed.get("topics"), note=action.sealed.get("note"), guide=data.guide,
        late_reason=data.late_reason,
        stamps=tuple(people.person(states, action, who).placed(who, action.day) for who in members),
    )  # fmt: skip
    return [make(action, f"talk/{data.talk}", fact)]


def _too_few(data: contract.Action, members: tuple[str, ...]) -> Rejection | None:
    if data.mode == "one-to-one" and len(members) != ONE_TO_ONE:
        return Rejection(
            "talk-not-two",
            f"A one-to-one talk is between two persons; initiator and participants are {len(members)}.",
            f"一对一谈话须在两人之间进行；发起人与参加人共 {len(members)} 人。",
        )
    if data.mode == "group" and len(members) < GROUP_AT_LEAST:
        return Rejection(
            "talk-too-few",
            f"A group talk has three persons or more; initiator and participants are {len(members)}.",
            f"集体谈话须有三人以上；发起人与参加人共 {len(members)} 人。",
        )
    return None


def _pair(states: States, action: Action, members: tuple[str, ...]) -> contract.Pair:
    """The pair by the highest tier each holds on the talk's day; ``peer`` outside the four."""
    tiers = [people.person(states, action, who).highest(action.day) for who in members]
    if None in tiers:
        return "peer"
    higher, lower = sorted(cast("list[Tier]", tiers), key=people.HIGHEST.index)
    return PAIRS.get((higher, lower), "peer")
