"""Sections, persons and posts: who is where, in what role, on any day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from schemas import people as contract
from schemas.base import Stamp, Tier
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
    rests,
    reused,
    stamp,
    started,
    unknown,
)

HIGHEST: tuple[Tier, ...] = ("leadership", "section-head", "staff")


# --- state ---


class Section(State):
    """A section, and the posts and transfers that name it (event ids)."""

    event: str | None = None
    since: str = ""
    used_by: tuple[str, ...] = ()


class Post(State):
    """A post held from a day on."""

    event: str
    post: str
    tier: Tier
    section: str
    concurrent: bool
    from_on: str


class End(State):
    """The end of a post: from that day on it is no longer held."""

    event: str
    post: str
    on: str


class Move(State):
    """A transfer of the main post ``post`` to another section, from a day on."""

    event: str
    post: str
    to_section: str
    on: str


class Person(State):
    """A person of an office. ``first_fact`` is the first event that ever named the person besides the registration."""

    event: str | None = None
    since: str = ""
    joined_on: str = ""
    first_fact: str | None = None
    posts: tuple[Post, ...] = ()
    ends: tuple[End, ...] = ()
    moves: tuple[Move, ...] = ()

    def exists(self, action: Action) -> bool:
        """Registered, and in service at the action's time.

        From joining or from the registration's time, whichever is earlier.
        """
        return self.event is not None and (self.joined_on <= action.day or started(self.since, action))

    def held(self, day: str) -> list[Post]:
        """The posts held on that day."""
        ended = {e.post for e in self.ends if e.on <= day}
        return [p for p in self.posts if p.from_on <= day and p.post not in ended]

    def main(self, day: str) -> Post | None:
        """The main post on that day: of those not concurrent the latest assumed, of one day the one recorded last."""
        return max((p for p in reversed(self.held(day)) if not p.concurrent), key=lambda p: p.from_on, default=None)

    def placed(self, person: str, day: str) -> Stamp:
        """Section and tier of the main post on that day."""
        if len(self.posts) == 1 and not self.ends and not self.moves:  # nearly everybody, nearly always
            post = self.posts[0]
            if post.from_on <= day and not post.concurrent:
                return stamp(person, post.section, post.tier)
        main = self.main(day)
        if main is None:
            return stamp(person, None, None)
        moves = [m for m in self.moves if m.post == main.post and m.on <= day]
        section = max(reversed(moves), key=lambda m: m.on).to_section if moves else main.section
        return stamp(person, section, main.tier)

    def highest(self, day: str) -> Tier | None:
        """The highest tier held on that day, concurrent posts included."""
        return min((p.tier for p in self.held(day)), key=HIGHEST.index, default=None)


def person(states: States, action: Action, ident: str) -> Person:
    """The person's state in the action's office."""
    return states.of(Person, action.key("person", ident))


def missing(states: States, action: Action, idents: Iterable[str]) -> Rejection | None:
    """A rejection for the first of these persons who does not exist at the action's time."""
    for ident in idents:
        if not person(states, action, ident).exists(action):
            return unknown("person", ident)
    return None


# --- evolve ---


def named(states: States, event: Event, idents: Iterable[str]) -> Changes:
    """Note on each person, once in a lifetime, that a fact rests on the registration."""
    changes: Changes = {}
    for ident in idents:
        key = event.key("person", ident)
        state = states.of(Person, key)
        if state.first_fact is None:
            changes[key] = state.but(first_fact=event.id)
    return changes


def evolve(states: States, event: Event, data: contract.Event) -> Changes:
    """Apply a people event."""
    match data:
        case contract.SectionDefined():
            key = event.key("section", data.section)
            return {key: states.of(Section, key).but(event=event.id, since=event.time)}
        case contract.PersonRegistered():
            key = event.key("person", data.person)
            fields = {"event": event.id, "since": event.time, "joined_on": data.joined_on}
            return {key: states.of(Person, key).but(**fields)}
        case contract.PostAssumed():
            post = Post(
                event=event.id, post=data.post, tier=data.tier, section=data.section,
                concurrent=data.concurrent, from_on=data.from_on,
            )  # fmt: skip
            state = states.of(Person, event.key("person", data.person))
            return _placed(states, event, data, state, {"posts": (*state.posts, post)})
        case contract.PersonTransferred():
            state = states.of(Person, event.key("person", data.person))
            post_id = data.post or _main_post(state, data.on)
            move = Move(event=event.id, post=post_id, to_section=data.to_section, on=data.on)
            return _placed(states, event, data, state, {"moves": (*state.moves, move)})
        case contract.PostEnded():
            key = event.key("person", data.person)
            return {key: _ended(states.of(Person, key), End(event=event.id, post=data.post, on=data.on))}
        case never:
            assert_never(never)


def withdraw(states: States, event: Event, data: contract.Event) -> Changes:
    """Take a people event back."""
    match data:
        case contract.SectionDefined():
            key = event.key("section", data.section)
            return {key: states.of(Section, key).but(event=None, since="")}
        case contract.PersonRegistered():
            key = event.key("person", data.person)
            return {key: states.of(Person, key).but(event=None, since="", joined_on="")}
        case contract.PostAssumed():
            state = states.of(Person, event.key("person", data.person))
            kept = tuple(p for p in state.posts if p.event != event.id)
            return _unplaced(states, event, data, state, {"posts": kept})
        case contract.PersonTransferred():
            state = states.of(Person, event.key("person", data.person))
            kept_moves = tuple(m for m in state.moves if m.event != event.id)
            return _unplaced(states, event, data, state, {"moves": kept_moves})
        case contract.PostEnded():
            key = event.key("person", data.person)
            state = states.of(Person, key)
            return {key: state.but(ends=tuple(e for e in state.ends if e.event != event.id))}
        case never:
            assert_never(never)


def _main_post(state: Person, day: str) -> str:
    """What a transfer moves that doesn't say it itself."""
    main = state.main(day)
    return main.post if main else ""


Placing = contract.PostAssumed | contract.PersonTransferred


def _section(data: Placing) -> str:
    return data.section if isinstance(data, contract.PostAssumed) else data.to_section


def _placed(states: States, event: Event, data: Placing, state: Person, fields: dict[str, object]) -> Changes:
    first = {"first_fact": state.first_fact or event.id}
    key = event.key("section", _section(data))
    used = states.of(Section, key)
    return {
        event.key("person", data.person): state.but(**fields, **first),
        key: used.but(used_by=(*used.used_by, event.id)),
    }


def _unplaced(states: States, event: Event, data: Placing, state: Person, fields: dict[str, object]) -> Changes:
    key = event.key("section", _section(data))
    used = states.of(Section, key)
    return {
        event.key("person", data.person): state.but(**fields),
        key: used.but(used_by=tuple(e for e in used.used_by if e != event.id)),
    }


def _ended(state: Person, end: End) -> Person:
    return state.but(ends=(*state.ends, end))


# --- decide ---


def reads(action: Action, data: contract.Action) -> Iterator[Key]:
    """The section or the person, and the section a person goes to."""
    match data:
        case contract.DefineSection():
            yield action.key("section", data.section)
        case contract.RegisterPerson() | contract.EndPost():
            yield action.key("person", data.person)
        case contract.AssumePost():
            yield from (action.key("person", data.person), action.key("section", data.section))
        case contract.TransferPerson():
            yield from (action.key("person", data.person), action.key("section", data.to_section))
        case never:
            assert_never(never)


def touched(event: Event, data: contract.Event) -> Iterator[Key]:
    """The states that the event changed, to be loaded before it is taken back."""
    match data:
        case contract.SectionDefined():
            yield event.key("section", data.section)
        case contract.PersonRegistered() | contract.PostEnded():
            yield event.key("person", data.person)
        case contract.PostAssumed():
            yield from (event.key("person", data.person), event.key("section", data.section))
        case contract.PersonTransferred():
            yield from (event.key("person", data.person), event.key("section", data.to_section))
        case never:
            assert_never(never)


def decide(states: States, action: Action, data: contract.Action) -> Decision:
    """Decide a people action."""
    match data:
        case contract.DefineSection():
            return _define(states, action, data)
        case contract.RegisterPerson():
            return _register(states, action, data)
        case contract.AssumePost():
            return _assume(states, action, data)
        case contract.EndPost():
            return _end(states, action, data)
        case contract.TransferPerson():
            return _transfer(states, action, data)
        case never:
            assert_never(never)


def _define(states: States, action: Action, data: contract.DefineSection) -> Decision:
    state = states.of(Section, action.key("section", data.section))
    if state.event:
        return reused("section", data.section, state.event)
    fact = contract.SectionDefined(
        section=data.section, name=data.name, work_lines=data.work_lines, late_reason=data.late_reason
    )
    return [make(action, f"section/{data.section}", fact)]


def _register(states: States, action: Action, data: contract.RegisterPerson) -> Decision:
    state = person(states, action, data.person)
    if state.event:
        return reused("person", data.person, state.event)
    fact = contract.PersonRegistered(
        person=data.person, name=action.sealed["name"], branch=data.branch, joined_on=data.joined_on,
        birth_year=data.birth_year, probation_until=data.probation_until, previous=data.previous,
        late_reason=data.late_reason, stamps=(state.placed(data.person, action.day),),
    )  # fmt: skip
    return [make(action, f"person/{data.person}", fact)]


def _assume(states: States, action: Action, data: contract.AssumePost) -> Decision:
    state = person(states, action, data.person)
    if not state.exists(action):
        return unknown("person", data.person)
    if _no_section(states, action, data.section):
        return unknown("section", data.section)
    for held in state.posts:
        if held.post == data.post:
            return reused("post", data.post, held.event)
    assumed = Post(
        event="", post=data.post, tier=data.tier, section=data.section, concurrent=data.concurrent, from_on=data.from_on
    )
    after = state.but(posts=(*state.posts, assumed))
    fact = contract.PostAssumed(
        person=data.person, post=data.post, tier=data.tier, section=data.section, concurrent=data.concurrent,
        acting=data.acting, from_on=data.from_on, late_reason=data.late_reason,
        stamps=(after.placed(data.person, data.from_on),),
    )  # fmt: skip
    return [make(action, f"person/{data.person}", fact)]


def _end(states: States, action: Action, data: contract.EndPost) -> Decision:
    state = person(states, action, data.person)
    if not state.exists(action):
        return unknown("person", data.person)
    open_posts = {p.post for p in state.posts if p.from_on <= data.on} - {e.post for e in state.ends}
    if data.post not in open_posts:
        return unknown("post", data.post)
    after = _ended(state, End(event="", post=data.post, on=data.on))
    fact = contract.PostEnded(
        person=data.person, post=data.post, on=data.on, late_reason=data.late_reason,
        stamps=(after.placed(data.person, data.on),),
    )  # fmt: skip
    return [make(action, f"person/{data.person}", fact)]


def _transfer(states: States, action: Action, data: contract.TransferPerson) -> Decision:
    state = person(states, action, data.person)
    if not state.exists(action):
        return unknown("person", data.person)
    if _no_section(states, action, data.to_section):
        return unknown("section", data.to_section)
    main = state.main(data.on)
    if main is None:
        return unknown("post", f"{data.person} (main, {data.on})")
    fact = contract.PersonTransferred(
        person=data.person, to_section=data.to_section, on=data.on, post=main.post, late_reason=data.late_reason,
        stamps=(stamp(data.person, data.to_section, main.tier),),
    )  # fmt: skip
    return [make(action, f"person/{data.person}", fact)]


def _no_section(states: States, action: Action, ident: str) -> bool:
    state = states.of(Section, action.key("section", ident))
    return state.event is None or not started(state.since, action)


def upheld(states: States, event: Event, data: contract.Event) -> Rejection | None:
    """A rejection where facts that rest on this event don't hold in these states, from which it is gone or replaced."""
    match data:
        case contract.SectionDefined():
            section = states.of(Section, event.key("section", data.section))
            return None if section.event or not section.used_by else rests(event.id, section.used_by)
        case contract.PersonRegistered():
            someone = states.of(Person, event.key("person", data.person))
            return None if someone.event or not someone.first_fact else rests(event.id, (someone.first_fact,))
        case contract.PostAssumed():
            return _post_upheld(states.of(Person, event.key("person", data.person)), event, data.post)
        case contract.PostEnded() | contract.PersonTransferred():
            return None
        case never:
            assert_never(never)


def _post_upheld(state: Person, event: Event, post: str) -> Rejection | None:
    from_on = min((p.from_on for p in state.posts if p.post == post), default="9999")
    loose = [end.event for end in state.ends if end.post == post and end.on < from_on]
    loose += [move.event for move in state.moves if move.post == post and move.on < from_on]
    return rests(event.id, loose) if loose else None
