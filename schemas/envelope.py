"""The envelope: CloudEvents 1.0 and our extension attributes.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from schemas.base import Id, Instant, Model

Token = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]{1,256}$")
]
Traceparent = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
STRUCTURED = "application/cloudevents+json"  # the media type of structured mode
IDENTITY = "[A-Za-z0-9][A-Za-z0-9._@:/+-]{0,63}"  # the name of who is let in: an app or a role, never a person's name
Identity = Annotated[str, StringConstraints(pattern=f"^{IDENTITY}$")]
LARGEST_ACTION = 64 * 1024
LARGEST_EVENT = 65_535  # bytes: the most an entry of a C2SP tlog-tiles bundle can hold


EXTENSION = "[a-z0-9]{1,64}"  # the name of a sender's own attribute, which says nothing here


def _with_extensions(schema: dict[str, Any]) -> None:
    known = "|".join(schema["properties"])
    schema["patternProperties"] = {f"^(?!(?:{known})$){EXTENSION}$": {"type": ["string", "integer", "boolean"]}}


class ActionEnvelope(Model):
    """An action: "please record that …". ``time`` is when it happened."""

    model_config = ConfigDict(json_schema_extra=_with_extensions)

    specversion: Literal["1.0"]
    id: Token = Field(description="unique for ever within office and source: the idempotency key")
    source: Token
    type: Token
    time: Instant
    office: Id
    actor: Token = Field(description="who did it: an id or a program, never a person's name")
    data: dict[str, Any]
    expectedversion: Version | None = Field(default=None, description="version the stream must have")
    entry: Literal["hand", "machine"] | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Token | None = None
    subject: Token | None = None
    partitionkey: Token | None = None
    traceparent: Traceparent | None = None
    tracestate: Token | None = None


class EventEnvelope(Model):
    """An event: what was recorded. Readers ignore members that they do not know."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: str = Field(description="UUIDv5 of office, source, action id and index")
    source: str = Field(description="urn:chengzhang:ledger:<uuid>")
    type: str
    time: Instant = Field(description="when it happened")
    datacontenttype: Literal["application/json"]
    dataschema: str = Field(description="urn:chengzhang:schema:<type>")
    office: Id
    actor: Token = Field(description="who did it, as the app says")
    by: Identity = Field(description="who sent it: the name of the token or Kafka principal, as it was checked")
    recordedtime: Instant
    shard: int = Field(ge=0, le=1023)
    sequence: str = Field(pattern=r"^[0-9]{19}$", description="position in the shard, from 0")
    partitionkey: str = Field(description="the stream: session/<id>, person/<id>, …")
    streamversion: int = Field(ge=1, description="version within the office's stream")
    causationid: str = Field(description="the action's id")
    causationsource: Token = Field(description="the action's source")
    entry: Literal["hand", "machine"] | None = None
    traceparent: str | None = None
    typed: int | None = Field(
        default=None, ge=0, description="of the first event of an action that says its entry: values in its data"
    )
    data: dict[str, Any]
