"""Work outputs and their effect (工作成果). Their types begin with ``chengzhang.work.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    MOST_OUTPUTS,
    ActionData,
    Count,
    EventData,
    Fields,
    FromOn,
    Guide,
    Half,
    Id,
    Line,
    Many,
    On,
    Section,
    Sha256,
    Stamped,
    Title,
)
from schemas.declared import Entry, New, Values, Words

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
