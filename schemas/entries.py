"""Taking back and correcting what stands in the record (撤销与更正). Their types begin with ``chengzhang.any.``."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.base import ActionData, EventData, EventId, Fields, Instant, Model, Text
from schemas.declared import Values, Words

Reason = Annotated[
    Literal["mistake", "duplicate", "withdrawn"],
    Words("原因", "reason"),
    Values.of(mistake="错误", duplicate="重复", withdrawn="撤回"),
]


class Fact(Model):
    """A fact: its type, its time, its data. Sealed fields of a recorded one stay sealed."""

    type: Annotated[Text, Words("类型", "type")]
    time: Annotated[Instant, Words("时间", "time")]
    data: Annotated[dict[str, Any], Words("内容", "data")]


class Taking(Fields):
    """Which event is taken back, and why. It stays in the record and no longer counts."""

    WORDS: ClassVar = Words("撤销", "revocation")

    event: Annotated[EventId, Words("事件", "event")]
    reason: Reason


class RevokeEntry(Taking, ActionData, name="chengzhang.any.revoke-entry.v1"):
    """Revoke an event: it stays in the record and no longer counts."""


class CorrectEntry(Taking, ActionData, name="chengzhang.any.correct-entry.v1"):
    """Revoke an event and record another of the same type in its place, as one decision."""

    WORDS: ClassVar = Words("更正", "correction")

    replacement: Annotated[Fact, Words("更正内容", "replacement")] = Field(
        description="an action without its envelope: the fact that should stand instead"
    )


class EntryRevoked(Taking, EventData, name="chengzhang.any.entry-revoked.v1", of=RevokeEntry):
    """An event was revoked; it carries the fact it takes back, so that sums can subtract it without looking back."""

    fact: Annotated[Fact, Words("被撤销的事实", "revoked fact")] = Field(
        description="what was revoked, with its original time and stamps"
    )
