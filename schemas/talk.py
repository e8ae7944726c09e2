"""Heart-to-heart talks (谈心谈话). Their types begin with ``chengzhang.talk.``."""

from typing import Annotated, ClassVar, Literal

from schemas.base import ActionData, EventData, Fields, Guide, Id, LongText, Many, Some, Stamped, Text
from schemas.declared import Entry, New, Ref, Secret, Values, Words

Mode = Annotated[Literal["one-to-one", "group"], Words("方式", "mode"), Values.of(one_to_one="一对一", group="集体")]
Pair = Annotated[
    Literal["leadership-leadership", "leadership-section-head", "leadership-staff", "section-head-staff", "peer"],
    Words("谈话对象", "pair"),
    Values.of(
        leadership_leadership="主任室之间", leadership_section_head="主任室与科室负责人",
        leadership_staff="主任室与科员", section_head_staff="科室负责人与科员", peer="其他",
    ),
]  # fmt: skip
PartyPair = Annotated[
    Literal["committee-committee", "committee-member", "member-member"],
    Words("党内谈话对象", "party pair"),
    Values.of(committee_committee="支委之间", committee_member="支委与党员", member_member="党员之间"),
]


class Talk(Fields):
    """A talk; the members are the initiator and the participants. Its contents are sealed."""

    WORDS: ClassVar = Words("谈心谈话", "talk")
    ENTRY: ClassVar = Entry("talk")

    talk: Annotated[Id, New("talk"), Words("谈话", "talk")]
    initiator: Annotated[Stamped, Words("发起人", "initiator")]
    participants: Annotated[Some[Stamped], Words("参加人", "participants")]
    mode: Mode
    duty: Annotated[Id, Ref("duty"), Words("谈话任务", "talk duty")] | None = None
    place: Annotated[Text, Words("地点", "place")] | None = None
    topics: Annotated[LongText | Many[LongText], Secret("initiator"), Words("谈话主题", "topics")] | None = None
    note: Annotated[LongText, Secret("initiator"), Words("谈话记录", "note")] | None = None
    guide: Guide | None = None

    def members(self) -> tuple[str, ...]:
        """Initiator and participants, each once, the initiator first."""
        return tuple(dict.fromkeys((self.initiator, *self.participants)))


class HoldTalk(Talk, ActionData, name="chengzhang.talk.hold-talk.v1"):
    """Record a talk that was held; the members are the initiator and the participants. Its contents are sealed."""

    def owner(self) -> str:
        """The person talked with; of a group talk its initiator."""
        others = [person for person in self.participants if person != self.initiator]
        return others[0] if self.mode == "one-to-one" and others else self.initiator


class TalkHeld(Talk, EventData, name="chengzhang.talk.talk-held.v1", of=HoldTalk):
    """A talk was held.

    ``pair`` is derived from the highest tier, ``party_pair`` from the party role that each held at that date; both are
    left out of group talks, the second where one of them had none.
    """

    pair: Pair | None = None
    party_pair: PartyPair | None = None
