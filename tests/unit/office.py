"""An office in memory: actions in, events or a rejection's code out. Given, when, then without a database.

Stricter than the ledger: a decision sees only what ``reads`` and ``reads_more`` named, and each event is written and
read back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from schemas.catalogue import ACTIONS, EVENTS
from schemas.trust.canonical import canonical
from services.recorder.domain import decider
from services.recorder.domain.deciding.core import NO_TERMS, Action, Event, Key, NotLoaded, Overlay, Rejection, S, State
from services.recorder.domain.deciding.facts import Search
from services.recorder.intake.reading import Readable, read
from services.recorder.vault.vault import DataKey, Owner

OFFICE = "o-1"
NOW = datetime.fromisoformat("2026-12-31T23:59:59+08:00")
MONDAY = "2026-03-02T09:00:00+08:00"
KEY = DataKey("0b0e7a1c-8f0d-4f6e-9a53-1d1f5a0c9b77", Owner(OFFICE, "p-1"), bytes(32))


class Loaded:
    """The states with these keys and no others."""

    def __init__(self, states: dict[Key, State], keys: set[Key]) -> None:
        self._states = states
        self.keys = keys

    def of(self, kind: type[S], key: Key) -> S:
        if key not in self.keys:
            raise NotLoaded(key)
        state = self._states.get(key)
        return state if isinstance(state, kind) else kind()


@dataclass
class Office:
    """States and events so far."""

    states: dict[Key, State] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    count: int = 0

    def submit(self, name: str, data: dict[str, Any], at: str = MONDAY) -> list[Any] | Rejection:
        """Decide one action, and take its events on. Events are Any: each type has data of its own."""
        self.count += 1
        return self.decide(self.action(name, data, at))

    def action(self, name: str, data: dict[str, Any], at: str = MONDAY) -> Action:
        """The action as the append gets it. Whoever sends it, erasures are confirmed by another one."""
        return self.aimed(checked(name, data, at, f"a-{self.count}").under(NO_TERMS, sender(name)))

    def decide(self, action: Action, now: datetime = NOW) -> list[Event] | Rejection:
        """The same for an action as it comes out of the intake."""
        loaded = self.loaded(action)
        decided = decider.decide(loaded, action, now)
        if isinstance(decided, Rejection):
            assert decided.en
            assert decided.zh
            return decided
        after = Overlay(loaded)
        events = [_read_back(event) for event in decided]
        for event in events:
            after.apply(decider.evolve(after, event))
            self.events[event.id] = event
        assert decider.evolve_all(loaded, events) == after.changes
        self.states |= after.changes
        return decided

    def loaded(self, action: Action) -> Loaded:
        """What the append would load for this action."""
        loaded = Loaded(self.states, set(decider.reads(action)))
        while more := set(decider.reads_more(loaded, action)) - loaded.keys:
            loaded.keys |= more
        return loaded

    def did(self, name: str, data: dict[str, Any], at: str = MONDAY) -> Any:  # noqa: ANN401
        """An action that must be accepted; its last event."""
        decided = self.submit(name, data, at)
        assert not isinstance(decided, Rejection), (decided.code, decided.en)
        return decided[-1]

    def refused(self, name: str, data: dict[str, Any], at: str = MONDAY) -> str:
        """An action that must be refused, and leave nothing behind; the code."""
        before = dict(self.states)
        decided = self.submit(name, data, at)
        assert isinstance(decided, Rejection), decided
        assert self.states == before
        return decided.code

    def revoke(self, event: Event) -> Any:  # noqa: ANN401
        return self.did("any.revoke-entry", {"event": event.id, "reason": "mistake"})

    def refused_revocation(self, event: Event) -> str:
        return self.refused("any.revoke-entry", {"event": event.id, "reason": "mistake"})

    def aimed(self, action: Action) -> Action:
        """With the event that it takes back, and those that it names."""
        action = decider.citing(action, self.events)
        target = self.events.get(action.data.event) if decider.aims(action.data) else None
        if target is None:
            return action
        action = decider.aimed(action, target)
        return action._replace(naming=self._naming(decider.searched(action)))

    def _naming(self, search: Search | None) -> tuple[Key, ...]:
        """The states that the ledger would find to name these ids."""
        if search is None:
            return ()
        return tuple(
            key
            for key, state in self.states.items()
            if key[0] in search.kinds
            and key[1].startswith(f"{search.office}/")
            and any(f'"{ident}"' in state.model_dump_json() for ident in search.idents)
        )


def checked(name: str, data: dict[str, Any], at: str, ident: str) -> Action:
    """The action as the intake hands it on: read, checked, sealed."""
    fields = {
        "specversion": "1.0", "id": ident, "source": "/test", "type": f"chengzhang.{name}.v1", "time": at,
        "office": OFFICE, "actor": "p-0", "data": data,
    }  # fmt: skip
    readable = read(fields, orjson.dumps(fields))
    assert isinstance(readable, Readable)
    assert readable.action is not None, readable.refusal
    return sealed(readable.action)


def sender(name: str) -> str:
    """Who sends such an action: an erasure is confirmed by another one than who requested it."""
    return "confirms" if "erase-person" in name else "requests"


def sealed(action: Action) -> Action:
    """With its sealed fields sealed, under the key of whoever is said in them to own them."""
    texts = {name: KEY.seal("…", action.event_id(0)) for name in action.data.SEALED if getattr(action.data, name)}
    replacement = sealed(action.replacement) if action.replacement else None
    blank = action.data.model_copy(update=dict.fromkeys(texts, ""))
    owner = action.data.sealed_for() if texts else None
    return action._replace(data=blank, sealed=texts, owner=owner, gist=action.data.gist(), replacement=replacement)


def _read_back(event: Event) -> Event:
    data = orjson.loads(canonical(event.data.payload()))
    return event._replace(data=EVENTS[event.data.TYPE].model_validate(data))


# --- what tests begin with ---


def person(ident: str = "p-1", **more: object) -> dict[str, Any]:
    return {"person": ident, "name": "王", "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990} | more


def post(ident: str = "p-1", tier: str = "staff", **more: object) -> dict[str, Any]:
    fields = {"person": ident, "post": f"post-{ident}", "tier": tier, "section": "s-1", "from_on": "2020-01-01"}
    return fields | more


def session(ident: str = "m-1", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    fields = {"session": ident, "carriers": ["branch"], "kinds": ["lecture"], "title": "党课", "starts_at": MONDAY}
    return fields | {"minutes": 90, "chair": "p-1"} | more


def line(ident: str = "p-1", state: str = "present", minutes: int = 90, **more: object) -> dict[str, Any]:
    return {"person": ident, "state": state, "minutes": minutes} | more


def roll(*lines: dict[str, Any], session: str = "m-1") -> dict[str, Any]:
    return {"session": session, "roll": list(lines)}


def credit(ident: str = "p-1", **more: object) -> dict[str, Any]:
    return {"session": "m-1", "person": ident, "centi_xueshi": 200, "account": "study"} | more


def correction(event: Event, name: str, data: dict[str, Any], at: str = MONDAY) -> dict[str, Any]:
    assert f"chengzhang.{name}.v1" in ACTIONS
    replacement = {"type": f"chengzhang.{name}.v1", "time": at, "data": data}
    return {"event": event.id, "reason": "mistake", "replacement": replacement}


def founded(*persons: str, section: str = "s-1") -> Office:
    """An office with a section and these persons, all staff there since 2020."""
    office = Office()
    office.did("people.define-section", {"section": section, "name": "综合科"}, "2020-01-01T08:00:00+08:00")
    for ident in persons or ("p-1", "p-2", "p-3"):
        office.did("people.register-person", person(ident), "2020-01-01T08:00:00+08:00")
        office.did("people.assume-post", post(ident), "2020-01-01T09:00:00+08:00")
    return office
