"""Sessions, attendance and study credit (学习). Their types begin with ``chengzhang.learning.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    MOST_CENTI_XUESHI,
    ActionData,
    Amount,
    EventData,
    Fields,
    Guide,
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
from schemas.declared import Entry, New, Ref, Values, Words

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
Attended = Annotated[
    Literal["present", "partial", "leave", "absent"],
    Words("出勤", "attendance"),
    Values.of(present="出席", partial="部分时间", leave="请假", absent="缺席"),
]
LeaveKind = Annotated[
    Literal["duty", "training", "private"],
    Words("请假类别", "kind of leave"),
    Values.of(duty="公务", training="培训", private="私事"),
]
Account = Annotated[
    Literal["study", "recognised", "online"],
    Words("学时账户", "account"),
    Values.of(study="学习", recognised="认定", online="网络"),
]
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


class RollLine(Model):
    """One person on the roll (签到). Without minutes: the whole session, or none on leave and absence."""

    person: Person
    state: Attended
    minutes: Annotated[Amount, Words("分钟", "minutes")] | None = None
    leave_kind: LeaveKind | None = None
    granted_by: Annotated[Person, Words("准假人", "granted by")] | None = None

    @model_validator(mode="after")
    def _minutes_as_the_state_wants_them(self) -> Self:
        away = self.state in {"leave", "absent"}
        if away and self.minutes:
            raise PydanticCustomError("away_minutes", "minutes must be 0 on leave or absence")
        if not away and self.minutes == 0:
            raise PydanticCustomError("no_minutes", "who was there was there for a minute at least")
        if self.state == "partial" and self.minutes is None:
            raise PydanticCustomError("minutes_missing", "partial attendance needs its minutes")
        if self.leave_kind and self.state != "leave":
            raise PydanticCustomError("leave_kind", "leave_kind goes with state leave only")
        if self.granted_by and self.state != "leave":
            raise PydanticCustomError("granted_by", "granted_by goes with state leave only")
        return self


class RecordAttendance(ActionData, name="chengzhang.learning.record-attendance.v1"):
    """Record who was there, one submission for all present; it may come in parts."""

    WORDS: ClassVar = Words("签到", "attendance")

    session: Session
    roll: Annotated[Some[RollLine], Words("签到表", "roll")]
    guide: Guide | None = None


class AttendanceRecorded(EventData, name="chengzhang.learning.attendance-recorded.v1", of=RecordAttendance):
    """One person's attendance of a session was recorded."""

    ONCE: ClassVar = ("session", "person")
    ENTRY: ClassVar = Entry("learning", title="session_stamp.title", when={"state": ("present", "partial")})

    session: Session
    person: Stamped
    state: Attended
    minutes: Annotated[Amount, Words("分钟", "minutes")]
    leave_kind: LeaveKind | None = None
    granted_by: Annotated[Person, Words("准假人", "granted by")] | None = None
    guide: Guide | None = None
    session_stamp: Annotated[SessionStamp, Words("活动当时情况", "the session as known")]


class Crediting(Fields):
    """Study time of a session attended, in hundredths of a study hour (学时)."""

    WORDS: ClassVar = Words("学时", "credit")
    ONCE: ClassVar = ("session", "person", "account")
    ENTRY: ClassVar = Entry("learning", title="session_stamp.title")

    session: Session
    person: Stamped
    centi_xueshi: Annotated[int, Field(ge=1, le=MOST_CENTI_XUESHI), Words("学时（百分之一）", "1/100 study hour")]
    account: Account
    guide: Guide | None = None


class CreditHours(Crediting, ActionData, name="chengzhang.learning.credit-hours.v1"):
    """Credit study time of a session attended, in hundredths of a study hour (学时)."""


class HoursCredited(Crediting, EventData, name="chengzhang.learning.hours-credited.v1", of=CreditHours):
    """Study time was credited to a person."""

    session_stamp: Annotated[SessionStamp, Words("活动当时情况", "the session as known")]
