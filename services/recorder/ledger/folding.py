"""Folding: a shard's events, in order → its rows of ``ledger.state``, byte for byte as the append wrote them.

States change by events alone: a receipt without events touches none. So the events are all that is needed to make
them again. What is at hand is bounded: the changed rows of each portion are stored, and read again when needed.

    missing = folding.begin(events)      a portion, behind what was folded before
    while missing:
        folding.load(missing, …)         what the store holds of these keys
        missing = folding.resume()
    store(folding.changed())             before the next portion begins

``fold`` does that over the ledger, ``Folded`` with a store of its own, ``states`` for a whole shard at once.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any, Final

from services.recorder.domain import decider
from services.recorder.domain.deciding.core import Event, Key, NotLoaded, Overlay
from services.recorder.ledger import states as stored
from services.recorder.ledger.appending.working import Working
from services.recorder.ledger.database import Connection
from services.recorder.ledger.rows import recorded

AT_ONCE: Final = 1000  # events a portion
StateRow = tuple[str, str, int, str | None]  # kind, key, version, JSON
LeftOut = Callable[[Event, Exception], None]

_TABLE: Final = "CREATE TABLE state (kind, key, version, state, PRIMARY KEY (kind, key)) WITHOUT ROWID"
_READ: Final = "SELECT kind, key, version, state FROM state WHERE kind = ? AND key = ?"
_WRITE: Final = "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?)"
_ALL: Final = "SELECT kind, key, version, state FROM state ORDER BY kind, key"


class Folding:
    """A shard's fold, between its events and whatever stores the rows."""

    def __init__(self) -> None:
        """Nothing is folded yet."""
        self._working = Working()
        self._portion = 0
        self._left: list[Event] = []

    def begin(self, events: Iterable[Event]) -> list[Key]:
        """Begin with the next events. The changes of those before are stored; the keys to load first."""
        self._working.commit(self._portion)
        self._working.begin(self._portion)
        self._portion += 1
        self._left = [*reversed(list(events))]
        keys = {key for event in self._left for key in (event.stream_key(), *decider.touched(event))}
        return self._working.missing(keys) or self.resume()

    def load(self, keys: Iterable[Key], found: Iterable[Any]) -> None:
        """Take in what is stored of these keys: records of kind, key, version, state."""
        self._working.load(keys, found)

    def resume(self) -> list[Key]:
        """Fold on; the keys that are still to be loaded, none when all is folded."""
        while self._left:
            try:
                self._apply(self._left[-1])
            except NotLoaded as missing:
                return [missing.args[0]]  # one that only a loaded state names: an overlapping session
            self._left.pop()
        return []

    def skip(self) -> Event:
        """Leave out the event that ``resume`` could not fold, and give it."""
        return self._left.pop()

    def changed(self) -> list[StateRow]:
        """The rows that the events changed since ``begin``, in the order of their keys."""
        return self._working.changed()

    def _apply(self, event: Event) -> None:
        after = Overlay(self._working)
        after.apply(decider.evolve(after, event))
        version = self._working.version(event.stream_key())
        self._working.apply(after.changes)
        self._working.advance(event.stream_key(), version + 1)


async def fold(folding: Folding, connection: Connection, shard: int, events: list[Event]) -> None:
    """Fold the next events on, over the states that the ledger holds; in a thread, for it takes a while."""
    missing = await asyncio.to_thread(folding.begin, events)
    while missing:
        folding.load(missing, await stored.read(connection, [(shard, key) for key in missing]))
        missing = await asyncio.to_thread(folding.resume)


class Folded:
    """A shard's fold with a store of its own: what doesn't fit into memory goes to a temporary file.

    ``left_out`` is told of an event that does not fold, and why; without it, the domain's own error is raised.
    """

    def __init__(self, left_out: LeftOut | None = None) -> None:
        """Nothing is folded yet."""
        self._folding = Folding()
        self._left_out = left_out
        self._store = sqlite3.connect("")  # a file without a name, gone when it is closed
        self._store.row_factory = sqlite3.Row
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", _TABLE):
            self._store.execute(statement)

    def take(self, events: Iterable[Event]) -> None:
        """Fold a portion of events on."""
        portion = [event for event in events if self._left_out is None or self._readable(event, self._left_out)]
        missing = self._tried(lambda: self._folding.begin(portion))
        while missing:
            self._folding.load(missing, [row for key in missing for row in self._store.execute(_READ, key)])
            missing = self._tried(self._folding.resume)
        self._store.executemany(_WRITE, self._folding.changed())

    def _readable(self, event: Event, left_out: LeftOut) -> bool:
        try:
            tuple(decider.touched(event))
        except Exception as error:  # noqa: BLE001  # whatever the domain makes of what it never decided
            left_out(event, error)
            return False
        return True

    def _tried(self, step: Callable[[], list[Key]]) -> list[Key]:
        while True:
            try:
                return step()
            except Exception as error:
                if self._left_out is None:
                    raise
                self._left_out(self._folding.skip(), error)
                step = self._folding.resume

    def rows(self) -> Iterator[StateRow]:
        """All rows, in the order of kind and key (by bytes)."""
        yield from (tuple(row) for row in self._store.execute(_ALL))

    def close(self) -> None:
        """Let the file go."""
        self._store.close()


def states(bodies: Iterable[bytes], at_once: int = AT_ONCE) -> Iterator[StateRow]:
    """All rows after these events, a shard's from position 0 on, in the order of kind and key (by bytes)."""
    with closing(Folded()) as folded:
        ahead = iter(bodies)
        while portion := list(islice(ahead, at_once)):
            folded.take(recorded(body).event for body in portion)
        yield from folded.rows()
