"""The yearly appraisal (年度考核), from the opened cycle to the grade that is decided.

Its posting, notice and review are in ``posting``. Their types begin with ``chengzhang.appraisal.``.
"""

from typing import Annotated, ClassVar, Final, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    ActionData,
    Count,
    EventData,
    EventId,
    Fields,
    Id,
    LongText,
    Many,
    On,
    Period,
    Person,
    Some,
    Stamped,
    Text,
    Year,
)
from schemas.declared import New, Ref, Secret, Values, Words
from schemas.entries.following import PackId
from schemas.life.work import Votes
from schemas.people.cadres import Establishment
from schemas.people.discipline import BarKind

Cycle = Annotated[Id, Ref("cycle"), Words("年度考核", "cycle")]
Pool = Annotated[
    Literal["civil-service", "institution", "leadership"],
    Words("考核范围", "pool"),
    Values.of(civil_service="公务员", institution="事业编", leadership="领导班子（由上级考核）"),
]
# The last two are no grade; of the others each is harsher than the one before it.
Grade = Annotated[
    Literal["excellent", "competent", "basically-competent", "incompetent", "undetermined", "not-appraised"],
    Words("考核等次", "grade"),
    Values.of(
        excellent="优秀",
        competent="称职",
        basically_competent="基本称职",
        incompetent="不称职",
        undetermined="不确定等次",
        not_appraised="不参加考核",
    ),
]
FinalGrade = Annotated[
    Literal["excellent", "competent", "basically-competent", "incompetent"],
    Words("考核等次", "grade"),
    Values.of(excellent="优秀", competent="称职", basically_competent="基本称职", incompetent="不称职"),
]
# The same codes are called otherwise where the establishment is institution (事业编).
OF_INSTITUTIONS: Final = {"competent": "合格", "basically-competent": "基本合格", "incompetent": "不合格"}


def called(grade: str, establishment: str = "civil-service") -> str:
    """What a grade is called in Chinese."""
    words = next(mark.words for mark in get_args(Grade) if isinstance(mark, Values))
    return (OF_INSTITUTIONS if establishment == "institution" else {}).get(grade) or words[grade].zh


RoutineGrade = Annotated[
    Literal["good", "fairly-good", "fair", "poor"],
    Words("平时考核等次", "routine grade"),
    Values.of(good="好", fairly_good="较好", fair="一般", poor="较差"),
]
Without = Annotated[
    Literal["probation", "long-leave", "secondment", "investigation", "discipline", "refused"],
    Words("不定等次或不参加考核的原因", "why without a grade"),
    Values.of(
        probation="试用期",
        long_leave="长期休假",
        secondment="借调挂职",
        investigation="立案审查",
        discipline="受处分",
        refused="拒不参加考核",
    ),
]
AppraisedBy = Annotated[
    Literal["office", "host", "sender", "superior"],
    Words("考核单位", "appraised by"),
    Values.of(office="本机关", host="接收单位", sender="派出单位", superior="上级机关"),
]
# How far a person's appraisal has come, in this order: the furthest of the steps that stand.
Stage = Annotated[
    Literal[
        "not-opened",
        "opened",
        "self-review",
        "democratic-assessment",
        "findings",
        "proposed",
        "decided",
        "notified",
        "signed",
        "archived",
    ],
    Words("进程", "stage"),
    Values.of(
        not_opened="未启动",
        opened="已启动",
        self_review="总结述职",
        democratic_assessment="民主测评",
        findings="了解核实",
        proposed="审核评鉴",
        decided="确定等次",
        notified="书面告知",
        signed="签署意见",
        archived="已归档",
    ),
]
Consequence = Annotated[
    Literal["commendation", "third-class-merit", "admonition-talk", "one-rank-down", "dismissal"],
    Words("考核结果运用", "what follows"),
    Values.of(
        commendation="嘉奖",
        third_class_merit="三等功",
        admonition_talk="诫勉谈话",
        one_rank_down="降低一个职级",
        dismissal="辞退",
    ),
]
Bars = Annotated[Many[BarKind], Words("处分影响", "bars")]
Follows = Annotated[Many[Consequence], Words("考核结果运用", "what follows")]


class OfCycle(EventData):
    """What every event of a cycle tells of it."""

    year: Year
    rule_pack: PackId


class OfFile(OfCycle):
    """What every event about somebody in a cycle tells of whose seats they are counted with."""

    pool: Pool | None = Field(default=None, description="null without a post on 31 December")
    establishment: Establishment = "civil-service"


class Judged(OfFile):
    """What bore upon a grade when it was proposed or decided."""

    bars: Bars = Field(default=(), description="of discipline, that bound then: the heavier first")
    here: Annotated[bool, Words("在本机关考核", "appraised here")] = Field(
        default=True, description="else no seat of this office is taken, and none counted for"
    )


# --- the cycle ---


class CycleOpening(Fields):
    """A year's appraisal is opened (启动年度考核), under a rule pack; the committee appraises, the head decides."""

    WORDS: ClassVar = Words("启动年度考核", "cycle opened")

    cycle: Annotated[Id, New("cycle"), Words("年度考核", "cycle")]
    year: Year
    rule_pack: PackId
    head: Annotated[Person, Words("负责人", "head")]
    committee: Annotated[Many[Person], Words("考核委员会", "committee")]


class OpenCycle(CycleOpening, ActionData, name="chengzhang.appraisal.open-cycle.v1"):
    """Open a year's appraisal (年度考核) under a rule pack."""


class CycleOpened(CycleOpening, EventData, name="chengzhang.appraisal.cycle-opened.v1", of=OpenCycle):
    """A year's appraisal was opened."""


class SeatsApproval(Fields):
    """A raised share of excellent grades, approved from above (优秀比例上浮), once for each pool."""

    WORDS: ClassVar = Words("优秀比例批准", "seats approved")
    ONCE: ClassVar = ("cycle", "pool")

    cycle: Cycle
    pool: Pool
    rate_percent: Annotated[int, Field(ge=0, le=100), Words("优秀比例（%）", "rate in percent")]
    approval_no: Annotated[Text, Words("批准文号", "approval number")]

    @model_validator(mode="after")
    def _of_a_pool_with_seats(self) -> Self:
        if self.pool == "leadership":
            raise PydanticCustomError("no_seats", "leadership is appraised by its superior: it has no seats here")
        return self


class ApproveSeats(SeatsApproval, ActionData, name="chengzhang.appraisal.approve-seats.v1"):
    """Record that a raised share of excellent grades was approved, at most what the pack allows with approval."""


class SeatsApproved(SeatsApproval, OfCycle, name="chengzhang.appraisal.seats-approved.v1", of=ApproveSeats):
    """A raised share of excellent grades was approved."""


# --- what the appraisal rests on ---


class Admission(Fields):
    """Entries of a growth file are admitted as evidence (列为考核依据): shown first, and in the bundle."""

    WORDS: ClassVar = Words("列为考核依据", "evidence admitted")

    cycle: Cycle
    person: Stamped
    events: Annotated[Some[Annotated[EventId, Ref("event")]], Words("依据事件", "events")]


class AdmitEvidence(Admission, ActionData, name="chengzhang.appraisal.admit-evidence.v1"):
    """Admit verified learning, work and activity entries of that year as evidence; never talks, welfare or needs."""


class EvidenceAdmitted(Admission, OfFile, name="chengzhang.appraisal.evidence-admitted.v1", of=AdmitEvidence):
    """Entries were admitted as evidence."""


class SelfReview(Fields):
    """A cadre's own review of the year (总结述职), once; the text is sealed."""

    WORDS: ClassVar = Words("个人总结", "self-review")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped
    text: Annotated[LongText, Secret("person"), Words("总结", "text")]


class SubmitSelfReview(SelfReview, ActionData, name="chengzhang.appraisal.submit-self-review.v1"):
    """Submit the own review of the year (总结述职); it is sealed, so this comes over HTTP."""


class SelfReviewSubmitted(
    SelfReview, OfFile, name="chengzhang.appraisal.self-review-submitted.v1", of=SubmitSelfReview
):
    """A self-review was submitted."""


class DemocraticAssessment(Fields):
    """How others voted about somebody (民主测评), once; heads of sections must be assessed, others may."""

    WORDS: ClassVar = Words("民主测评", "democratic assessment")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped
    ballots: Annotated[Count, Words("票数", "ballots")]
    counts: Votes


class HoldDemocraticAssessment(
    DemocraticAssessment, ActionData, name="chengzhang.appraisal.hold-democratic-assessment.v1"
):
    """Record a democratic assessment (民主测评): ballots by grade."""

    @model_validator(mode="after")
    def _as_many_as_there_were(self) -> Self:
        if sum(self.counts.values()) > self.ballots:
            raise PydanticCustomError("ballots", "counts add up to more than ballots")
        return self


class DemocraticAssessmentHeld(
    DemocraticAssessment,
    OfFile,
    name="chengzhang.appraisal.democratic-assessment-held.v1",
    of=HoldDemocraticAssessment,
):
    """A democratic assessment was held."""


class Findings(Fields):
    """What was found when somebody looked into a cadre's year (了解核实), once; the finding is sealed."""

    WORDS: ClassVar = Words("了解核实", "findings")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped
    by: Annotated[Person, Words("核实人", "by")]
    finding: Annotated[LongText, Secret("person"), Words("核实情况", "finding")]


class VerifyFindings(Findings, ActionData, name="chengzhang.appraisal.verify-findings.v1"):
    """Record what was found about a cadre's year (了解核实); it is sealed, so this comes over HTTP."""


class FindingsVerified(Findings, OfFile, name="chengzhang.appraisal.findings-verified.v1", of=VerifyFindings):
    """Findings were verified."""


# --- during the year ---


class Routine(Fields):
    """A routine grade (平时考核), once a period."""

    WORDS: ClassVar = Words("平时考核", "routine grade")
    ONCE: ClassVar = ("person", "period")

    person: Stamped
    period: Period
    grade: RoutineGrade


class GiveRoutineGrade(Routine, ActionData, name="chengzhang.appraisal.give-routine-grade.v1"):
    """Give a routine grade (平时考核) of a quarter or half-year; its share of good is the pack's, where it has one."""


class RoutineGradeGiven(Routine, EventData, name="chengzhang.appraisal.routine-grade-given.v1", of=GiveRoutineGrade):
    """A routine grade was given."""

    year: Year


class SpecialAppraisal(Fields):
    """How somebody did in an urgent or hard task (专项考核)."""

    WORDS: ClassVar = Words("专项考核", "special appraisal")

    person: Stamped
    task: Annotated[Text, Words("专项任务", "task")]
    on: On
    result: Annotated[RoutineGrade, Words("考核结果", "result")]


class RecordSpecialAppraisal(SpecialAppraisal, ActionData, name="chengzhang.appraisal.record-special-appraisal.v1"):
    """Record a special appraisal (专项考核)."""


class SpecialAppraisalRecorded(
    SpecialAppraisal, EventData, name="chengzhang.appraisal.special-appraisal-recorded.v1", of=RecordSpecialAppraisal
):
    """A special appraisal was recorded."""

    year: Year


# --- the grade ---


class Proposal(Fields):
    """Which grade the committee proposes (审核评鉴); comment and what to improve are sealed. The last one counts."""

    WORDS: ClassVar = Words("拟定等次", "grade proposed")

    cycle: Cycle
    person: Stamped
    grade: Grade
    comment: Annotated[LongText, Secret("person"), Words("评语", "comment")]
    improvement: Annotated[LongText, Secret("person"), Words("改进意见", "what to improve")] | None = None
    reason: Without | None = None
    appraised_by: AppraisedBy


class ProposeGrade(Proposal, ActionData, name="chengzhang.appraisal.propose-grade.v1"):
    """Propose a grade (审核评鉴), after self-review and findings unless it is undetermined or not-appraised.

    Then ``reason`` says why; with another grade there is none, but for whoever refused to be appraised.
    """

    @model_validator(mode="after")
    def _why_without(self) -> Self:
        if self.grade in {"undetermined", "not-appraised"} and self.reason is None:
            raise PydanticCustomError("reason_missing", "undetermined and not-appraised need a reason")
        if self.grade not in {"undetermined", "not-appraised"} and self.reason not in {None, "refused"}:
            raise PydanticCustomError("reason_extra", "a reason goes with undetermined and not-appraised only")
        return self


class GradeProposed(Proposal, Judged, name="chengzhang.appraisal.grade-proposed.v1", of=ProposeGrade):
    """A grade was proposed."""

    heads_section: Annotated[bool, Words("科室负责人", "heads a section")] = Field(
        default=False, description="on 31 December: then the democratic assessment is needed"
    )


class Decision(Fields):
    """Which grade was decided (确定等次), once; it may differ from the proposal."""

    WORDS: ClassVar = Words("确定等次", "grade decided")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped
    grade: Grade
    by: Annotated[Literal["head", "committee"], Words("确定方", "by"), Values.of(head="负责人", committee="考核委员会")]


class DecideGrade(Decision, ActionData, name="chengzhang.appraisal.decide-grade.v1"):
    """Decide a grade (确定等次): within the seats of the pool, and as bars allow."""


class Verdict(Judged):
    """Of every event that says which grade it is: decided, supplemented, changed by a review or appeal."""

    follows: Follows = Field(
        default=(), description="what the pack lets follow, with the years before as known; never done"
    )


class GradeDecided(Decision, Verdict, name="chengzhang.appraisal.grade-decided.v1", of=DecideGrade):
    """A grade was decided."""

    proposed: Annotated[Grade, Words("拟定等次", "proposed grade")]
    reason: Without | None = None
    appraised_by: AppraisedBy
