"""Erasures recorded in the ledger, applied to the vault: the key of whoever was erased is destroyed.

The ledger says who was erased, the vault follows. A recorder applies what it finds before it opens or seals anything,
after each erasure that it took, and every few seconds. So a crash in between, a vault restored from a backup that still
held the key, and an erasure that another recorder took all come to the same end.

A person's key is one for all offices. It goes once every office that has the person registered has erased the person,
so that none destroys what is another's; until then nothing of an office that has opens any more. While any office holds
the person, the key stays.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiosql
import asyncpg
import orjson
import structlog

from schemas.identity import shard_of
from services.common.faults import fault
from services.recorder.background import Background, repeated
from services.recorder.domain import erasure, facts, timeline
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Unavailable
from services.recorder.ledger import states
from services.recorder.ledger.database import TRANSIENT, Connection, Pool
from services.recorder.vault.ahead import Fact
from services.recorder.vault.vault import Vault

LOOK_EVERY: Final = 5.0  # seconds: how late a key is destroyed at the most, where nobody was told
Log: Final = structlog.get_logger("erasures")
_OURS: Final[Any] = {"fold_version": FOLD_VERSION}
_SNAPSHOT: Final[Any] = {"isolation": "repeatable_read", "readonly": True}  # what can be read, and what it says
_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


@dataclass(slots=True)
class Known:
    """What offices say: person → office → the event that erased or registered; and who is held anywhere."""

    erased: dict[str, dict[str, str]] = field(default_factory=dict)
    registered: dict[str, dict[str, str]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    def take(self, fact: Fact) -> None:
        """Take in what only the topic says."""
        if fact.kind == "held":
            self.held.add(fact.person)
        else:
            said = self.erased if fact.kind == "erased" else self.registered
            said.setdefault(fact.person, {}).setdefault(fact.office, fact.event)

    def recorded(self, rows: Iterable[Any]) -> None:
        """Take in states of erasures, by key (``office/person``)."""
        for key, text in rows:
            office, _, person = key.partition("/")
            state = erasure.Erasure.model_validate_json(text or "{}")
            if state.erased:
                self.erased.setdefault(person, {})[office] = state.erased
            if state.holds:
                self.held.add(person)

    def persons(self, rows: Iterable[Any]) -> None:
        """Take in states of persons: a registration that was revoked counts no more."""
        for key, text in rows:
            office, _, person = key.partition("/")
            if event := facts.made_by(timeline.Person.model_validate_json(text or "{}"), "person"):
                self.registered.setdefault(person, {})[office] = event

    def due(self) -> dict[str, dict[str, str]]:
        """Who was erased and is held nowhere: the event that erased by office."""
        return {who: by for who, by in self.erased.items() if who not in self.held}

    def done(self, who: str) -> bool:
        """Whether every office that has the person has erased the person."""
        return self.registered.get(who, {}).keys() <= self.erased[who].keys()


class Erasures(Background):
    """What keeps the vault at what the ledger says."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        """Nothing runs yet. From now on the vault asks here of whom only some offices have erased."""
        super().__init__()
        self._pool = pool
        self._vault = vault
        self._ahead: list[Fact] = []
        self._asked: set[int] = set()
        vault.others = self.others

    async def start(self) -> None:
        """Look every few seconds from now on."""
        told = ("erasures-retried", "erasures-failed")
        self.begin("erasures", repeated(self.apply, LOOK_EVERY, Log, told, Unavailable, *TRANSIENT, at_once=False))

    async def apply(self, ahead: Collection[Fact] = (), asked: Collection[int] = ()) -> None:
        """Destroy the keys of all who are erased wherever they are registered, and held nowhere.

        ``ahead``: what only the topic says, which was asked of these shards; it counts until the ledger's states tell.
        As long as some can't be read, since they are of another fold, no key goes: one may be needed there. Raises
        what the driver raises where the ledger can't be asked; Unavailable where the vault can't, or nobody knows who
        was erased.
        """
        self._ahead += ahead
        self._asked |= {*asked}
        async with self._pool.acquire(timeout=10) as connection, connection.transaction(**_SNAPSHOT):
            unread = await self._unread(connection)
            known = await self._recorded(connection)
        due = known.due()
        waiting = await self._vault.not_destroyed(due) if due else set()
        if not waiting:
            return
        async with self._pool.acquire(timeout=10) as connection, connection.transaction(**_SNAPSHOT):
            unread |= await self._unread(connection)
            known.persons(await _rows(_QUERIES.known(connection, **_OURS, persons=sorted(waiting))))
        gone = {who: next(iter(due[who].values())) for who in waiting if known.done(who) and not unread}
        await self._vault.close_for({who: due[who].keys() for who in waiting if who not in gone})
        if gone:
            fault("before-destroy")
            await self._vault.destroy(gone)
            Log.info("erased", persons=len(gone), events=sorted(gone.values()))

    async def _unread(self, connection: Connection) -> set[int]:
        """The shards whose states can't be read, so that only the topic says who was erased there."""
        unread = {*await states.unlike_in(connection)}
        if unread <= self._asked:
            return unread
        raise Unavailable("who was erased can't be told: another version of the recorder has made states anew")

    async def _recorded(self, connection: Connection) -> Known:
        known = Known()
        known.recorded(await _rows(_QUERIES.recorded(connection, **_OURS)))
        if self._ahead:
            sizes = await states.covered(connection, {fact.shard for fact in self._ahead})
            self._ahead = [fact for fact in self._ahead if fact.at >= sizes.get(fact.shard, 0)]
        for fact in self._ahead:
            known.take(fact)
        return known

    async def others(self, events: Mapping[UUID, frozenset[str]]) -> set[UUID]:
        """Those of these events that are of none of the offices named with each.

        Of an archived one only the shard is known: it may be of any office there. Raises what the driver raises.
        """
        async with self._pool.acquire(timeout=10) as connection:
            rows = [row async for row in _QUERIES.events_of(connection, events=list(events))]
        return {row["id"] for row in rows if not _may_be_of(row, events[row["id"]])}

    async def apply_now(self) -> None:
        """The same for somebody who waits. Raises Unavailable: it is tried again soon in any case."""
        try:
            await self.apply()
        except (Unavailable, *TRANSIENT) as error:
            raise Unavailable("recorded, but whether the person's key is destroyed already isn't known") from error


async def _rows(rows: AsyncIterator[asyncpg.Record]) -> list[tuple[str, str | None]]:
    return [(row["key"], row["state"]) async for row in rows]


def _may_be_of(row: asyncpg.Record, offices: frozenset[str]) -> bool:
    if row["body"] is not None:
        return orjson.loads(row["body"])["office"] in offices
    return row["shard"] in {shard_of(office, row["shards"]) for office in offices}
