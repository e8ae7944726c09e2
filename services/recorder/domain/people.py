"""Posts, their ends and moves: what they say of where a person sits from a day on."""

from typing import Any

from schemas import people as contract
from services.recorder.domain.core import Action, Event, Held, Rejection, States, rests, stamp, unknown
from services.recorder.domain.facts import Ruling, keeps, rule
from services.recorder.domain.timeline import Person, person

keeps(contract.PersonRegistered, "joined_on")
keeps(contract.PostAssumed, "tier", "section", "concurrent", "acting", "from_on")
keeps(contract.PostEnded, "on")
keeps(contract.PersonTransferred, "on")
keeps(contract.PartyRoleSet, "branch", "role", "from_on")


@rule(contract.AssumePost)
def sits_where_the_post_is(states: States, action: Action, data: contract.AssumePost) -> Ruling:
    """The stamp is the main post of the day on which it begins, this one counted."""
    members = {name: getattr(data, name) for name in ("post", "tier", "section", "concurrent", "from_on")}
    after = _with(person(states, action, data.person), Held(contract.PostAssumed.TYPE, action.time, members))
    return {"stamps": (after.placed(data.person, data.from_on),)}


@rule(contract.EndPost)
def ends_what_is_held(states: States, action: Action, data: contract.EndPost) -> Ruling:
    """Only a post that has begun by then and has no end yet; the stamp is what is held from then on."""
    state = person(states, action, data.person)
    ended = {fact.data["post"] for fact in state.of_type(contract.PostEnded).values()}
    if not any(p.data["post"] == data.post and p.begins <= data.on for p in state.posts()) or data.post in ended:
        return unknown("post", data.post)
    after = _with(state, Held(contract.PostEnded.TYPE, action.time, {"post": data.post, "on": data.on}))
    return {"stamps": (after.placed(data.person, data.on),)}


@rule(contract.TransferPerson)
def moves_the_main_post(states: States, action: Action, data: contract.TransferPerson) -> Ruling:
    """Of the day on which the move happens; the stamp names the new section."""
    main = person(states, action, data.person).main(data.on)
    if main is None:
        return unknown("post", f"{data.person} (main, {data.on})")
    return {"post": main.data["post"], "stamps": (stamp(data.person, data.to_section, main.data["tier"]),)}


def _with(state: Person, fact: Held) -> Person:
    return state.but(facts={**state.facts, "": fact})


def upheld(after: States, event: Event, data: Any) -> Rejection | None:  # noqa: ANN401  # any fact
    """A rejection where an end or a move of a post would come before its beginning."""
    if not isinstance(data, contract.PostAssumed):
        return None
    state = after.of(Person, event.key("person", data.person))
    begins = min((p.begins for p in state.posts() if p.data["post"] == data.post), default="9999")
    loose = [
        ident
        for model in (contract.PostEnded, contract.PersonTransferred)
        for ident, fact in state.of_type(model).items()
        if fact.data["post"] == data.post and fact.data["on"] < begins
    ]
    return rests(event.id, loose) if loose else None
