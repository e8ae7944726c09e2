"""States = fold of their events: all of a shard's events folded anew, beside the ledger, then compared row by row."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import orjson

from services.recorder.audit.verifying.problems import MOST, Kind
from services.recorder.audit.verifying.work import QUERIES, ROWS, Work
from services.recorder.domain import decider
from services.recorder.domain.deciding.core import Event, Key
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger.folding import Folded
from services.recorder.ledger.rows import UNREADABLE, event_of

State = tuple[int, int, str | None]  # fold version, version, JSON
Row = tuple[Key, State]


class Folds:
    """A shard's states, folded while its events are read."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._findings = work.findings
        self._places: dict[str, int] = {}  # of the portion's events, by id
        self._folded = Folded(self._left_out)

    def take(self, events: list[tuple[int, Event]]) -> None:
        """The next events with their positions."""
        self._places = {event.id: position for position, event in events}
        self._folded.take(event for _, event in events)

    def close(self) -> None:
        """Let go of what was kept."""
        self._folded.close()

    def _left_out(self, event: Event, error: Exception) -> None:
        self._findings.add(Kind.FOLD, self._places[event.id], "folds", type(error).__name__, event=event.id)

    async def compare(self, size: int) -> None:
        """Hold the stored states against the folded ones; ``size``: how many events the shard has."""
        wrong: dict[Key, tuple[State | None, State | None]] = {}
        async for key, expected, found in self._pairs():
            self._findings.checked["states"] += 1
            if expected == found:
                continue
            if len(wrong) < MOST:
                wrong[key] = (expected, found)
            else:
                self._findings.unlisted[Kind.STATE.value] += 1
        places = await self._last_places(wrong, size) if wrong else {}
        for key, (expected, found) in wrong.items():
            self._findings.add(Kind.STATE, places.get(key), _told(expected), _told(found), state=" ".join(key))

    async def _pairs(self) -> AsyncIterator[tuple[Key, State | None, State | None]]:
        """Every key that is folded or stored, with what it should be and what it is."""
        folded, stored = self._expected(), self._stored()
        left, right = next(folded, None), await anext(stored, None)
        while keys := [row[0] for row in (left, right) if row is not None]:
            key = min(keys, key=_order)
            expected = found = None
            if left is not None and left[0] == key:
                expected, left = left[1], next(folded, None)
            if right is not None and right[0] == key:
                found, right = right[1], await anext(stored, None)
            yield key, expected, found

    def _expected(self) -> Iterator[Row]:
        for kind, key, version, state in self._folded.rows():
            yield (kind, key), (FOLD_VERSION, version, state)

    async def _stored(self) -> AsyncIterator[Row]:
        rows = self._work.connection.cursor(QUERIES.states.sql, self._work.part.shard, prefetch=ROWS)
        async for kind, key, fold_version, version, state in rows:
            yield (kind, key), (fold_version, version, state)

    async def _last_places(self, keys: Iterable[Key], size: int) -> dict[Key, int]:
        """The last event of each key that touches it."""
        places: dict[Key, int] = {}
        wanted = set(keys)
        for first in range(0, size, ROWS):
            for row in await self._work.rows.events(first, first + ROWS):
                places |= dict.fromkeys(wanted.intersection(_touched(row["body"])), row["position"])
        return places


def _touched(body: bytes) -> set[Key]:
    try:
        event = event_of(orjson.loads(body))
        return {event.stream_key(), *decider.touched(event)}
    except UNREADABLE:
        return set()


def _order(key: Key) -> tuple[bytes, bytes]:
    return key[0].encode(), key[1].encode()


def _told(state: State | None) -> dict[str, Any] | None:
    if state is None:
        return None
    fold_version, version, text = state
    try:
        told = None if text is None else orjson.loads(text)
    except ValueError:
        told = text
    return {"fold_version": fold_version, "version": version, "state": told}
