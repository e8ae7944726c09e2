"""Sessions, attendance and study credit (学习). Their types begin with ``chengzhang.learning.``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import ActionData, Amount, Count, EventData, Guide, Id, Instant, Many, Model, MostHalfXueshi, Text

Carrier = Literal["central-group", "youth-group", "branch", "section"]
Kind = Literal["lecture", "report-meeting", "exchange", "discussion", "speech-contest", "quiz"]
Attended = Literal["present", "partial", "leave", "absent"]
LeaveKind = Literal["duty", "training", "private"]
Account = Literal["study", "recognised", "online"]
SessionMinutes = Annotated[int, Field(ge=1, le=1440)]


class ConveneSession(ActionData):
    """Convene a study session of a carrier (学习载体)."""

    TYPE: ClassVar[str] = "chengzhang.learning.convene-session.v1"

    session: Id
    item: Id | None = Field(default=None, description="the item of the month's arrangement that it fulfils")
    carrier: Carrier
    kind: Kind
    title: Text
    starts_at: Instant
    minutes: SessionMinutes
    chair: Id
    expected: Many[Id] = Field(default=(), description="应到: persons who should come")
    observers: Many[Id] = Field(default=(), description="列席: persons who sit in")


class SessionConvened(EventData):
    """A study session was convened."""

    TYPE: ClassVar[str] = "chengzhang.learning.session-convened.v1"

    session: Id
    item: Id | None = None
    carrier: Carrier
    kind: Kind
    title: Text
    starts_at: Instant
    minutes: SessionMinutes
    chair: Id
    expected: Many[Id]
    observers: Many[Id]


class SessionStamp(Model):
    """What was known of the session when a fact about it was decided, so that nobody has to join history."""

    carrier: Carrier
    kind: Kind
    title: Text
    starts_at: Instant
    minutes: SessionMinutes


class RollLine(Model):
    """One person on the roll (签到): minutes are 0 on leave or absence."""

    person: Id
    state: Attended
    minutes: Amount
    leave_kind: LeaveKind | None = None

    @model_validator(mode="after")
    def _minutes_only_where_there(self) -> Self:
        if self.state in {"leave", "absent"} and self.minutes:
            raise PydanticCustomError("away_minutes", "minutes must be 0 on leave or absence")
        if self.leave_kind and self.state != "leave":
            raise PydanticCustomError("leave_kind", "leave_kind goes with state leave only")
        return self


class RecordAttendance(ActionData):
    """Record who was there, one submission for all present; it may come in parts."""

    TYPE: ClassVar[str] = "chengzhang.learning.record-attendance.v1"

    session: Id
    roll: Many[RollLine] = Field(min_length=1)
    guide: Guide | None = None


class AttendanceRecorded(EventData):
    """One person's attendance of a session was recorded."""

    TYPE: ClassVar[str] = "chengzhang.learning.attendance-recorded.v1"

    session: Id
    person: Id
    state: Attended
    minutes: Amount
    leave_kind: LeaveKind | None = None
    guide: Guide | None = None
    session_stamp: SessionStamp


class CreditHours(ActionData):
    """Credit study time of a session attended, in half xueshi (学时)."""

    TYPE: ClassVar[str] = "chengzhang.learning.credit-hours.v1"

    session: Id
    person: Id
    half_xueshi: Annotated[Count, MostHalfXueshi]
    account: Account
    guide: Guide | None = None


class HoursCredited(EventData):
    """Study time was credited to a person."""

    TYPE: ClassVar[str] = "chengzhang.learning.hours-credited.v1"

    session: Id
    person: Id
    half_xueshi: Count
    account: Account
    guide: Guide | None = None
    session_stamp: SessionStamp


Action = ConveneSession | RecordAttendance | CreditHours
Event = SessionConvened | AttendanceRecorded | HoursCredited
