"""Heart-to-heart talks (谈心谈话). Their types begin with ``chengzhang.talk.``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import ActionData, EventData, Guide, Id, LongText, Many, Sealed

Mode = Literal["one-to-one", "group"]
Pair = Literal[
    "leadership-leadership",
    "leadership-section-head",
    "leadership-staff",
    "section-head-staff",
    "peer",
]


class HoldTalk(ActionData):
    """Record a talk that was held; the members are the initiator and the participants. Its contents are sealed."""

    TYPE: ClassVar[str] = "chengzhang.talk.hold-talk.v1"
    SEALED: ClassVar[tuple[str, ...]] = ("topics", "note")

    talk: Id
    initiator: Id
    participants: Many[Id] = Field(min_length=1)
    mode: Mode
    topics: LongText | Many[LongText] | None = Field(default=None, json_schema_extra={"x-sealed": True})
    note: LongText | None = Field(default=None, json_schema_extra={"x-sealed": True})
    guide: Guide | None = None

    def members(self) -> tuple[str, ...]:
        """Initiator and participants, each once, the initiator first."""
        return tuple(dict.fromkeys((self.initiator, *self.participants)))

    def owner(self) -> str:
        """The person talked with; of a group talk its initiator."""
        others = [person for person in self.participants if person != self.initiator]
        return others[0] if self.mode == "one-to-one" and others else self.initiator


class TalkHeld(EventData):
    """A talk was held.

    ``pair`` is derived from the highest tier each held at that date, and is left out of group talks.
    """

    TYPE: ClassVar[str] = "chengzhang.talk.talk-held.v1"

    talk: Id
    initiator: Id
    participants: Many[Id]
    mode: Mode
    pair: Pair | None = None
    topics: Sealed | None = None
    note: Sealed | None = None
    guide: Guide | None = None


Action = HoldTalk
Event = TalkHeld
