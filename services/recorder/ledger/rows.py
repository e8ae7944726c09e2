"""Rows of the ledger, made again from the bytes that were published: the same rows as the append wrote."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from schemas.canonical import canonical, leaf_hash
from schemas.catalogue import EVENTS
from services.recorder.domain.core import Event

EVENT_COLUMNS: Final = ("shard", "position", "id", "stream", "version", "type", "recorded_at", "body", "leaf_hash")
RECEIPT_COLUMNS: Final = ("shard", "number", "digest", "body_digest", "binding", "receipt")
EventRow = tuple[int, int, str, str, int, str, datetime, bytes, bytes]
ReceiptRow = tuple[int, int, bytes, bytes, bool, bytes]
UNREADABLE: Final = (ValueError, KeyError, TypeError)  # what making a row of bytes raises that aren't ours


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of the ledger: its row, the ledger that it says it is of, and the event itself."""

    row: EventRow
    source: str
    event: Event

    @property
    def position(self) -> int:
        """Its position in the shard."""
        return self.row[1]

    @property
    def body(self) -> bytes:
        """Its exact bytes."""
        return self.row[7]

    @property
    def leaf(self) -> bytes:
        """Its leaf hash."""
        return self.row[8]


def recorded(body: bytes) -> Recorded:
    """An event from its bytes. Raises what ``UNREADABLE`` names where they are no event's."""
    fields: dict[str, Any] = orjson.loads(body)
    return Recorded(_row(fields, body), fields["source"], event_of(fields))


def event_row(body: bytes) -> EventRow:
    """Its row alone, whatever its type. Raises what ``UNREADABLE`` names where they are no event's."""
    return _row(orjson.loads(body), body)


def _row(fields: dict[str, Any], body: bytes) -> EventRow:
    return (
        fields["shard"], int(fields["sequence"]), fields["id"], fields["partitionkey"], fields["streamversion"],
        fields["type"], datetime.fromisoformat(fields["recordedtime"]), body, leaf_hash(body),
    )  # fmt: skip


def event_of(fields: dict[str, Any]) -> Event:
    """The domain's event from an event's members."""
    data = EVENTS[fields["type"]].model_validate(fields["data"])
    return Event(fields["id"], fields["office"], fields["partitionkey"], fields["time"], data)


def receipt_row(value: bytes) -> ReceiptRow:
    """A receipt's row from its record on the topic. Raises what ``UNREADABLE`` names where it is none.

    ``body_digest`` is empty where the record doesn't tell it, as the first recorders' didn't.
    """
    fields: dict[str, Any] = orjson.loads(value)
    receipt = fields["data"]
    key = canonical([receipt["office"], receipt["source"], receipt["id"]])
    binding = receipt["final"] and receipt["outcome"] != "conflict"
    return (
        receipt["shard"], receipt["number"], hashlib.sha256(key).digest(),
        bytes.fromhex(fields.get("bodydigest", "")), binding, canonical(receipt),
    )  # fmt: skip
