"""Rows of the ledger, made again from the bytes that were published: the same rows as the append wrote."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from schemas.catalogue import EVENTS
from schemas.trust.canonical import canonical, leaf_hash
from services.recorder.domain.deciding.core import NOT_BINDING, Event
from services.recorder.ledger.submission import key_digest

EVENT_COLUMNS: Final = ("shard", "position", "id", "stream", "version", "type", "recorded_at", "body", "leaf_hash")
RECEIPT_COLUMNS: Final = ("shard", "number", "digest", "body_digest", "binding", "receipt")
EventRow = tuple[int, int, str, str, int, str, datetime, bytes, bytes]
ReceiptRow = tuple[int, int, bytes, bytes, bool, bytes]
UNREADABLE: Final = (ValueError, KeyError, TypeError)  # what making a row of bytes raises that aren't ours


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of the ledger: its row, the ledger and the action that it says it is of, who sent that; itself."""

    row: EventRow
    source: str
    action: str
    by: str
    recorded_time: str
    event: Event

    @property
    def at(self) -> int:
        """Its position in the shard."""
        return self.row[1]

    @property
    def raw(self) -> bytes:
        """Its exact bytes."""
        return self.row[7]

    @property
    def leaf(self) -> bytes:
        """Its leaf hash."""
        return self.row[8]


def recorded(body: bytes) -> Recorded:
    """An event from its bytes. Raises what ``UNREADABLE`` names where they are no event's."""
    fields: dict[str, Any] = orjson.loads(body)
    row = _row(fields, body)
    return Recorded(
        row, fields["source"], fields["causationid"], fields["by"], fields["recordedtime"], event_of(fields)
    )


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
    return Event(
        fields["id"], fields["office"], fields["partitionkey"], fields["time"], data, fields["causationsource"]
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """A receipt of the ledger: its row, the ledger that its record says it is of, and what it says."""

    row: ReceiptRow
    source: str
    receipt: dict[str, Any]

    @property
    def at(self) -> int:
        """Its number in the shard."""
        return self.row[1]

    @property
    def raw(self) -> bytes:
        """Its exact bytes."""
        return self.row[5]


def answered(value: bytes) -> Answered:
    """A receipt from its record on the topic. Raises what ``UNREADABLE`` names where it is none.

    Its body digest is empty where the record doesn't tell it: that of a receipt made anew is not known.
    """
    fields: dict[str, Any] = orjson.loads(value)
    receipt = fields["data"]
    return Answered(receipt_row(receipt, bytes.fromhex(fields.get("bodydigest", ""))), fields["source"], receipt)


def receipt_row(receipt: dict[str, Any], body_digest: bytes) -> ReceiptRow:
    """The row of a receipt."""
    digest = key_digest(receipt["office"], receipt["source"], receipt["id"])
    binding = receipt["final"] and receipt["outcome"] != "conflict" and receipt["code"] not in NOT_BINDING
    return (
        receipt["shard"], receipt["number"], digest, body_digest, binding, canonical(receipt),
    )  # fmt: skip
