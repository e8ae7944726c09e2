"""The interpreter of what types declare (``schemas.declared``): what every fact has in common is decided here.

A fact is held by each thing that it makes; where it is recorded once for some fields' values, by a row of that name and
those values; else by the thing whose stream it is in. What holds it says what deciding needs of it. So applying a fact
is to have it held, and taking it back is to have it held no longer: one is the other's inverse by construction.

A subject adds what is its own: ``rule`` (why not, and what the event has beyond the action), ``needs`` and
``needs_more`` (what rules look at beyond what is declared), ``upholds`` (what rests on an event in ways of its own),
``keeps`` (members that rules ask for later), ``BY_HAND`` (facts whose states are kept in a form of their own).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from schemas.base import OFFICE, ActionData, EventData, Fields, instant
from schemas.catalogue import BECOMES, EVENTS
from schemas.declared import Named, New, Ref, Undeclared, secrets
from services.recorder.domain.deciding.core import (
    Action,
    Changes,
    Decision,
    Event,
    Held,
    Key,
    Rejection,
    States,
    Thing,
    beginning,
    make,
    rests,
    reused,
    state_of,
    thing_of,
    unknown,
)

CITED: Final = "cited"  # the kind of the row of an event that others rest on by its id: an admitted entry, a grade
PROPOSAL: Final = "event"  # the kind of the row of a proposed entry: what was recorded of it is held there, too
NEVER: Final = datetime.max.replace(tzinfo=UTC)
Ruling = Rejection | Mapping[str, Any] | None
Data: TypeAlias = Any  # of whichever of the types that a rule is for
Rule = Callable[[States, Action, Any], Ruling]
Needs = Callable[[Action, Any], Iterable[Key]]
NeedsMore = Callable[[States, Any, Any], Iterable[Key]]  # of an action or an event, and its data
Upholds = Callable[[States, Event, Any], Rejection | None]
Falls = Callable[[States, Event, Any], Iterable[Event]]
Idents = Callable[[Any], Iterable[str]]  # of an event's data


class ByHand(NamedTuple):
    """How facts of a type are held, where a subject does it in a form of its own.

    ``touched``: what changes beside the thing whose stream it is in.
    """

    evolve: Callable[[States, Event, Any], Changes]
    withdraw: Callable[[States, Event, Any], Changes]
    touched: Callable[[Event, Any], Iterable[Key]] = lambda _event, _data: ()


_RULES: Final[dict[type[ActionData], list[Rule]]] = {}
_NEEDED: Final[dict[type[ActionData], list[Needs]]] = {}
_NEEDED_MORE: Final[dict[type[Fields], list[NeedsMore]]] = {}
_UPHELD: Final[dict[type[EventData], list[Upholds]]] = {}
_REOPENED: Final[dict[type[EventData], Falls]] = {}
_FALLEN: Final[dict[type[EventData], Falls]] = {}
_KEPT: Final[dict[type[EventData], tuple[str, ...]]] = {}
_HELD_BY: Final[dict[type[EventData], str]] = {}
_FIXED: Final[dict[type[EventData], tuple[str, ...]]] = {}
_HELD_IN: Final[dict[type[EventData], list[tuple[str, Idents]]]] = {}
BY_HAND: Final[dict[type[EventData], ByHand]] = {}


def rule(*models: type[ActionData]) -> Callable[[Rule], Rule]:
    """A rule of these types of action: a rejection, what the event has beyond the action, or nothing to say."""

    def register(decides: Rule) -> Rule:
        for model in models:
            _RULES.setdefault(model, []).append(decides)
        return decides

    return register


def needs(*models: type[ActionData]) -> Callable[[Needs], Needs]:
    """What rules of these types look at beyond what the types declare, as far as the action itself says which."""

    def register(looks: Needs) -> Needs:
        for model in models:
            _NEEDED.setdefault(model, []).append(looks)
        return looks

    return register


def needs_more(*models: type[Fields]) -> Callable[[NeedsMore], NeedsMore]:
    """The same, where only loaded states say which; of types of event, what taking one back looks at."""

    def register(looks: NeedsMore) -> NeedsMore:
        for model in models:
            _NEEDED_MORE.setdefault(model, []).append(looks)
        return looks

    return register


def reopens(*models: type[EventData]) -> Callable[[Falls], Falls]:
    """What is open again once an event of these types goes: ``looks(after, event, data)`` at the states without it."""
    return _registered(_REOPENED, models)


def falls(*models: type[EventData]) -> Callable[[Falls], Falls]:
    """What goes with it then, last first: what no longer holds without it, or with its replacement."""
    return _registered(_FALLEN, models)


def _registered(where: dict[type[EventData], Falls], models: Iterable[type[EventData]]) -> Callable[[Falls], Falls]:
    def register(looks: Falls) -> Falls:
        where.update(dict.fromkeys(models, looks))
        return looks

    return register


def reopened(after: States, event: Event) -> list[Event]:
    """The facts that closed what an event is in."""
    looks = _REOPENED.get(type(event.data))
    return [*looks(after, event, event.data)] if looks else []


def fallen(after: States, event: Event) -> list[Event]:
    """The facts that go with it where something was closed, last first."""
    looks = _FALLEN.get(type(event.data))
    return [*looks(after, event, event.data)] if looks else []


def upholds(*models: type[EventData]) -> Callable[[Upholds], Upholds]:
    """Why an event of these types can't be taken back: ``looks(after, event, data)`` at the states without it.

    Or with what replaces it. That nothing that names what it made is left over is looked at for every type.
    """

    def register(looks: Upholds) -> Upholds:
        for model in models:
            _UPHELD.setdefault(model, []).append(looks)
        return looks

    return register


def keeps(model: type[EventData], *names: str, by: str | None = None) -> None:
    """The thing whose stream it is in holds facts of this type, with these members; ``by``: a row of that kind."""
    _KEPT[model] = (*_KEPT.get(model, ()), *names)
    _HELD_BY[model] = spec_stream(model).mark.kind if by is None else by


def fixes(model: type[EventData], *names: str) -> None:
    """While facts name what a fact of this type makes, these of its members stay: they carry them."""
    _FIXED[model] = names


def held_in(kind: str, *models: type[EventData], derived: bool = False) -> Callable[[Idents], Idents]:
    """Rows of that kind hold facts of these types: those with these ids, instead of the thing's of their stream.

    The ids are told by members of the action, too; else they are ``derived``, and ``needs_more`` says what to load.
    """

    def register(idents: Idents) -> Idents:
        for model in models:
            _HELD_IN.setdefault(model, []).append((kind, idents))
            if not derived:
                needs(model.ACTION)(lambda action, data: [action.key(kind, ident) for ident in idents(data)])
        return idents

    return register


# --- what is derived of a type, once ---


@dataclass(frozen=True, slots=True)
class Spec:
    """A type of event, as its declarations have it."""

    model: type[EventData]
    stream: Named
    new: tuple[Named, ...]
    refs: tuple[Named, ...]
    stamped: tuple[Named, ...]
    once: str | None
    kept: tuple[str, ...]
    held_by: str | None
    held_in: tuple[tuple[str, Idents], ...]

    def holders(self) -> set[str]:
        """The kinds whose rows hold facts of this type."""
        rows = (self.once, self.held_by, *(kind for kind, _ in self.held_in))
        return {*(named.mark.kind for named in self.new), *(kind for kind in rows if kind)}

    @property
    def own(self) -> bool:
        """Whether the row of the thing whose stream it is in holds it, and no other."""
        return self.holders() == {self.stream.mark.kind}


@dataclass(frozen=True, slots=True)
class Plan:
    """A type of action, as its declarations and its subject have it: gone by for each action, so made once.

    ``keys``: the kinds of states that it names, and the way to the ids. ``blank``: the members that its event has
    beyond its own, as they are where nothing is said of them; what is sealed comes from elsewhere.
    """

    event: Spec
    new: tuple[Named, ...]
    refs: tuple[Named, ...]
    keys: tuple[tuple[str, Callable[[Mapping[str, Any]], Iterable[str]]], ...]
    rules: tuple[Rule, ...]
    needed: tuple[Needs, ...]
    blank: Mapping[str, Any]
    sealed: Mapping[str, None]


_OFFICE: Final = Named((OFFICE,), Ref(OFFICE), optional=False)  # no member names it: it is the envelope's


def declared(model: type[EventData]) -> bool:
    """Whether its declarations say what holds it; a revocation's don't."""
    return bool(model.NAMES or model.STREAM)


@cache
def spec_stream(model: type[EventData]) -> Named:
    """Where a type names the thing whose stream it is in. Raises Undeclared where there is none."""
    if model.STREAM == OFFICE:
        return _OFFICE
    made = [n for n in model.NAMES if isinstance(n.mark, New) and not (n.optional or n.mark.within)]
    named = [n for n in model.NAMES if isinstance(n.mark, Ref)]
    said = [n for n in model.NAMES if n.path == (model.STREAM,)]
    stream = next(iter((*said, *made, *named)), None)
    if stream is None or stream.mark.within or len(stream.path) > 1:
        raise Undeclared(f"{model.__name__} names nothing whose stream it could belong to")
    return stream


@cache
def spec(model: type[EventData]) -> Spec:
    """What follows from a type's declarations. Raises Undeclared where it belongs to no stream."""
    new = tuple(named for named in model.NAMES if isinstance(named.mark, New))
    refs = tuple(named for named in model.NAMES if isinstance(named.mark, Ref))
    stream = spec_stream(model)
    stamped = tuple(named for named in model.NAMES if named.mark.stamped)
    since = [named.mark.since for named in new if isinstance(named.mark, New) and named.mark.since]
    kept = dict.fromkeys([*(n.path[0] for n in model.NAMES), *model.ONCE, *since, *_KEPT.get(model, ())])
    once = model.TYPE.split(".")[2] if model.ONCE and model not in BY_HAND else None
    held_in = tuple(_HELD_IN.get(model, ()))
    held_by = _HELD_BY.get(model) or (None if new or once or held_in else stream.mark.kind)
    return Spec(model, stream, new, refs, stamped, once, tuple(kept), held_by, held_in)


@cache
def cites(model: type[ActionData]) -> tuple[Named, ...]:
    """Where actions of a type name recorded events."""
    return tuple(named for named in model.NAMES if named.mark.kind == PROPOSAL)


def becomes(data: ActionData) -> type[EventData]:
    """The type of event that an action becomes."""
    return EVENTS[BECOMES[data.TYPE]]


@cache
def plan(model: type[ActionData]) -> Plan:
    """What follows from a type of action, once all subjects are known."""
    event = EVENTS[BECOMES[model.TYPE]]
    blank = {name: info.get_default(call_default_factory=True) for name, info in event.model_fields.items()
             if not info.is_required()}  # fmt: skip
    return Plan(
        spec(event),
        tuple(named for named in model.NAMES if isinstance(named.mark, New)),
        tuple(named for named in model.NAMES if isinstance(named.mark, Ref)),
        tuple((kind, named.ids) for named in model.NAMES for kind in named.mark.kinds),
        tuple(_RULES.get(model, ())),
        tuple(_NEEDED.get(model, ())),
        blank,
        dict.fromkeys(model.SEALED),
    )


@cache
def naming(kind: str) -> tuple[str, ...]:
    """The kinds whose rows may hold facts that name things of this kind, but for the thing's own row."""
    found: set[str] = set()
    for model in EVENTS.values():
        facts = spec(model) if declared(model) else None
        if facts and any(kind in n.mark.kinds and not (n == facts.stream and facts.own) for n in facts.refs):
            found |= facts.holders()
    return tuple(sorted(found))


# --- keys ---


def reads(action: Action, data: ActionData) -> list[Key]:
    """Every state that deciding an action needs, as far as its type declares it."""
    members, office, how = data.__dict__, action.office, plan(type(data))
    keys = [(kind, f"{office}/{ident}") for kind, ids in how.keys for ident in ids(members)]
    if data.STREAM == OFFICE:
        keys.append((OFFICE, f"{office}/{office}"))
    if how.event.once:
        keys.append(once_key(office, how.event.model, members))
    for looks in how.needed:
        keys.extend(looks(action, data))
    return keys


def asks_more(data: Fields) -> bool:
    """Whether only loaded states name some of what an action needs to be decided, or an event to be undone."""
    return type(data) in _NEEDED_MORE


def reads_more(states: States, fact: Action | Event) -> Iterator[Key]:
    """What only loaded states name, as far as these are loaded: of an action to decide it, of an event to undo it."""
    for looks in _NEEDED_MORE.get(type(fact.data), ()):
        yield from looks(states, fact, fact.data)


def touched(event: Event, data: EventData) -> list[Key]:
    """Every row that holds an event, or will."""
    own = BY_HAND.get(type(data))
    keys = _holders(event, data) if own is None else (event.stream_key(), *own.touched(event, data))
    return [*keys, *of_proposal(event.office, data)]


def of_proposal(office: str, data: Fields, proposal: str | None = None) -> Iterator[Key]:
    """The row of the proposed entry that it is recorded of."""
    if (ident := proposal or data.__dict__.get("proposal")) is not None:
        yield PROPOSAL, f"{office}/{ident}"


def _holders(event: Event, data: EventData) -> Iterator[Key]:
    facts, members = spec(type(data)), data.__dict__
    for named in facts.new:
        for ident in named.ids(members):
            yield named.mark.kind, f"{event.office}/{ident}"
    if facts.once:
        yield once_key(event.office, facts.model, members)
    if facts.held_by:
        yield facts.held_by, event.stream_key()[1]
    for kind, idents in facts.held_in:
        for ident in idents(data):
            yield kind, f"{event.office}/{ident}"


def once_key(office: str, model: type[EventData], members: Mapping[str, Any]) -> Key:
    """The row of what is recorded once for these members' values."""
    values = "/".join([str(members[name]) for name in model.ONCE])
    return spec(model).once or "", f"{office}/{values}"


# --- evolve ---


def evolve(states: States, event: Event) -> Changes:
    """Have the fact held."""
    data = event.data
    own = BY_HAND.get(type(data))
    changes = (
        _held(states, event, _holders(event, data), held(event)) if own is None else own.evolve(states, event, data)
    )
    if data.proposal is not None:
        changes |= _held(states, event, of_proposal(event.office, data), Held(data.TYPE, event.time, {}))
    return changes


def _held(states: States, event: Event, keys: Iterable[Key], fact: Held) -> Changes:
    rows = [(key, thing(states, key)) for key in keys]
    return {key: row.but(facts={**row.facts, event.id: fact}) for key, row in rows}


def withdraw(states: States, event: Event) -> Changes:
    """Have it held no longer."""
    own = BY_HAND.get(type(event.data))
    changes = {} if own is None else own.withdraw(states, event, event.data)
    keys = () if own else _holders(event, event.data)
    rows = [(key, thing(states, key)) for key in (*keys, *of_proposal(event.office, event.data))]
    return changes | {key: row.but(facts=row.without(event.id)) for key, row in rows}


def thing(states: States, key: Key) -> Thing:
    """A thing's state, of whatever kind."""
    return states.of(thing_of(key[0]), key)


def held(event: Event) -> Held:
    """The fact as it is held: what names things, what it is once for, and what rules ask for later."""
    members = event.data.__dict__
    kept = ((name, members[name]) for name in spec(type(event.data)).kept)
    return Held(event.data.TYPE, event.time, {name: _plain(value) for name, value in kept if value not in (None, ())})


def _plain(value: Any) -> Any:  # noqa: ANN401  # any member
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return dict(value.__dict__) if hasattr(value, "__dict__") else value


# --- what exists ---


def since(state: Thing, kind: str) -> datetime:
    """From when on it exists: the earliest of the facts that make it; ``NEVER`` where none stands."""
    known = state.derived()
    found: datetime | None = known.get("since")
    if found is None:
        made = ((fact, named.mark) for fact in state.facts.values() for named in spec(EVENTS[fact.type]).new)
        begins = (
            beginning(at)
            for fact, mark in made
            if mark.kind == kind and isinstance(mark, New)
            for at in (fact.time, *([fact.data[mark.since]] if mark.since else ()))
        )
        found = known["since"] = min(begins, default=NEVER)
    return found


def owner_of(state: Thing, kind: str) -> str | None:
    """Whose it is: the person under whose key what made it is sealed, else the first whom that names."""
    for fact in state.facts.values():
        model = EVENTS[fact.type]
        if any(named.mark.kind == kind for named in spec(model).new):
            of = [secret.of for secret in secrets(model).values()]
            of += [named.path[0] for named in model.NAMES if named.mark.kind == "person" and len(named.path) == 1]
            return next((str(fact.data[name]) for name in of if fact.data.get(name) is not None), None)
    return None


def made_by(state: Thing, kind: str) -> str | None:
    """The event that made it, if one stands."""
    for event, fact in state.facts.items():
        if any(named.mark.kind == kind for named in spec(EVENTS[fact.type]).new):
            return event
    return None


def exists(states: States, action: Action, kind: str, ident: str) -> bool:
    """Whether there is such a thing at the action's time; of events, whether there are such."""
    if kind == PROPOSAL:
        return ident in action.cited
    return since(thing(states, action.key(kind, ident)), kind) <= action.moment


def missing(states: States, action: Action, data: ActionData) -> Rejection | None:
    """A rejection for the first thing that the action names and that doesn't exist at its time."""
    for named in plan(type(data)).refs:
        for ident in named.ids(data.__dict__):
            for kind in named.mark.kinds:
                if exists(states, action, kind, ident):
                    break
            else:
                return unknown(named.mark.kind, ident.rpartition("/")[2])
    return None


def taken(states: States, action: Action, data: ActionData) -> Rejection | None:
    """A rejection where an id that should be new is not, or where the fact is there already."""
    how = plan(type(data))
    for named in how.new:
        if not (isinstance(named.mark, New) and named.mark.again):
            for ident in named.ids(data.__dict__):
                event = made_by(thing(states, action.key(named.mark.kind, ident)), named.mark.kind)
                if event:
                    return reused(named.mark.kind, ident.rpartition("/")[2], event)
    if how.event.once:
        there = thing(states, once_key(action.office, how.event.model, data.__dict__)).facts
        return _once_only(how.event, data, next(iter(there))) if there else None
    return None


def _once_only(facts: Spec, data: ActionData, event: str) -> Rejection:
    values = ", ".join([str(value) for name in facts.model.ONCE if (value := data.__dict__[name]) is not None])
    words = facts.model.WORDS
    return Rejection(
        "once-only",
        f"The {words.en} of {values} is recorded already (event {event}). Correct that event, or revoke it first.",
        f"{values} 的{words.zh}已登记（事件 {event}）。请更正该事件，或先撤销它。",
    )


# --- decide ---


def decide(states: States, action: Action, data: ActionData, stamps: Callable[..., Any]) -> Decision:
    """The one event that the action becomes, or why not. ``stamps(states, action, persons)`` says where they sat."""
    refusal = taken(states, action, data) or missing(states, action, data)
    if refusal:
        return refusal
    how = plan(type(data))
    more: dict[str, Any] = {}
    for decides in how.rules:
        ruling = decides(states, action, data)
        if isinstance(ruling, Rejection):
            return ruling
        if ruling:
            more |= ruling
    if "stamps" not in more:
        persons = [ident for named in how.event.stamped for ident in named.ids(data.__dict__)]
        more["stamps"] = stamps(states, action, dict.fromkeys(persons))
    members = {**how.blank, **data.__dict__, **how.sealed, **action.sealed, **more}
    stream = how.event.stream
    ident = action.office if stream is _OFFICE else data.__dict__[stream.path[0]]
    return [make(action, f"{stream.mark.kind}/{ident}", how.event.model.trusted(**members))]


# --- what rests on what ---


class Search(NamedTuple):
    """Stored states to look through for facts that name things: their kinds, the office, the things' ids."""

    kinds: list[str]
    office: str
    idents: list[str]


def searched(event: Event) -> Search | None:
    """Where facts may be held that rest on what this event made; None where only its own rows hold such."""
    new = spec(type(event.data)).new
    kinds = sorted({kind for named in new for kind in naming(named.mark.kind)})
    idents = [ident.rpartition("/")[2] for named in new for ident in named.ids(event.data.__dict__)]
    return Search(kinds, event.office, idents) if kinds else None


def upheld(after: States, event: Event, found: Iterable[Key]) -> Rejection | None:
    """A rejection where what rests on this event doesn't hold without it, or with what replaces it.

    ``found``: the keys of all states in which facts may be held that name what it made.
    """
    if cited := thing(after, event.key(CITED, event.id)).facts:
        return rests(event.id, cited)
    keys = list(dict.fromkeys((*found, *touched(event, event.data))))
    for named in spec(type(event.data)).new:
        for ident in named.ids(event.data.__dict__):
            row = thing(after, event.key(named.mark.kind, ident))
            begins = NEVER if _altered(row, event) else since(row, named.mark.kind)
            loose = sorted(set(_loose(after, keys, named.mark.kind, ident, begins)))
            if loose:
                return rests(event.id, [resting for _, resting in loose])
    return next((no for looks in _UPHELD.get(type(event.data), ()) if (no := looks(after, event, event.data))), None)


def _altered(row: Thing, event: Event) -> bool:
    """Whether what replaces the event says otherwise of what facts that name the thing carry."""
    fixed, members = _FIXED.get(type(event.data), ()), event.data.__dict__
    return any(fact.data.get(name) != _plain(members[name]) for fact in row.of_type(type(event.data)).values()
               for name in fixed)  # fmt: skip


def _loose(
    after: States, keys: Iterable[Key], kind: str, ident: str, begins: datetime
) -> Iterator[tuple[datetime, str]]:
    for key in keys:
        row = after.of(state_of(key[0]), key)
        if isinstance(row, Thing):
            for event, fact in row.standing():
                at = instant(fact.time)
                if at < begins and names(fact, kind, ident):
                    yield at, event


def names(fact: Held, kind: str, ident: str) -> bool:
    """Whether a fact names that thing."""
    return any(kind in named.mark.kinds and ident in named.ids(fact.data) for named in spec(EVENTS[fact.type]).refs)


def check() -> None:
    """Raise Undeclared where a type doesn't say what every fact must: at import, once all subjects are known."""
    for model in EVENTS.values():
        if declared(model):
            for kind in spec(model).holders():
                if not issubclass(state_of(kind), Thing):
                    raise Undeclared(f"{model.__name__} is held by {kind!r}, whose state is no Thing")
