"""Folding: a shard's events, in order → its rows of ``ledger.state``, byte for byte as the append wrote them.

States change by events alone: a receipt without events touches none. So the events are all that is needed to make
them again. What is at hand is bounded: the changed rows of each portion are stored, and read again when needed.

    missing = folding.begin(events)      a portion, behind what was folded before
    while missing:
        folding.load(missing, …)         what the store holds of these keys
        missing = folding.resume()
    store(folding.changed())             before the next portion begins

``states`` does all that for a whole shard, with a store of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any, Final

from services.recorder.domain import decider
from services.recorder.domain.core import Event, Key, NotLoaded, Overlay
from services.recorder.ledger.rows import recorded
from services.recorder.ledger.working import Working

AT_ONCE: Final = 1000  # events a portion
StateRow = tuple[str, str, int, str | None]  # kind, key, version, JSON

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

    def changed(self) -> list[StateRow]:
        """The rows that the events changed since ``begin``, in the order of their keys."""
        return self._working.changed()

    def _apply(self, event: Event) -> None:
        after = Overlay(self._working)
        after.apply(decider.evolve(after, event))
        version = self._working.version(event.stream_key())
        self._working.apply(after.changes)
        self._working.advance(event.stream_key(), version + 1)


def states(bodies: Iterable[bytes], at_once: int = AT_ONCE) -> Iterator[StateRow]:
    """All rows after these events, a shard's from position 0 on, in the order of kind and key (by bytes).

    What doesn't fit into memory goes to a temporary file.
    """
    folding = Folding()
    with closing(sqlite3.connect("")) as store:  # a file without a name, gone when it is closed
        store.execute("PRAGMA journal_mode = OFF")
        store.execute("PRAGMA synchronous = OFF")
        store.row_factory = sqlite3.Row
        store.execute(_TABLE)
        ahead = iter(bodies)
        while portion := list(islice(ahead, at_once)):
            missing = folding.begin(recorded(body).event for body in portion)
            while missing:
                folding.load(missing, [row for key in missing for row in store.execute(_READ, key)])
                missing = folding.resume()
            store.executemany(_WRITE, folding.changed())
        yield from (tuple(row) for row in store.execute(_ALL))
