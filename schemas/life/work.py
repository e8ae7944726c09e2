"""Work outputs and their effect (工作成果). Their types begin with ``chengzhang.work.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    MOST_OUTPUTS,
    ActionData,
    Amount,
    Count,
    EventData,
    Fields,
    FromOn,
    Guide,
    Half,
    Id,
    Line,
    LongText,
    Many,
    Month,
    On,
    Period,
    Person,
    Section,
    Session,
    Sha256,
    Some,
    Stamped,
    Text,
    Title,
)
from schemas.declared import Entry, New, Ref, Secret, Values, Words

Level = Annotated[
    Literal["office", "district", "city", "province", "national"],
    Words("层级", "level"),
    Values.of(office="本机关", district="区县", city="市", province="省", national="国家"),
]
Effect = Annotated[
    Literal["adopted", "in-force", "problem-solved", "pending"],
    Words("实效", "effect"),
    Values.of(adopted="建议被决策采纳", in_force="已施行", problem_solved="解决问题", pending="待见效"),
]
CLASSIFIED = "classified-communications"


class Output(Fields):
    """A work output.

    Classified communications (机要) take a count, never a title; all other lines a title, never a count.
    """

    WORDS: ClassVar = Words("工作成果", "output")
    ENTRY: ClassVar = Entry("work", title="title")

    output: Annotated[Id, New("output"), Words("成果", "output")]
    lead: Annotated[Stamped, Words("牵头人", "lead")]
    participants: Annotated[Many[Stamped], Words("参与人", "participants")] = ()
    line: Line
    title: Title | None = None
    count: Annotated[int, Field(ge=1, le=MOST_OUTPUTS), Words("数量", "count")] | None = Field(
        default=None, description="how many, on the line classified-communications only"
    )
    level: Level
    effect: Effect
    guide: Guide | None = None


class FileOutput(Output, ActionData, name="chengzhang.work.file-output.v1"):
    """File a work output.

    Classified communications (机要) take a count, never a title; all other lines a title, never a count.
    """

    @model_validator(mode="after")
    def _title_or_count(self) -> Self:
        if self.line != CLASSIFIED and self.title is None:
            raise PydanticCustomError("title_missing", "this line needs a title")
        if self.line != CLASSIFIED and self.count is not None:
            raise PydanticCustomError("count_extra", "count goes with the line classified-communications only")
        return self


class OutputFiled(Output, EventData, name="chengzhang.work.output-filed.v1", of=FileOutput):
    """A work output was filed."""


class Settlement(Fields):
    """What came of an output, as it turned out later (以工作绩效论英雄): the latest day's effect is the output's."""

    WORDS: ClassVar = Words("实效认定", "effect settled")

    output: Annotated[Id, Ref("output"), Words("成果", "output")]
    effect: Effect
    on: On
    basis: Annotated[Text, Words("依据", "basis")] | None = None


class SettleEffect(Settlement, ActionData, name="chengzhang.work.settle-effect.v1"):
    """Settle an output's effect; it may change again."""


class EffectSettled(Settlement, EventData, name="chengzhang.work.effect-settled.v1", of=SettleEffect):
    """An output's effect was settled."""


# --- research that becomes decisions ---


class Research(Fields):
    """A question that people look into (调研)."""

    WORDS: ClassVar = Words("调研课题", "research opened")

    research: Annotated[Id, New("research"), Words("调研课题", "research")]
    question: Annotated[Text, Words("课题", "question")]
    commissioned_by: Annotated[Text, Words("交办方", "commissioned by")]
    members: Annotated[Some[Stamped], Words("成员", "members")]


class OpenResearch(Research, ActionData, name="chengzhang.work.open-research.v1"):
    """Open research into a question (调研)."""


class ResearchOpened(Research, EventData, name="chengzhang.work.research-opened.v1", of=OpenResearch):
    """Research was opened."""


class Adoption(Fields):
    """A decision (决策) that rests on research, outputs and study."""

    WORDS: ClassVar = Words("成果转化为决策", "decision")
    ENTRY: ClassVar = Entry("work", title="title")

    decision: Annotated[Id, New("decision"), Words("决策", "decision")]
    title: Title
    by: Annotated[Text, Words("决策方", "by")]
    research: Annotated[Id, Ref("research"), Words("调研课题", "research")] | None = None
    outputs: Annotated[Many[Annotated[Id, Ref("output")]], Words("依据成果", "outputs")] = ()
    sessions: Annotated[Many[Session], Words("依据学习活动", "sessions")] = ()


class AdoptResearch(Adoption, ActionData, name="chengzhang.work.adopt-research.v1"):
    """Record a decision (决策) that rests on research, outputs and study: work of all who made these outputs."""


class ResearchAdopted(Adoption, EventData, name="chengzhang.work.research-adopted.v1", of=AdoptResearch):
    """A decision rests on research; ``persons`` and ``lines`` are those of its outputs, as known then."""

    persons: Annotated[Many[Stamped], Words("成果人员", "persons")] = ()
    lines: Annotated[Many[Line], Words("工作条线", "work lines")] = ()


# --- duty reports ---


class DutyReport(Fields):
    """Whoever heads a section reports on a half-year (述职), once."""

    WORDS: ClassVar = Words("述职", "duty report")
    ONCE: ClassVar = ("person", "half")
    ENTRY: ClassVar = Entry("work")

    report: Annotated[Id, New("report"), Words("述职报告", "report")] | None = Field(
        default=None, description="what follow-ups name it by, if there will be any"
    )
    person: Stamped
    half: Half
    on: On | None = Field(default=None, description="the day on which it was delivered; that of `time` if left out")
    heard_by: Annotated[Many[Section], Words("听取科室", "heard by")]
    document_sha256: Sha256 | None = None


class DeliverDutyReport(DutyReport, ActionData, name="chengzhang.work.deliver-duty-report.v1"):
    """Deliver a duty report on a half-year (述职): only who heads a section that day, acting or not."""


class DutyReportDelivered(DutyReport, EventData, name="chengzhang.work.duty-report-delivered.v1", of=DeliverDutyReport):
    """A duty report was delivered."""


Votes = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")], Amount],
    Field(max_length=12),
    Words("票数分布", "counts"),
]


class Assessment(Fields):
    """What a duty report was found to be (述职评议), once; the comment is sealed."""

    WORDS: ClassVar = Words("述职评议", "duty report assessed")
    ONCE: ClassVar = ("person", "half")

    person: Stamped
    half: Half
    by: Annotated[Person, Words("评议人", "by")]
    comment: Annotated[LongText, Secret("person"), Words("评语", "comment")]
    ballots: Annotated[Count, Words("票数", "ballots")] | None = None
    counts: Votes | None = Field(default=None, description="ballots by grade")

    @model_validator(mode="after")
    def _as_many_as_there_were(self) -> Self:
        if self.counts is not None and sum(self.counts.values()) > (self.ballots or 0):
            raise PydanticCustomError("ballots", "counts add up to more than ballots")
        return self


class AssessDutyReport(Assessment, ActionData, name="chengzhang.work.assess-duty-report.v1"):
    """Assess a duty report (述职评议)."""


class DutyReportAssessed(Assessment, EventData, name="chengzhang.work.duty-report-assessed.v1", of=AssessDutyReport):
    """A duty report was assessed."""


# --- exchanges of sections, standings, procedures ---


class Exchange(Fields):
    """Sections tell each other of their work (科室交流), every month."""

    WORDS: ClassVar = Words("科室交流", "section exchange")

    exchange: Annotated[Id, New("exchange"), Words("科室交流", "section exchange")]
    host: Annotated[Section, Words("主办科室", "host")]
    sections: Annotated[Some[Section], Words("参加科室", "sections")]
    month: Month
    topics: Annotated[Text | Many[Text], Words("交流主题", "topics")]

    @model_validator(mode="after")
    def _host_among_two(self) -> Self:
        if len(set(self.sections)) != len(self.sections):
            raise PydanticCustomError("named_twice", "{name} names one twice", {"name": "sections"})
        if len(self.sections) < 2:  # noqa: PLR2004
            raise PydanticCustomError("few_sections", "an exchange is between two sections at least")
        if self.host not in self.sections:
            raise PydanticCustomError("host_missing", "the host is one of its sections")
        return self


class HoldSectionExchange(Exchange, ActionData, name="chengzhang.work.hold-section-exchange.v1"):
    """Record an exchange of sections (科室交流)."""


class SectionExchangeHeld(Exchange, EventData, name="chengzhang.work.section-exchange-held.v1", of=HoldSectionExchange):
    """Sections exchanged."""


class Standing(Fields):
    """A work line's place among the offices of a city or province (走在全市前列): of the line, never of a person."""

    WORDS: ClassVar = Words("条线位次", "standing recorded")
    ONCE: ClassVar = ("line", "period", "scope")

    line: Annotated[Line, New("line", again=True)]
    period: Period
    scope: Annotated[Literal["city", "province"], Words("范围", "scope"), Values.of(city="市", province="省")]
    place: Annotated[Count, Words("位次", "place")] | None = None
    of: Annotated[Count, Words("参评数", "of how many")] | None = None
    by: Annotated[Text, Words("发布方", "by")]

    @model_validator(mode="after")
    def _among_them(self) -> Self:
        if self.place is not None and self.of is not None and self.place > self.of:
            raise PydanticCustomError("place_beyond", "place is one of as many as of says")
        return self


class RecordStanding(Standing, ActionData, name="chengzhang.work.record-standing.v1"):
    """Record a work line's standing (工作位次)."""


class StandingRecorded(Standing, EventData, name="chengzhang.work.standing-recorded.v1", of=RecordStanding):
    """A work line's standing was recorded."""


class Revision(Fields):
    """A procedure (制度) as it is from a day on; its first revision makes it."""

    WORDS: ClassVar = Words("制度修订", "procedure revised")

    line: Line | None = Field(default=None, description="the work line that goes by it, if it is one's")
    area: Annotated[
        Literal["line", "study", "talk", "duty-report", "appraisal", "welfare"],
        Words("领域", "area"),
        Values.of(line="工作条线", study="学习", talk="谈心", duty_report="述职", appraisal="考核", welfare="关爱"),
    ]
    procedure: Annotated[Id, New("procedure", again=True), Words("制度", "procedure")]
    title: Title
    version: Annotated[Count, Words("版次", "version")]
    from_on: FromOn
    document_sha256: Sha256 | None = None


class ReviseProcedure(Revision, ActionData, name="chengzhang.work.revise-procedure.v1"):
    """Put a procedure (制度) or a revision of it in force from a day on."""


class ProcedureRevised(Revision, EventData, name="chengzhang.work.procedure-revised.v1", of=ReviseProcedure):
    """A procedure was revised."""
