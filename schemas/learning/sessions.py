"""Study sessions (学习活动): convened, moved, cancelled. Their types begin with ``chengzhang.learning.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    ActionData,
    EventData,
    Fields,
    Id,
    Instant,
    Line,
    Many,
    Model,
    Person,
    Session,
    Some,
    Stamped,
    Text,
    Title,
)
from schemas.declared import New, Ref, Values, Words

Carrier = Annotated[
    Literal["central-group", "youth-group", "branch", "section"],
    Words("学习载体", "carrier"),
    Values.of(central_group="中心组", youth_group="青年学习小组", branch="党支部", section="科室"),
]
Kind = Annotated[
    Literal[
        "lecture",
        "report-meeting",
        "exchange",
        "discussion",
        "speech-contest",
        "quiz",
        "members-meeting",
        "committee-meeting",
        "group-meeting",
        "party-lecture",
        "party-day",
        "organisational-life",
    ],
    Words("活动形式", "kind"),
    Values.of(
        lecture="讲座", report_meeting="报告会", exchange="交流会", discussion="讨论会", speech_contest="演讲会",
        quiz="知识竞赛", members_meeting="党员大会", committee_meeting="支委会", group_meeting="党小组会",
        party_lecture="党课", party_day="主题党日", organisational_life="组织生活会",
    ),
]  # fmt: skip
Carriers = Annotated[Some[Carrier], Words("学习载体", "carriers")]
Kinds = Annotated[Some[Kind], Words("活动形式", "kinds")]
Occasion = Annotated[
    Literal["planned", "conveyed"], Words("由来", "occasion"), Values.of(planned="计划内", conveyed="传达学习")
]
SessionMinutes = Annotated[int, Field(ge=1, le=1440), Words("分钟", "minutes")]
StartsAt = Annotated[Instant, Words("开始时间", "starts at")]


class SessionStamp(Model):
    """What was known of the session when a fact about it was decided, so that nobody has to join history."""

    carriers: Carriers
    kinds: Kinds
    title: Title
    starts_at: StartsAt
    minutes: SessionMinutes


class Convening(Fields):
    """A study session of one or more carriers (学习载体)."""

    WORDS: ClassVar = Words("学习活动", "session convened")

    session: Annotated[Id, New("session", since="starts_at"), Words("学习活动", "session")]
    items: Annotated[Many[Annotated[Id, Ref("item")]], Words("计划项目", "plan items")] = Field(
        default=(), description="what it fulfils of months' arrangements"
    )
    carriers: Carriers
    kinds: Kinds = Field(description="several where meetings are held together (套会): still one session")
    title: Title
    starts_at: StartsAt
    minutes: SessionMinutes
    chair: Annotated[Stamped, Words("主持人", "chair")]
    expected: Annotated[Many[Person], Words("应到", "expected")] = Field(
        default=(), description="应到: persons who should come"
    )
    observers: Annotated[Many[Person], Words("列席", "observers")] = Field(
        default=(), description="列席: persons who sit in"
    )
    place: Annotated[Text, Words("地点", "place")] | None = None
    question: Annotated[Text, Words("研究问题", "question")] | None = Field(
        default=None, description="the question of the work that it serves"
    )
    line: Line | None = None
    occasion: Occasion = "planned"

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for name in ("carriers", "kinds", "items"):
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                raise PydanticCustomError("named_twice", "{name} names one twice", {"name": name})
        return self


class ConveneSession(Convening, ActionData, name="chengzhang.learning.convene-session.v1"):
    """Convene a study session of one or more carriers (学习载体)."""


class SessionConvened(Convening, EventData, name="chengzhang.learning.session-convened.v1", of=ConveneSession):
    """A study session was convened."""

    plans: Annotated[Many[Annotated[Id, Ref("plan")]], Words("学习计划", "plans")] = Field(
        default=(), description="those whose items it fulfils"
    )


class Rescheduling(Fields):
    """A session moves to another time (改期)."""

    WORDS: ClassVar = Words("改期", "session rescheduled")

    session: Session
    starts_at: StartsAt
    minutes: SessionMinutes


class RescheduleSession(Rescheduling, ActionData, name="chengzhang.learning.reschedule-session.v1"):
    """Move a session to another time (改期); who is on its roll already must fit into that."""


class SessionRescheduled(Rescheduling, EventData, name="chengzhang.learning.session-rescheduled.v1",
                         of=RescheduleSession):  # fmt: skip
    """A session was moved to another time."""


class Cancelling(Fields):
    """A session doesn't take place (取消)."""

    WORDS: ClassVar = Words("取消活动", "session cancelled")

    session: Session
    reason: Annotated[
        Literal["clash", "no-quorum", "other"],
        Words("原因", "reason"),
        Values.of(clash="与其他工作冲突", no_quorum="人数不足", other="其他"),
    ]


class CancelSession(Cancelling, ActionData, name="chengzhang.learning.cancel-session.v1"):
    """Cancel a session (取消): nobody is expected any more."""


class SessionCancelled(Cancelling, EventData, name="chengzhang.learning.session-cancelled.v1", of=CancelSession):
    """A session was cancelled."""
