"""Events and receipts from both tapes, put together again as they were recorded: a receipt with its own events.

The relay publishes events first. So where a ledger was lost in the midst of it, the events topic may end behind the
receipts topic, never before it: the last events then have no receipt, and get one made of what they say themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import orjson

from schemas.catalogue import BECOMES
from schemas.entries.taking import CorrectEntry, EntryRevoked, RevokeEntry
from schemas.trust.identity import event_id
from services.recorder.ledger.appending.bodies import Address, accepted
from services.recorder.ledger.rows import Answered, ReceiptRow, Recorded, receipt_row
from services.recorder.recovery.refilling.tape import Tapes
from services.recorder.recovery.refilling.telling import Remark, remark

MOST_RECEIPTS: Final = 1000  # a portion; so many look-ups and rows go into one transaction
MOST_EVENTS: Final = 4000
_MOST_IN_ONE: Final = 10_000  # events of an action: no action has more
_ACTION_OF: Final = {event: action for action, event in BECOMES.items()}


@dataclass(slots=True)
class Portion:
    """What goes into the ledger in one transaction. ``made``: how many of the receipts were made anew."""

    events: list[Recorded] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)  # times
    made: int = 0
    orphans: int = 0  # events for which no receipt could be made


class Reader:
    """Makes portions of a shard's tapes. ``mismatch`` says why it ended before the tapes did."""

    def __init__(self, tapes: Tapes, sources: Sources) -> None:
        """``sources``: which apps are known, to find out whose an action was."""
        self._tapes = tapes
        self._sources = sources
        self.mismatch: Remark | None = None

    async def portions(self) -> AsyncIterator[Portion]:
        """All of them, in order."""
        while portion := await self._answered():
            yield portion
        if self.mismatch is None:
            while portion := await self._unanswered():
                yield portion

    async def _answered(self) -> Portion | None:
        portion = Portion()
        while len(portion.receipts) < MOST_RECEIPTS and len(portion.events) < MOST_EVENTS:
            following = await self._tapes.receipts.ahead(1)
            own = await self._events_of(following[0]) if following else None
            if own is None:
                break
            self._take(portion, following[0], own)
        return portion if portion.receipts else None

    def _take(self, portion: Portion, answered: Answered, own: list[Recorded]) -> None:
        self._tapes.receipts.take(1)
        self._tapes.events.take(len(own))
        self._sources.hear(answered.receipt)
        portion.events += own
        portion.receipts.append(answered.row)
        portion.recorded.append(answered.receipt["recorded_at"])

    async def _events_of(self, answered: Answered) -> list[Recorded] | None:
        listed = answered.receipt["events"]
        own = await self._tapes.events.ahead(len(listed)) if listed else []
        for says, event in zip(listed, own, strict=False):
            if tuple(map(says.get, ("id", "type", "stream", "version", "position"))) != _listed(event):
                self._mismatched("topics-differ", answered, event.at)
                return None
        if len(own) < len(listed):
            self._mismatched("listed-missing", answered, listed[len(own)]["position"])
            return None
        return own

    def _mismatched(self, word: str, answered: Answered, position: int) -> None:
        self.mismatch = remark(word, answered.row[0], number=answered.at, position=position)

    async def _unanswered(self) -> Portion | None:
        ahead = await self._tapes.events.ahead(MOST_EVENTS + _MOST_IN_ONE)
        portion = Portion()
        for own in self._actions(ahead):
            if len(portion.events) >= MOST_EVENTS:
                break
            number = self._tapes.receipts.next + len(portion.receipts)
            made = self._sources.receipt_of(own, number)
            portion.events += own
            portion.recorded.append(own[0].recorded_time)
            if made is None:
                portion.orphans += len(own)
            else:
                portion.receipts.append(made)
                portion.made += 1
        self._tapes.events.take(len(portion.events))
        self._tapes.receipts.next += len(portion.receipts)
        return portion if portion.events else None

    def _actions(self, events: list[Recorded]) -> Iterator[list[Recorded]]:
        """The events by their action; two apps may use the same id, in one batch, one after the other."""
        for _, group in groupby(events, key=lambda e: (e.event.office, e.action, e.recorded_time)):
            rest = list(group)
            while rest:
                count = self._sources.count_of_first(rest)
                yield rest[:count]
                rest = rest[count:]


def _listed(event: Recorded) -> tuple[str, str, str, int, int]:
    """As a receipt lists it: id, type, stream, version and position."""
    _, position, ident, stream, version, type_, *_ = event.row
    return ident, type_, stream, version, position


class Sources:
    """Which apps have sent what to which office, as far as receipts tell."""

    def __init__(self) -> None:
        """None is known yet."""
        self._by_office: dict[str, dict[str, None]] = {}
        self._all: dict[str, None] = {}

    def hear(self, receipt: dict[str, Any]) -> None:
        """Its app is known."""
        self._by_office.setdefault(receipt["office"], {})[receipt["source"]] = None
        self._all[receipt["source"]] = None

    def receipt_of(self, events: Sequence[Recorded], number: int) -> ReceiptRow | None:
        """The receipt of the action that became these events: as it was, but for its number, which may be another.

        The body digest can't be had: it is empty, and any body counts as the same. None where the app isn't known.
        """
        first, source = events[0], self._source(events[0])
        if source is None:
            return None
        office, type_ = first.event.office, _action_type(events)
        to = Address(first.row[0], number, first.recorded_time, office, source, first.action, type_, first.by)
        return receipt_row(orjson.loads(accepted(to, [_listed(event) for event in events])), b"")

    def count_of_first(self, events: Sequence[Recorded]) -> int:
        """How many of these events, from the first on, are of the same action, sent by the same app.

        An event's id says so where the app is known; where it isn't, up to the first event of a known one.
        """
        office, action, source = events[0].event.office, events[0].action, self._source(events[0])
        for index, event in enumerate(events[1:], 1):
            if source is None:
                if self._source(event) is not None:
                    return index
            elif event_id(office, source, action, index) != event.event.id:
                return index
        return len(events)

    def _source(self, event: Recorded) -> str | None:
        """The id of an action's first event is a digest, also of the app that sent it: whoever it was is found."""
        office = event.event.office
        known = {**self._by_office.get(office, {}), **self._all}
        for source in known:
            if event_id(office, source, event.action, 0) == event.event.id:
                return source
        return None


def _action_type(events: Sequence[Recorded]) -> str:
    type_ = events[0].event.data.TYPE
    if type_ == EntryRevoked.TYPE:
        return CorrectEntry.TYPE if len(events) > 1 else RevokeEntry.TYPE
    return _ACTION_OF[type_]
