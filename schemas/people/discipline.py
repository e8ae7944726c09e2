"""Discipline (纪律处分): what it bars in appraisals is plain, what it was is sealed.

Their types begin with ``chengzhang.people.``.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import ActionData, Day, EventData, Fields, Id, Many, Model, On, Stamped, Text, Year
from schemas.declared import New, Ref, Secret, Values, Words

# Every measure that rule packs speak of, and what else it is called where people write it.
MEASURES: Final[Mapping[str, tuple[str, ...]]] = {
    "party-warning": ("党内警告", "party warning"),
    "administrative-warning": ("警告", "政务警告", "行政警告", "warning", "administrative warning"),
    "serious-party-warning": ("党内严重警告", "严重警告", "serious warning", "serious party warning"),
    "demerit": ("记过", "政务记过", "行政记过"),
    "ordered-resignation": ("责令辞职", "ordered resignation"),
    "ordered-demotion": ("降职", "组织处理降职", "demotion", "ordered demotion"),
    "major-demerit": ("记大过", "政务记大过", "行政记大过", "major demerit"),
    "downgrading": ("降级", "政务降级", "行政降级"),
    "removal": ("撤职", "政务撤职", "行政撤职", "removal from post"),
    "party-removal": ("撤销党内职务", "removal from party posts"),
    "party-probation": ("留党察看", "party probation"),
    "expulsion": ("开除党籍", "expulsion from the party"),
}
_CODES: Final = {name: code for code, names in MEASURES.items() for name in (code, *names)}
BarKind = Annotated[
    Literal["not-excellent", "no-grade", "incompetent"],
    Words("影响", "bar"),
    Values.of(not_excellent="不得评优", no_grade="不定等次", incompetent="确定为不称职"),
]
Case = Annotated[Literal["open", "decided"], Words("案件状态", "case"), Values.of(open="立案审查", decided="已处分")]


def measure_of(text: str) -> str | None:
    """The measure that a text names, by its code or by what it is called."""
    return _CODES.get(text.strip().lower())


class Bar(Model):
    """What a year's appraisal must not come to, or must."""

    year: Year
    bar: BarKind


class Discipline(Fields):
    """A case against a person, open or decided; which measure it is about is sealed."""

    WORDS: ClassVar = Words("纪律处分", "discipline recorded")

    measure: Annotated[Id, New("measure"), Words("处分", "measure")]
    person: Stamped
    measure_kind: Annotated[Text, Secret("person"), Words("处分种类", "kind of measure")]
    case: Case
    decided_on: Annotated[Day, Words("决定日期", "decided on")] | None = None


class RecordDiscipline(Discipline, ActionData, name="chengzhang.people.record-discipline.v1"):
    """Record a case against a person: while it is open, or the measure once it is decided.

    A decided measure is named by its code or as the regulations call it; what it bars is derived by the rule pack.
    """

    @model_validator(mode="after")
    def _as_the_case_stands(self) -> Self:
        if (self.case == "decided") != (self.decided_on is not None):
            raise PydanticCustomError("decided_on", "decided_on goes with case decided, and only with it")
        if self.case == "decided" and measure_of(self.measure_kind) is None:
            raise PydanticCustomError(
                "measure_kind", "no such measure is known; the measures: {measures}", {"measures": ", ".join(MEASURES)}
            )
        return self

    def gist(self) -> Mapping[str, str]:
        """The measure's code, by which the pack has its bars."""
        return {"measure": measure_of(self.measure_kind) or ""}


class DisciplineRecorded(Discipline, EventData, name="chengzhang.people.discipline-recorded.v1", of=RecordDiscipline):
    """A case was recorded, with what it bars."""

    bars: Annotated[Many[Bar], Words("影响年度考核", "bars")] = Field(
        default=(), description="derived by the rule pack before the measure was sealed"
    )


class DisciplineClosing(Fields):
    """How an open case ended."""

    WORDS: ClassVar = Words("案件了结", "discipline closed")

    measure: Annotated[Id, Ref("measure"), Words("处分", "measure")]
    on: On
    outcome: Annotated[
        Literal["decided", "cleared"], Words("结论", "outcome"), Values.of(decided="给予处分", cleared="不予处分")
    ] = Field(description="the measure of a case that was decided is recorded on its own")


class CloseDiscipline(DisciplineClosing, ActionData, name="chengzhang.people.close-discipline.v1"):
    """Close an open case: with a measure, which is recorded on its own, or cleared."""


class DisciplineClosed(DisciplineClosing, EventData, name="chengzhang.people.discipline-closed.v1", of=CloseDiscipline):
    """An open case was closed."""
