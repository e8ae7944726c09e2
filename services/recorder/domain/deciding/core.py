"""What every subject shares: actions as decided upon, events as they come out, rejections, keys and states.

    reads(action)           → keys to load before deciding
    decide(states, action)  → events, or a Rejection
    evolve(states, event)   → the states that the event changes; a revocation takes back what its fact changed
    touched(event)          → keys to load before an event is applied or taken back

A key is (kind, ``office/id``). A state that was never written reads as its kind's empty state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from schemas.base import ActionData, EventData, Sealed, Stamp, Tier, instant
from schemas.declared import KINDS, Undeclared
from schemas.trust.identity import event_id

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
AHEAD: Final = timedelta(minutes=5)
BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)
MOST_NAMED: Final = 5  # of what rests on something
RETRYABLE: Final = frozenset(
    {
        "unknown-reference", "not-yet", "unknown-type", "no-attendance", "stale-version", "on-hold", "within-retention",
        "archived", "heads-no-section", "session-not-held", "not-as-approved", "session-cancelled", "no-leave",
        "unverified", "stage-order", "over-quota", "barred-grade", "posting-running", "objection-open",
        "workdays-unknown", "appraised-elsewhere", "not-eligible",
    }
)  # fmt: skip
NOT_BINDING: Final = frozenset({"not-yours"})  # refused for good, and the id stays free: it may be another's

Key = tuple[str, str]
Changes = dict[Key, "State"]
S = TypeVar("S", bound="State")


# --- states ---


class State(BaseModel):
    """What deciding needs of one thing, and no more: the unrevoked facts, indexed. Rebuildable from the events."""

    model_config = ConfigDict(frozen=True)

    def but(self, **changes: Any) -> Self:  # noqa: ANN401  # members of their own types
        """The same with these members changed, unchecked: ``model_copy`` at a tenth of its price."""
        made = type(self).__new__(type(self))
        members = {**self.__dict__, **changes}
        members.pop(_DERIVED, None)
        object.__setattr__(made, "__dict__", members)
        object.__setattr__(made, "__pydantic_fields_set__", self.__pydantic_fields_set__)
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    def derived(self) -> dict[str, Any]:
        """What was computed of it so far, by name: a state never changes."""
        found: dict[str, Any] | None = self.__dict__.get(_DERIVED)
        if found is None:
            found = self.__dict__[_DERIVED] = {}
        return found


_DERIVED: Final = "derived so far"  # no member's name, so never stored


class Held(NamedTuple):
    """A fact as deciding needs it: its type, when it happened, the members that name things or that rules ask for."""

    type: str
    time: str
    data: dict[str, Any]


class Thing(State):
    """A thing, by the facts that make it and those that are held with it; by event."""

    facts: dict[str, Held] = {}

    def of_type(self, model: type[EventData]) -> dict[str, Held]:
        """Those of one type."""
        return {event: fact for event, fact in self.facts.items() if fact.type == model.TYPE}

    def without(self, gone: str) -> dict[str, Held]:
        """All but that event's."""
        return {event: fact for event, fact in self.facts.items() if event != gone}

    def standing(self) -> Iterable[tuple[str, Held]]:
        """All that stands, event by event."""
        return self.facts.items()


STATES: Final[dict[str, type[State]]] = {}  # those kinds whose state is more than a Thing
_THINGS: Final[dict[str, type[Thing]]] = {}  # those of them that facts make or name


def state(kind: str) -> Callable[[type[S]], type[S]]:
    """Say what a kind's state is. Of a kind that facts make or name it is a Thing: others rest on its facts."""

    def register(model: type[S]) -> type[S]:
        if kind in STATES:
            raise Undeclared(f"{model.__name__}: the kind {kind!r} has the state {STATES[kind].__name__} already")
        if kind in KINDS and not issubclass(model, Thing):
            raise Undeclared(f"{model.__name__}: the state of the kind {kind!r} must be a Thing")
        STATES[kind] = model
        if issubclass(model, Thing):
            _THINGS[kind] = model
        return model

    return register


def state_of(kind: str) -> type[State]:
    """What the states of a kind are."""
    return STATES.get(kind, Thing)


def thing_of(kind: str) -> type[Thing]:
    """The same of a kind that facts make or name."""
    return _THINGS.get(kind, Thing)


class States(Protocol):
    """The loaded states by key; ``of`` gives the kind's empty state for one that was never written."""

    def of(self, kind: type[S], key: Key) -> S:
        """The state of that key. Raises ``NotLoaded`` where ``reads`` did not name it."""


class NotLoaded(Exception):  # not an error: the append cuts its batch here
    """A decision needs a state that an earlier action of the same batch made necessary: decide it in the next batch."""


class Overlay:
    """States as they would be: changes over what is loaded."""

    def __init__(self, below: States) -> None:
        """Begin with no changes."""
        self._below = below
        self.changes: Changes = {}

    def of(self, kind: type[S], key: Key) -> S:
        """The changed state, else the loaded one."""
        changed = self.changes.get(key)
        if changed is None:
            return self._below.of(kind, key)
        if not isinstance(changed, kind):
            raise TypeError(f"{key}: a {type(changed).__name__}, not a {kind.__name__}")
        return changed

    def apply(self, changes: Changes) -> None:
        """Take changes on."""
        self.changes |= changes


# --- actions and events ---


class Terms(NamedTuple):
    """What an installation has settled about erasing: how long a file is kept, and a request waits."""

    retention_days: int = 0
    delay_hours: int = 0


NO_TERMS: Final = Terms()


class Action(NamedTuple):
    """An action, checked against its schema and sealed. A tuple: they are made by the thousand.

    ``moment`` is ``time`` parsed, ``day`` its day in Shanghai; ``first_index`` is the index of its first event;
    ``owner`` is whose key its fields are ``sealed`` with, where any are;
    ``typed`` how many values its data have, where it says how it was entered. A
    correction has its replacement as an action of its own (first index 1); a revocation or correction has the event
    that it takes back as ``target`` where that is known before the append, and ``naming``, the keys of stored states
    that may hold facts that rest on it. ``cited``: the recorded events that its data name, as far as there are.
    What erases, or forbids it, has who sent it (``by``), the time of deciding (``now``), and the installation's
    ``terms``. ``gist`` is what its type tells of sealed fields for deciding.
    """

    office: str
    source: str
    id: str
    type: str
    time: str
    actor: str
    data: ActionData
    moment: datetime
    day: str
    sealed: Mapping[str, Sealed] = MappingProxyType({})
    expectedversion: int | None = None
    entry: str | None = None
    traceparent: str | None = None
    first_index: int = 0
    replacement: Action | None = None
    target: Event | None = None
    naming: tuple[Key, ...] = ()
    by: str = ""
    now: datetime = BEFORE_ALL
    terms: Terms = NO_TERMS
    owner: str | None = None
    gist: Mapping[str, str] = MappingProxyType({})
    typed: int | None = None
    cited: Mapping[str, Event] = MappingProxyType({})

    def under(self, terms: Terms, by: str) -> Action:
        """The same with what a decision about erasing needs, also in what it replaces."""
        replacement = None if self.replacement is None else self.replacement.under(terms, by)
        return self._replace(terms=terms, by=by, replacement=replacement)

    def event_id(self, index: int) -> str:
        """The id of the action's ``index``-th event."""
        return event_id(self.office, self.source, self.id, self.first_index + index)

    def key(self, kind: str, ident: str) -> Key:
        """The key of a thing in this action's office."""
        return kind, f"{self.office}/{ident}"


class Event(NamedTuple):
    """A fact, decided or read back: ``stream`` is its kind and id, ``session/s-1``; ``source`` its action's.

    A tuple: they are made by the thousand.
    """

    id: str
    office: str
    stream: str
    time: str
    data: EventData
    source: str = ""

    def key(self, kind: str, ident: str) -> Key:
        """The key of a thing in this event's office."""
        return kind, f"{self.office}/{ident}"

    def stream_key(self) -> Key:
        """The key of the stream's thing."""
        kind, _, ident = self.stream.partition("/")
        return kind, f"{self.office}/{ident}"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A business 'no': its code, and a sentence in both languages that says what stands against it."""

    code: str
    en: str
    zh: str

    @property
    def final(self) -> bool:
        """Whether sending the same action again can never pass."""
        return self.code not in RETRYABLE

    @property
    def binding(self) -> bool:
        """Whether it uses up the action's id."""
        return self.final and self.code not in NOT_BINDING


Decision = list[Event] | Rejection


def make(action: Action, stream: str, data: EventData, index: int = 0) -> Event:
    """The action's ``index``-th event."""
    return Event(action.event_id(index), action.office, stream, action.time, data, action.source)


# --- what stands against it ---


def unknown(kind: str, ident: str) -> Rejection:
    """A reference that does not exist, or not yet at the action's time."""
    words = KINDS[kind]
    return Rejection(
        "unknown-reference",
        f"There is no {words.en} {ident} in this office at that time. Record it first, then send this again.",
        f"该机关在该时间没有{words.zh} {ident}。请先登记，再重新发送。",
    )


def reused(kind: str, ident: str, event: str) -> Rejection:
    """An id that stands for something else already."""
    words = KINDS[kind]
    return Rejection(
        "id-reused",
        f"The {words.en} id {ident} is taken (event {event}). Choose another id, or correct that event.",
        f"{words.zh}编号 {ident} 已被占用（事件 {event}）。请换一个编号，或更正该事件。",
    )


def rests(event: str, on_it: Iterable[str]) -> Rejection:
    """Something later stands on what would go: how many facts, and up to five of them."""
    all_of_it = list(on_it)
    listed = ", ".join(all_of_it[:MOST_NAMED]) + (" …" if len(all_of_it) > MOST_NAMED else "")
    return Rejection(
        "rests-on-it",
        f"Facts that stand rest on {event}, {len(all_of_it)} of them: {listed}. "
        "Revoke these first, or correct it so that they still hold.",
        f"有 {len(all_of_it)} 项现存事实依赖事件 {event}：{listed}。请先撤销它们，或将其更正为仍能成立的内容。",
    )


# --- time ---


@lru_cache(maxsize=8192)  # by its text: what happened together has one time, and a moment's hash is dear
def day_at(time: str) -> str:
    """The office's day, YYYY-MM-DD, of an instant as it is written."""
    return instant(time).astimezone(SHANGHAI).date().isoformat()


@lru_cache(maxsize=8192)
def beginning(written: str) -> datetime:
    """An instant as it is written; of a day its beginning in Shanghai."""
    return instant(written) if "T" in written else datetime.fromisoformat(written).replace(tzinfo=SHANGHAI)


@lru_cache(maxsize=8192)  # frozen, and the same for most facts about a person
def stamp(person: str, section: str | None, tier: Tier | None) -> Stamp:
    """A stamp from recorded, hence valid, parts."""
    return Stamp.trusted(person=person, section=section, tier=tier)
