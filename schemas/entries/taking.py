"""Of any entry: taken back, corrected; proposed by a cadre, verified, disputed. Imports.

Their types begin with ``chengzhang.any.``.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.base import (
    ActionData,
    Count,
    EventData,
    EventId,
    Fields,
    Id,
    Instant,
    LongText,
    Many,
    Model,
    Sha256,
    Text,
)
from schemas.declared import New, Ref, Secret, Values, Words

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
    reopens: Annotated[Many[EventId], Words("重新打开的归档", "reopened files")] | None = Field(
        default=None, description="the archived appraisals that it reopens, where it does"
    )


# --- a cadre's own entries ---

Entry = Annotated[EventId, Ref("event"), Words("事件", "event")]


class Proposal(Fields):
    """An entry that a cadre proposes for the own growth file: an action's type and data. It counts once verified."""

    WORDS: ClassVar = Words("自行申报", "entry proposed")

    type: Annotated[Text, Words("类型", "type")] = Field(description="of an action whose event enters growth files")
    data: Annotated[dict[str, Any], Words("内容", "data")] = Field(description="that action's data")


class ProposeEntry(Proposal, ActionData, name="chengzhang.any.propose-entry.v1"):
    """Propose an entry for the own growth file; it counts from being verified on."""


class EntryProposed(Proposal, EventData, name="chengzhang.any.entry-proposed.v1", of=ProposeEntry):
    """An entry was proposed; ``stamps`` are those that its event would have."""

    event: Annotated[EventId, New("event"), Words("事件", "event")] = Field(description="its own id")


class Verification(Fields):
    """A proposed entry is as proposed: what it proposes is recorded with that."""

    WORDS: ClassVar = Words("申报核实", "entry verified")

    event: Entry


class VerifyEntry(Verification, ActionData, name="chengzhang.any.verify-entry.v1"):
    """Verify a proposed entry: the event that it proposes is recorded, and counts."""


class EntryVerified(Verification, EventData, name="chengzhang.any.entry-verified.v1", of=VerifyEntry):
    """A proposed entry was verified; the event that follows is what it proposed."""


class Dispute(Fields):
    """An entry is disputed: it counts no more until that is settled."""

    WORDS: ClassVar = Words("异议", "entry disputed")

    event: Entry
    what: Annotated[LongText, Secret("event"), Words("异议内容", "what is disputed")]


class DisputeEntry(Dispute, ActionData, name="chengzhang.any.dispute-entry.v1"):
    """Dispute an entry of a growth file; why is sealed, so this comes over HTTP."""


class EntryDisputed(Dispute, EventData, name="chengzhang.any.entry-disputed.v1", of=DisputeEntry):
    """An entry was disputed."""


class Settlement(Fields):
    """A dispute is settled: upheld, the entry doesn't count and may be corrected or revoked; else it counts again."""

    WORDS: ClassVar = Words("异议处理", "dispute settled")

    event: Entry
    upheld: Annotated[bool, Words("异议成立", "upheld")]


class SettleDispute(Settlement, ActionData, name="chengzhang.any.settle-dispute.v1"):
    """Settle the dispute about an entry."""


class DisputeSettled(Settlement, EventData, name="chengzhang.any.dispute-settled.v1", of=SettleDispute):
    """A dispute was settled."""


# --- files that were read in ---


class Import(Fields):
    """A file whose rows were recorded (导入)."""

    WORDS: ClassVar = Words("导入", "import")

    batch: Annotated[Id, New("batch"), Words("批次", "batch")]
    file_sha256: Sha256
    rows: Annotated[Count, Words("行数", "rows")]


class DeclareImport(Import, ActionData, name="chengzhang.any.declare-import.v1"):
    """Declare a file whose rows are sent as actions."""


class ImportDeclared(Import, EventData, name="chengzhang.any.import-declared.v1", of=DeclareImport):
    """An import was declared."""
