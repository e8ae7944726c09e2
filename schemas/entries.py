"""Taking back and correcting what stands in the record (撤销与更正). Their types begin with ``chengzhang.any.``."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from schemas.base import ActionData, EventData, EventId, Instant, Model, Text

Reason = Literal["mistake", "duplicate", "withdrawn"]


class RevokeEntry(ActionData):
    """Revoke an event: it stays in the record and no longer counts."""

    TYPE: ClassVar[str] = "chengzhang.any.revoke-entry.v1"

    event: EventId
    reason: Reason


class Replacement(Model):
    """The fact that should stand instead: an action without its envelope.

    Its ``data`` are checked by its type's own schema.
    """

    type: Text
    time: Instant
    data: dict[str, Any]


class CorrectEntry(ActionData):
    """Revoke an event and record another of the same type in its place, as one decision."""

    TYPE: ClassVar[str] = "chengzhang.any.correct-entry.v1"

    event: EventId
    reason: Reason
    replacement: Replacement


class Fact(Model):
    """A recorded fact as it stood: its type, its time, its data with the stamps (sealed fields stay sealed)."""

    type: Text
    time: Instant
    data: dict[str, Any]


class EntryRevoked(EventData):
    """An event was revoked; it carries the fact it takes back, so that sums can subtract it without looking back."""

    TYPE: ClassVar[str] = "chengzhang.any.entry-revoked.v1"

    event: EventId
    reason: Reason
    fact: Fact = Field(description="what was revoked, with its original time and stamps")


Action = RevokeEntry | CorrectEntry
Event = EntryRevoked
