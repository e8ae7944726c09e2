"""A small ledger in memory: says what was recorded as the recorder would, stamps and all, and folds it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from schemas.trust.canonical import canonical
from schemas.trust.identity import shard_of
from services.projector import database, read_models
from services.projector.following.batch import Slice, by_shard
from services.projector.following.engine import Engine, Outcome
from services.projector.read_models import ReadModel
from services.projector.versioning.versions import Version

Models = tuple[ReadModel, ...]
LEDGER = "urn:chengzhang:ledger:6ba7b810-9dad-41d1-80b4-00c04fd430c8"
CONSUMER = "test-projector"
SHARDS = 8
SEALED = {"alg": "A256GCM", "kid": "k", "aad": str(uuid.UUID(int=1)), "iv": "AAAAAAAAAAAAAAAA", "ct": "c2VhbGVk"}
_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Record:
    """A Kafka record, as far as the projector looks at it."""

    partition: int
    offset: int
    value: bytes | None
    key: bytes = b""


@dataclass
class World:
    """One office's history. Each method records an event and gives its id."""

    office: str = "o-1"
    ledger: str = LEDGER
    events: list[dict[str, Any]] = field(default_factory=list)
    _stamps: dict[str, dict[str, str]] = field(default_factory=dict)
    _sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    _tick: Iterator[int] = field(default_factory=count)

    @property
    def shard(self) -> int:
        """Where the office lives."""
        return shard_of(self.office, SHARDS)

    def register(self, person: str, time: str = "2026-01-02T01:00:00Z", **more: object) -> str:
        """Register a person."""
        self._stamps.setdefault(person, {"person": person})
        data = {
            "person": person,
            "name": SEALED,
            "branch": "b-1",
            "joined_on": "2020-01-01",
            "birth_year": 1985,
            **more,
        }
        return self.record("people.person-registered", time, data, f"person/{person}")

    def assume(self, person: str, section: str, tier: str = "staff", on: str = "2026-01-02", **more: object) -> str:
        """Give a person a post."""
        self._stamps[person] = {"person": person, "section": section, "tier": tier}
        data = {"person": person, "post": f"post-{person}", "tier": tier, "section": section, "concurrent": False}
        data |= {"acting": False, "managed_by": "office", "basis": [], "from_on": on} | more
        return self.record("people.post-assumed", f"{on}T01:00:00Z", data, f"person/{person}", [person])

    def end(self, person: str, post: str, on: str) -> str:
        """End a post."""
        data = {"person": person, "post": post, "on": on}
        return self.record("people.post-ended", f"{on}T01:00:00Z", data, f"person/{person}", [person])

    def transfer(self, person: str, section: str, on: str, post: str | None = None) -> str:
        """Move a person's main post."""
        self._stamps[person] = {**self._stamps[person], "section": section}
        data = {"person": person, "to_section": section, "on": on, "post": post or f"post-{person}"}
        return self.record("people.person-transferred", f"{on}T01:00:00Z", data, f"person/{person}", [person])

    def leave(self, person: str, to: str | None = None, on: str = "2026-03-01") -> str:
        """Have a person leave the office, to another one if so said."""
        data = {"person": person, "on": on, "reason": "retired" if to is None else "transferred"}
        data |= {} if to is None else {"to": to}
        return self.record("people.person-left", f"{on}T01:00:00Z", data, f"person/{person}", [person])

    def convene(
        self,
        session: str,
        kinds: Sequence[str] = ("lecture",),
        carriers: Sequence[str] = ("section",),
        title: str = "A lecture",
        corrects: str | None = None,
        *,
        items: Sequence[str] = (),
    ) -> str:
        """Convene a session, or convene it anew in the place of an earlier event."""
        stamp: dict[str, Any] = {"carriers": list(carriers), "kinds": list(kinds), "title": title}
        stamp |= {"starts_at": "2026-03-02T01:00:00Z", "minutes": 90}
        self._sessions[session] = stamp
        data = {
            "session": session,
            **stamp,
            "items": list(items),
            "chair": "p-1",
            "expected": ["p-1", "p-2", "p-2"],
            "observers": [],
        }
        data["occasion"] = "planned"
        return self.record(
            "learning.session-convened", "2026-03-01T01:00:00Z", data, f"session/{session}", corrects=corrects
        )

    def attend(
        self, session: str, person: str, state: str = "present", time: str = "2026-03-02T03:00:00Z", **more: object
    ) -> str:
        """Record one person's attendance."""
        data = {"session": session, "person": person, "state": state, "minutes": 90, **more}
        data["session_stamp"] = self._sessions[session]
        return self.record("learning.attendance-recorded", time, data, f"session/{session}", [person])

    def credit(
        self,
        session: str,
        person: str,
        centi_xueshi: int = 200,
        account: str = "recognised",
        time: str = "2026-03-03T03:00:00Z",
    ) -> str:
        """Credit hours."""
        data = {"session": session, "person": person, "centi_xueshi": centi_xueshi, "account": account}
        data["session_stamp"] = self._sessions[session]
        return self.record("learning.hours-credited", time, data, f"session/{session}", [person])

    def talk(self, *persons: str, time: str = "2026-03-05T03:00:00Z", pair: str = "peer", **more: object) -> str:
        """Record a talk; one-to-one between two."""
        talk = f"t-{next(self._tick)}"
        mode = {"mode": "one-to-one", "pair": pair} if len(persons) == 2 else {"mode": "group"}
        data = {"talk": talk, "initiator": persons[0], "participants": list(persons), "note": SEALED, **mode, **more}
        return self.record("talk.talk-held", time, data, f"talk/{talk}", list(persons))

    def output(
        self,
        *persons: str,
        effect: str = "adopted",
        line: str = "information",
        time: str = "2026-03-06T03:00:00Z",
        **more: object,
    ) -> str:
        """File an output: the lead first."""
        output = f"u-{next(self._tick)}"
        data: dict[str, Any] = {"output": output, "lead": persons[0], "participants": list(persons[1:]), "line": line}
        data |= {"level": "office", "title": "A report", "effect": effect} | more
        return self.record("work.output-filed", time, data, f"output/{output}", list(persons))

    def visit(self, visit: str, person: str, fen: int = 0, time: str = "2026-03-07T17:00:00Z") -> str:
        """Record a home visit."""
        data = {"visit": visit, "person": person, "occasion": SEALED, "class": "event", "fund": "union", "fen": fen}
        data |= {"event_on": "2026-03-01", "visitors": []}
        return self.record("welfare.home-visit-made", time, data, f"visit/{visit}", [person])

    def revoke(self, event: str, **more: object) -> str:
        """Take an event back."""
        old = self.find(event)
        data = {
            "event": event,
            "reason": "mistake",
            "fact": {name: old[name] for name in ("type", "time", "data")},
            **more,
        }
        return self.record("any.entry-revoked", "2026-06-01T00:00:00Z", data, old["partitionkey"], [])

    def correct(self, event: str, **change: Any) -> str:  # noqa: ANN401  # any field of the event
        """Take an event back and record it anew, changed."""
        old = self.find(event)
        self.revoke(event)
        if old["type"].endswith("session-convened.v1"):
            fields = {name: old["data"][name] for name in ("session", "kinds", "carriers", "title")}
            return self.convene(**{**fields, **change}, corrects=event)
        data = {**old["data"], **change}
        if "session_stamp" in data:
            data["session_stamp"] = self._sessions[data["session"]]
        name = old["type"].removeprefix("chengzhang.").removesuffix(".v1")
        return self.record(name, old["time"], data, old["partitionkey"], None, corrects=event)

    def find(self, event: str) -> dict[str, Any]:
        """The event with that id."""
        return next(found for found in self.events if found["id"] == event)

    def record(
        self,
        name: str,
        time: str,
        data: dict[str, Any],
        stream: str,
        persons: Sequence[str] | None = (),
        *,
        corrects: str | None = None,
    ) -> str:
        """Append any event; without ``persons`` the data bear their stamps already."""
        position, type_ = len(self.events), f"chengzhang.{name}.v1"
        if persons is not None:
            data = {**data, "stamps": [self._stamps.get(person, {"person": person}) for person in persons]}
        event = {
            "specversion": "1.0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.office}/{position}")),
            "source": self.ledger,
            "type": type_,
            "time": time,
            "datacontenttype": "application/json",
            "dataschema": f"urn:chengzhang:schema:{type_}",
            "office": self.office,
            "actor": "someone",
            "recordedtime": (_BEGIN + timedelta(seconds=position)).strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
            "shard": self.shard,
            "sequence": f"{position:019d}",
            "partitionkey": stream,
            "streamversion": 1,
            "by": "publisher",
            "causationid": f"a-{position}",
            "causationsource": "/test",
            "data": data if corrects is None else {**data, "corrects": corrects},
        }
        if position % 3:  # some say how they were entered; of some it isn't known
            event |= {"entry": ("hand", "machine")[position % 2], "typed": position % 7 + 1}
        self.events.append(event)
        return str(event["id"])

    def take(self, event: dict[str, Any]) -> None:
        """Append an event that was recorded elsewhere, as if it had been here."""
        position = len(self.events)
        recorded = (_BEGIN + timedelta(seconds=position)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        here = {"source": self.ledger, "office": self.office, "shard": self.shard, "sequence": f"{position:019d}"}
        self.events.append(event | here | {"recordedtime": recorded})

    @property
    def records(self) -> list[Record]:
        """The shard's partition."""
        return [Record(self.shard, offset, canonical(event)) for offset, event in enumerate(self.events)]


@asynccontextmanager
async def engine_on(url: str, consumer: str = CONSUMER, models: Models | None = None) -> AsyncIterator[Engine]:
    """An engine with all read models, on an empty database or one that it knows."""
    engine = Engine(url, consumer, models or read_models.load())
    await engine.open(SHARDS)
    try:
        yield engine
    finally:
        await engine.close()


async def fold(engine: Engine, records: Sequence[Record], size: int = 10**6) -> list[Outcome]:
    """Fold records in batches of one size; as a consumer does that keeps the record before in mind."""
    outcomes: list[Outcome] = []
    tails = {shard: Slice(shard, cursor.next) for shard, cursor in (await engine.cursors()).items()}
    for begin in range(0, len(records), size):
        slices = []
        for shard, part in by_shard(records[begin : begin + size]).items():
            slices.append(Slice(shard, tails[shard].end, tails[shard].tail).take(part))
            tails[shard] = slices[-1]
        outcomes += await engine.apply([s for s in slices if s.facts or s.broken or s.gap])
    return outcomes


def tables(models: Models | None = None) -> tuple[str, ...]:
    """All that a version folds into."""
    return Version.of(1, models or read_models.load()).tables


ORIGIN = [f"TRUNCATE {', '.join(tables())}", "UPDATE cursor SET next = 0, leaf_hash = NULL, ledger = NULL"]


async def dump(url: str, models: Models | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in one order."""
    return {name: await select(url, f"SELECT t.* FROM {name} AS t ORDER BY t::text") for name in tables(models)}


async def select(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    connection = await database.connect(url)
    try:
        return [tuple(row.values()) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


async def execute(url: str, statements: Iterable[str]) -> None:
    """Run statements as an administrator would, on the live version."""
    connection = await database.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
