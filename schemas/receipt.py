"""What the recorder answers, and what it could not read: the contents of the topics ``receipts`` and ``quarantine``."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.envelope import Identity

Outcome = Literal["accepted", "rejected", "conflict"]


class Told(BaseModel):
    """Base of what is told to others: frozen; readers ignore members that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(Told):
    """A sentence in both languages."""

    en: str
    zh: str


class RecordedEvent(Told):
    """An event that the action became, and where it stands."""

    id: str = Field(description="event id, a UUIDv5")
    type: str
    stream: str = Field(examples=["output/u-9"])
    version: int = Field(ge=1, description="version of the stream")
    position: int = Field(ge=0, description="position in the shard")


class Receipt(Told):
    """The answer to an action, the same for ever: accepted, rejected (for good or for now), or in conflict."""

    TYPE: ClassVar[str] = "chengzhang.receipt.v1"

    shard: int = Field(ge=0, le=1023)
    number: int = Field(ge=0, description="gapless in the shard")
    office: str
    source: str
    id: str = Field(description="the action's id")
    type: str = Field(description="the action's type")
    by: Identity = Field(description="who sent it: the name of the token or Kafka principal")
    outcome: Outcome
    final: bool = Field(description="false: sent again, the same action may pass")
    recorded_at: str = Field(json_schema_extra={"format": "date-time"})
    events: tuple[RecordedEvent, ...]
    at_least: str | None = Field(
        description="what to ask the read API for, so as to read this write", examples=["3:124"]
    )
    code: str | None = Field(description="why not", examples=["session-overlap"])
    message: Message | None
    first: int | None = Field(default=None, description="in a conflict, the number of the receipt that took the id")


class QuarantineReason(Told):
    """Why a record could not be read as an action."""

    code: str = Field(examples=["not-json"])
    en: str
    zh: str


class Quarantined(Told):
    """A record of the intake topic that could not be given a receipt. Its bytes stay with the recorder, encrypted."""

    TYPE: ClassVar[str] = "chengzhang.quarantined.v1"

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    reason: QuarantineReason
    length: int = Field(ge=0, description="bytes of the whole value")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the whole value")


class ReceiptEnvelope(Told):
    """A receipt as a CloudEvent; its key on Kafka is the action's id.

    ``bodydigest`` is what the ledger tells a repeat from another content by: with it, a lost ledger's receipts are
    rebuilt from their topic. It is keyed where the body had sealed fields, so it gives none of them away.
    """

    specversion: Literal["1.0"]
    id: str = Field(description="shard:number")
    source: str = Field(description="urn:chengzhang:ledger:<uuid>")
    type: Literal["chengzhang.receipt.v1"]
    time: str = Field(json_schema_extra={"format": "date-time"})
    datacontenttype: Literal["application/json"]
    dataschema: str
    office: str
    bodydigest: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the action's body, or its HMAC where it had sealed fields",
    )
    data: Receipt


class QuarantinedEnvelope(Told):
    """A quarantine notice as a CloudEvent; its key on Kafka is its id."""

    specversion: Literal["1.0"]
    id: str = Field(description="topic/partition/offset")
    source: str = Field(description="urn:chengzhang:ledger:<uuid>")
    type: Literal["chengzhang.quarantined.v1"]
    time: str = Field(json_schema_extra={"format": "date-time"})
    datacontenttype: Literal["application/json"]
    dataschema: str
    data: Quarantined
