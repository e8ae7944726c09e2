"""What a session brings: its roll, make-up, minutes, speeches, reflections, places in contests, notes, study credit.

Their types begin with ``chengzhang.learning.``.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    LARGEST,
    MOST_CENTI_XUESHI,
    ActionData,
    Amount,
    Count,
    EventData,
    Fields,
    Guide,
    Instant,
    Many,
    Model,
    On,
    Person,
    Session,
    Sha256,
    Some,
    Stamped,
    Text,
)
from schemas.declared import Entry, Secret, Values, Words
from schemas.learning.sessions import SessionStamp

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
MakeUpForm = Annotated[
    Literal["reading", "recording", "tutoring"],
    Words("补课方式", "form of make-up"),
    Values.of(reading="自学材料", recording="观看录像", tutoring="专人辅导"),
]
Part = Annotated[Literal["keynote", "free"], Words("发言类别", "part"), Values.of(keynote="重点发言", free="自由发言")]
AsKnown = Annotated[SessionStamp, Words("活动当时情况", "the session as known")]


# --- the roll ---


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
    session_stamp: AsKnown


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

    session_stamp: AsKnown


# --- make-up, minutes ---


class MakeUp(Fields):
    """Somebody who was away studied it afterwards (补课)."""

    WORDS: ClassVar = Words("补课", "make-up")
    ONCE: ClassVar = ("session", "person")
    ENTRY: ClassVar = Entry("learning", title="session_stamp.title")

    session: Session
    person: Stamped
    on: On
    form: MakeUpForm
    guide: Guide | None = None


class CompleteMakeUp(MakeUp, ActionData, name="chengzhang.learning.complete-make-up.v1"):
    """Record that somebody who was on leave or absent made it up (补课)."""


class MakeUpCompleted(MakeUp, EventData, name="chengzhang.learning.make-up-completed.v1", of=CompleteMakeUp):
    """Somebody made a session up."""

    session_stamp: AsKnown


class Matter(Model):
    """What a meeting voted on (表决事项), and how many were for it."""

    matter: Annotated[Text, Words("表决事项", "matter")]
    for_: Annotated[Amount, Words("赞成", "for")] = Field(alias="for")
    against: Annotated[Amount, Words("反对", "against")]
    abstained: Annotated[Amount, Words("弃权", "abstained")]


class Minutes(Fields):
    """The minutes of a session (会议记录): who spoke, what was voted on, the document's digest."""

    WORDS: ClassVar = Words("会议记录", "minutes")
    ONCE: ClassVar = ("session",)

    session: Session
    recorder: Annotated[Person, Words("记录人", "recorder")]
    speakers: Annotated[Many[Person], Words("发言人", "speakers")] = ()
    ended_at: Annotated[Instant, Words("结束时间", "ended at")] | None = None
    matters: Annotated[Many[Matter], Words("表决事项", "matters")] = ()
    document_sha256: Sha256


class RecordMinutes(Minutes, ActionData, name="chengzhang.learning.record-minutes.v1"):
    """Record that minutes of a session were taken (会议记录); the document itself stays where it is."""


class MinutesRecorded(Minutes, EventData, name="chengzhang.learning.minutes-recorded.v1", of=RecordMinutes):
    """Minutes of a session were taken."""

    session_stamp: AsKnown

    def payload(self) -> dict[str, Any]:
        """``for`` is a word of Python: the one member of a part whose name differs from its attribute."""
        return super().payload() | {"matters": [matter.model_dump(by_alias=True) for matter in self.matters]}


# --- what people brought to it ---


class Speech(Fields):
    """Somebody spoke at a session (交流发言)."""

    WORDS: ClassVar = Words("交流发言", "speech")
    ONCE: ClassVar = ("session", "person", "part")
    ENTRY: ClassVar = Entry("learning", title="topic")

    session: Session
    person: Stamped
    part: Part
    topic: Annotated[Text, Words("题目", "topic")]
    guide: Guide | None = None


class DeliverSpeech(Speech, ActionData, name="chengzhang.learning.deliver-speech.v1"):
    """Record a speech at a session (交流发言)."""


class SpeechDelivered(Speech, EventData, name="chengzhang.learning.speech-delivered.v1", of=DeliverSpeech):
    """Somebody spoke at a session."""

    session_stamp: AsKnown


class Reflection(Fields):
    """What somebody wrote on a session (心得体会): its digest, never the text."""

    WORDS: ClassVar = Words("心得体会", "reflection")
    ONCE: ClassVar = ("session", "person")
    ENTRY: ClassVar = Entry("learning", title="session_stamp.title")

    session: Session
    person: Stamped
    document_sha256: Sha256
    guide: Guide | None = None


class SubmitReflection(Reflection, ActionData, name="chengzhang.learning.submit-reflection.v1"):
    """Submit a reflection on a session (心得体会)."""


class ReflectionSubmitted(Reflection, EventData, name="chengzhang.learning.reflection-submitted.v1",
                          of=SubmitReflection):  # fmt: skip
    """A reflection was submitted."""

    session_stamp: AsKnown


class Contest(Fields):
    """How somebody did in a contest (演讲会, 知识竞赛)."""

    WORDS: ClassVar = Words("竞赛成绩", "contest result")
    ONCE: ClassVar = ("session", "person")
    ENTRY: ClassVar = Entry("activity", title="session_stamp.title")

    session: Session
    person: Stamped
    milli_points: Annotated[int, Field(ge=0, le=LARGEST), Words("得分（千分之一）", "1/1000 point")]
    place: Annotated[Count, Words("名次", "place")]
    guide: Guide | None = None


class ScoreContest(Contest, ActionData, name="chengzhang.learning.score-contest.v1"):
    """Record somebody's place in a contest; points stay what the contest gave, and count nowhere."""


class ContestScored(Contest, EventData, name="chengzhang.learning.contest-scored.v1", of=ScoreContest):
    """Somebody took a place in a contest."""

    session_stamp: AsKnown


class Observation(Fields):
    """What observers from elsewhere noted of a session (列席旁听); the note is sealed under a key of the session."""

    WORDS: ClassVar = Words("旁听记录", "session observed")

    session: Session
    unit: Annotated[Text, Words("旁听单位", "observing unit")]
    note: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=500)],
        Secret("session"),
        Words("旁听意见", "note"),
    ]
    on: On


class ObserveSession(Observation, ActionData, name="chengzhang.learning.observe-session.v1"):
    """Record that a unit observed a session, and its note, of 500 characters at most."""


class SessionObserved(Observation, EventData, name="chengzhang.learning.session-observed.v1", of=ObserveSession):
    """A session was observed."""

    session_stamp: AsKnown
