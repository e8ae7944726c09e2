"""From a record of the events topic to rows of the staging tables: one for each person. Pure, and plain, for it is hot."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from schemas.catalogue import EVENTS
from schemas.entries import EntryRevoked
from schemas.people import PersonRegistered
from services.projector.errors import Unfoldable
from services.projector.relations import is_care

COLUMNS: Final = (
    "office", "person", "occurred_at", "event_id", "nth", "type", "stream", "recorded_at", "section", "tier", "shard",
    "position", "sign", "data",
)  # fmt: skip
_REVOKED: Final = EntryRevoked.TYPE
_FIRST_YEAR: Final = 1
_LAST_YEAR: Final = 9999
_UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError)


class _Known(NamedTuple):
    """What is known of a type."""

    itself: tuple[str, ...]
    care: bool
    sealed: tuple[str, ...]  # left out: names are opened by those who may, and no other sealed text is ever asked for


_KNOWN: Final = {
    type_: _Known((type_,), is_care(type_), () if type_ == PersonRegistered.TYPE else model.SEALED)
    for type_, model in EVENTS.items()
}

# A row in the order of COLUMNS; a bare tuple, for a named one costs as much again as all the rest of it.
Row = tuple[str, str, datetime, str, int, str, str, datetime, str | None, str | None, int, int, int, str]


class Staged(NamedTuple):
    """One event: its ledger and place, and what it changes in the tables of facts and of care."""

    ledger: str
    shard: int
    position: int
    id: str
    types: tuple[str, ...]  # of the facts that it changes
    revokes: bool
    fact: list[Row]  # named as the tables are
    care: list[Row]


def stage(body: bytes) -> Staged:
    """Stage an event. A revocation is a fact, and the one that it takes back, with sign -1, its own position and time.

    Raises Unfoldable, whose message names the event and never its content.
    """
    try:
        event: dict[str, Any] = orjson.loads(body)
        type_, data, position = event["type"], event["data"], int(event["sequence"])
        if type_ == _REVOKED:
            return _revocation(event, data, position)
        known, rows = _rows(event, event["id"], type_, event["time"], 1, data, position)
    except _UNREADABLE as error:
        raise Unfoldable(f"this is no event ({type(error).__name__})") from None
    facts, care = ([], rows) if known.care else (rows, [])
    return Staged(event["source"], event["shard"], position, event["id"], known.itself, False, facts, care)


def _revocation(event: dict[str, Any], data: dict[str, Any], position: int) -> Staged:
    taken, said = data["fact"], {"event": data["event"], "reason": data["reason"]}
    _, own = _rows(event, event["id"], _REVOKED, event["time"], 1, said, position)
    known, rows = _rows(event, data["event"], taken["type"], taken["time"], -1, taken["data"], position)
    facts, care = (own, rows) if known.care else ([*own, *rows], [])
    return Staged(event["source"], event["shard"], position, event["id"], (_REVOKED, taken["type"]), True, facts, care)


def _rows(
    event: dict[str, Any], ident: str, type_: str, time: str, sign: int, data: dict[str, Any], position: int
) -> tuple[_Known, list[Row]]:
    known = _KNOWN.get(type_)
    if known is None:
        raise Unfoldable(f"event {event['id']}: its type is unknown to this version: {str(type_)[:100]!r}")
    occurred_at = datetime.fromisoformat(time)
    if not _FIRST_YEAR < occurred_at.year < _LAST_YEAR:  # in UTC or Shanghai it might be no datetime any more
        raise Unfoldable(f"event {event['id']}: its time lies outside the years that can be told")
    for name in known.sealed:
        data.pop(name, None)
    office, stream, shard, nth = event["office"], event["partitionkey"], event["shard"], 0
    recorded_at, text = datetime.fromisoformat(event["recordedtime"]), orjson.dumps(data).decode()
    rows: list[Row] = []
    for stamp in data.get("stamps") or ({"person": data.get("person", "")},):
        nth += 1
        rows.append((
            office, stamp["person"], occurred_at, ident, nth, type_, stream, recorded_at, stamp.get("section"),
            stamp.get("tier"), shard, position, sign, text,
        ))  # fmt: skip
    return known, rows
