"""Heart-to-heart talks (谈心谈话). Their types begin with ``chengzhang.talk.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import ActionData, Day, EventData, Fields, Guide, Id, LongText, Many, On, Person, Some, Stamped, Text
from schemas.declared import Entry, New, Ref, Secret, Values, Words

DueOn = Annotated[Day, Words("期限", "due on")]

Mode = Annotated[Literal["one-to-one", "group"], Words("方式", "mode"), Values.of(one_to_one="一对一", group="集体")]
Pair = Annotated[
    Literal["leadership-leadership", "leadership-section-head", "leadership-staff", "section-head-staff", "peer"],
    Words("谈话对象", "pair"),
    Values(
        {
            "leadership-leadership": Words("主任室之间", "within the leadership"),
            "leadership-section-head": Words("主任室与科室负责人", "leadership and section head"),
            "leadership-staff": Words("主任室与科员", "leadership and staff"),
            "section-head-staff": Words("科室负责人与科员", "section head and staff"),
            "peer": Words("其他", "peer"),
        }
    ),
]
PartyPair = Annotated[
    Literal["committee-committee", "committee-member", "member-member"],
    Words("党内谈话对象", "party pair"),
    Values(
        {
            "committee-committee": Words("支委之间", "within the committee"),
            "committee-member": Words("支委与党员", "committee and member"),
            "member-member": Words("党员之间", "among members"),
        }
    ),
]


# --- talks that are due ---


class Requirement(Fields):
    """Somebody should be talked with by a day; why is sealed."""

    WORDS: ClassVar = Words("谈话任务", "talk required")

    duty: Annotated[Id, New("duty"), Words("谈话任务", "talk duty")]
    person: Stamped
    with_: Annotated[Person, Words("谈话人", "with")] | None = Field(
        default=None, alias="with", description="who should talk with that person; anybody if left out"
    )
    trigger: Annotated[LongText, Secret("person"), Words("缘由", "trigger")]
    due_on: DueOn

    @model_validator(mode="after")
    def _of_two(self) -> Self:
        if self.with_ == self.person:
            raise PydanticCustomError("with_oneself", "with is somebody else than person")
        return self


class RequireTalk(Requirement, ActionData, name="chengzhang.talk.require-talk.v1"):
    """Have a talk with somebody become due by a day; why is sealed."""


class TalkRequired(Requirement, EventData, name="chengzhang.talk.talk-required.v1", of=RequireTalk):
    """A talk became due."""


# --- talks ---


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

    def sealed_for(self) -> str:
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


# --- what was promised in them ---


class Promise(Fields):
    """What somebody will see to by a day, as promised in a talk, over a duty report or at a section exchange."""

    WORDS: ClassVar = Words("后续事项", "follow-up promised")

    follow_up: Annotated[Id, New("follow-up"), Words("后续事项", "follow-up")]
    talk: Annotated[Id, Ref("talk"), Words("谈话", "talk")] | None = None
    report: Annotated[Id, Ref("report"), Words("述职报告", "report")] | None = None
    exchange: Annotated[Id, Ref("exchange"), Words("科室交流", "section exchange")] | None = None
    owner: Annotated[Stamped, Words("负责人", "owner")]
    due_on: DueOn
    what: Annotated[LongText, Secret("owner"), Words("内容", "what")]

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if sum(origin is not None for origin in (self.talk, self.report, self.exchange)) != 1:
            raise PydanticCustomError("one_origin", "give exactly one of talk, report and exchange")
        return self


class PromiseFollowUp(Promise, ActionData, name="chengzhang.talk.promise-follow-up.v1"):
    """Record what was promised in a talk, over a duty report or at a section exchange; what it is is sealed."""


class FollowUpPromised(Promise, EventData, name="chengzhang.talk.follow-up-promised.v1", of=PromiseFollowUp):
    """A follow-up was promised."""


class Closing(Fields):
    """What was promised is done with."""

    WORDS: ClassVar = Words("后续事项办结", "follow-up closed")

    follow_up: Annotated[Id, Ref("follow-up"), Words("后续事项", "follow-up")]
    on: On
    result: Annotated[LongText, Secret("follow_up"), Words("结果", "result")] | None = None


class CloseFollowUp(Closing, ActionData, name="chengzhang.talk.close-follow-up.v1"):
    """Close a follow-up; of several closings the latest counts."""


class FollowUpClosed(Closing, EventData, name="chengzhang.talk.follow-up-closed.v1", of=CloseFollowUp):
    """A follow-up was closed."""
