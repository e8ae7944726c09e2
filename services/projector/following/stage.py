"""From a record of the events topic to rows of the staging tables, one for each person. Pure, and plain: it is hot."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from schemas.catalogue import EVENTS
from schemas.entries.taking import EntryRevoked
from schemas.people.cadres import PersonRegistered
from services.projector.errors import Unfoldable
from services.projector.relations import is_care

COLUMNS: Final = (
    "office", "person", "occurred_at", "event_id", "nth", "type", "stream", "recorded_at", "section", "tier", "shard",
    "position", "sign", "data",
)  # fmt: skip
_POSITION: Final = 11  # of a row
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
    """One event: its ledger and place, the types of the facts that it changes, and its rows in the tables so named."""

    ledger: str
    shard: int
    position: int
    id: str
    types: tuple[str, ...]
    fact: list[Row]
    care: list[Row]

    @property
    def revokes(self) -> bool:
        """Whether it takes a fact back, beside being one."""
        return len(self.types) > 1


def stage(body: bytes) -> Staged:
    """Stage an event. A revocation is a fact, and the one that it takes back, with sign -1, its own position and time.

    Raises Unfoldable, whose message names the event and never its content.
    """
    try:
        event: dict[str, Any] = orjson.loads(body)
        type_ = event["type"]
        if type_ == _REVOKED:
            return _revocation(event, event["data"])
        known, rows = _rows(event, event, 1)
        facts, care = ([], rows) if known.care else (rows, [])
        return Staged(event["source"], event["shard"], rows[0][_POSITION], event["id"], known.itself, facts, care)
    except _UNREADABLE as error:
        raise Unfoldable(f"this is no event ({type(error).__name__})") from None


def _revocation(event: dict[str, Any], data: dict[str, Any]) -> Staged:
    told = {name: data[name] for name in ("event", "reason", "reopens") if name in data}
    _, own = _rows(event, {**event, "data": told}, 1)
    known, rows = _rows(event, {**data["fact"], "id": data["event"]}, -1)
    facts, care = (own, rows) if known.care else ([*own, *rows], [])
    return Staged(
        event["source"], event["shard"], own[0][_POSITION], event["id"], (_REVOKED, *known.itself), facts, care
    )


def _rows(event: dict[str, Any], fact: dict[str, Any], sign: int) -> tuple[_Known, list[Row]]:
    """The rows of a fact that this event records or takes back."""
    type_, data, occurred_at = fact["type"], fact["data"], datetime.fromisoformat(fact["time"])
    known = _KNOWN.get(type_)
    if known is None:
        raise Unfoldable(f"event {event['id']}: its type is unknown to this version: {str(type_)[:100]!r}")
    if not _FIRST_YEAR < occurred_at.year < _LAST_YEAR:  # in UTC or Shanghai it might be no datetime any more
        raise Unfoldable(f"event {event['id']}: its time lies outside the years that can be told")
    for name in known.sealed:
        data.pop(name, None)
    if "typed" in event and fact is event:
        data["entered"] = {"source": event["causationsource"], "entry": event["entry"], "typed": event["typed"]}
    recorded_at, position = datetime.fromisoformat(event["recordedtime"]), int(event["sequence"])
    office, stream, shard, ident = event["office"], event["partitionkey"], event["shard"], fact["id"]
    text = orjson.dumps(data).decode()
    return known, [
        (
            office, stamp["person"], occurred_at, ident, nth, type_, stream, recorded_at, stamp.get("section"),
            stamp.get("tier"), shard, position, sign, text,
        )
        for nth, stamp in enumerate(data.get("stamps") or ({"person": data.get("person", "")},), 1)
    ]  # fmt: skip
