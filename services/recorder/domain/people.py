"""Posts, their ends and moves: what they say of where a person sits from a day on. Secondments and long leaves."""

from collections.abc import Iterable, Mapping

from schemas.people import cadres as contract
from services.recorder.domain.deciding.core import Action, Event, Held, Key, Rejection, States, rests, stamp, unknown
from services.recorder.domain.deciding.facts import Ruling, becomes, keeps, needs_more, rule, thing, upholds
from services.recorder.domain.deciding.timeline import NO_END, Person, person

keeps(contract.PersonRegistered, "joined_on", "previous", "establishment", "probation_until")
keeps(contract.PostAssumed, "tier", "section", "concurrent", "acting", "managed_by", "from_on")
keeps(contract.PostEnded, "on")
keeps(contract.PersonTransferred, "on")
keeps(contract.PersonLeft, "on", "to")
keeps(contract.PartyRoleSet, "branch", "role", "from_on")
keeps(contract.RankSet)
keeps(contract.SecondmentStarted, "from_on", "kind", "direction")
keeps(contract.SecondmentEnded, "on")
keeps(contract.LongLeaveStarted, "from_on")
keeps(contract.LongLeaveEnded, "on")
keeps(contract.OfficeNamed)


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


@rule(contract.RecordLeaving)
def leaves_once(states: States, action: Action, data: contract.RecordLeaving) -> Ruling:
    """Whoever left leaves again only after a post that began later."""
    state = person(states, action, data.person)
    for event, fact in state.of_type(contract.PersonLeft).items():
        if not any(fact.data["on"] < post.begins <= data.on for post in state.posts()):
            return Rejection(
                "once-only",
                f"{data.person} left on {fact.data['on']} (event {event}), and took no post since. "
                "Correct that event, or revoke it first.",
                f"{data.person} 已于 {fact.data['on']} 离开（事件 {event}），此后没有任职。请更正该事件，或先撤销它。",
            )
    return None


def _with(state: Person, fact: Held) -> Person:
    return state.but(facts={**state.facts, "": fact})


# --- what ends: posts, secondments, long leaves, cases ---


@upholds(contract.PostAssumed)
def ends_and_moves_after_it_begins(after: States, event: Event, data: contract.PostAssumed) -> Rejection | None:
    """No end or move of a post comes before its beginning."""
    state = after.of(Person, event.key("person", data.person))
    begins = min((p.begins for p in state.posts() if p.data["post"] == data.post), default=NO_END)
    loose = [
        ident
        for model in (contract.PostEnded, contract.PersonTransferred)
        for ident, fact in state.of_type(model).items()
        if fact.data["post"] == data.post and fact.data["on"] < begins
    ]
    return rests(event.id, loose) if loose else None


@needs_more(contract.EndSecondment, contract.EndLongLeave)
def whose_end(states: States, action: Action, data: contract.EndSecondment | contract.EndLongLeave) -> Iterable[Key]:
    """The person of what ends."""
    for fact in _begun(states, action, data).values():
        yield from (action.key("person", fact.data["person"]), action.key("away", fact.data["person"]))


@rule(contract.EndSecondment, contract.EndLongLeave)
def ends_what_began(states: States, action: Action, data: contract.EndSecondment | contract.EndLongLeave) -> Ruling:
    """Only what has begun by then, once; the stamp is where the person sits from that day on."""
    begun = next(iter(_begun(states, action, data).values()))
    kind, ident = _ended(data)
    if begun.data["from_on"] > data.on or thing(states, action.key(kind, ident)).of_type(becomes(data)):
        return unknown(kind, f"{ident} ({data.on})")
    who = begun.data["person"]
    return {"stamps": (person(states, action, who).placed(who, data.on),)}


def _ended(data: contract.EndSecondment | contract.EndLongLeave) -> tuple[str, str]:
    return ("secondment", data.secondment) if isinstance(data, contract.EndSecondment) else ("leave", data.leave)


def _begun(states: States, action: Action, data: contract.EndSecondment | contract.EndLongLeave) -> Mapping[str, Held]:
    kind, ident = _ended(data)
    model = contract.SecondmentStarted if kind == "secondment" else contract.LongLeaveStarted
    return thing(states, action.key(kind, ident)).of_type(model)


@upholds(contract.SecondmentStarted, contract.LongLeaveStarted)
def ends_after_it_begins(
    after: States, event: Event, data: contract.SecondmentStarted | contract.LongLeaveStarted
) -> Rejection | None:
    """No end comes before the beginning."""
    held = thing(after, event.stream_key())
    ends = contract.SecondmentEnded if isinstance(data, contract.SecondmentStarted) else contract.LongLeaveEnded
    begins = min((fact.data["from_on"] for fact in held.of_type(type(data)).values()), default=NO_END)
    loose = [ident for ident, fact in held.of_type(ends).items() if fact.data["on"] < begins]
    return rests(event.id, loose) if loose else None
