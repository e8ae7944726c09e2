"""Courses and the study requirement (培训、学习要求). Their types begin with ``chengzhang.learning.``."""

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    MOST_CENTI_XUESHI,
    ActionData,
    Amount,
    Day,
    EventData,
    Fields,
    FromOn,
    Guide,
    Id,
    Sha256,
    Stamped,
    Text,
    Title,
    Year,
)
from schemas.declared import Entry, New, Values, Words

MOST_DAYS: Final = 3660  # of one course: ten years
CourseKind = Annotated[
    Literal["off-the-job", "recognised", "online"],
    Words("培训类别", "kind of course"),
    Values.of(off_the_job="脱产培训", recognised="认定培训", online="网络培训"),
]

# The accounts in which study is counted year by year, and the five years that end with one.
Ledger = Annotated[
    Literal["study", "recognised", "online", "five-years"],
    Words("学时账户", "account"),
    Values.of(study="学习", recognised="认定", online="网络", five_years="五年累计"),
]


class Course(Fields):
    """A course that somebody completed (培训); one off the job counts as recognised."""

    WORDS: ClassVar = Words("培训", "course")
    ENTRY: ClassVar = Entry("learning", title="title")

    course: Annotated[Id, New("course"), Words("培训班", "course")]
    person: Stamped
    title: Title
    organiser: Annotated[Text, Words("主办单位", "organiser")]
    institution: Annotated[Text, Words("培训机构", "institution")]
    kind: CourseKind
    from_on: FromOn
    to_on: Annotated[Day, Words("至何日", "to that day")]
    centi_xueshi: Annotated[int, Field(ge=1, le=MOST_CENTI_XUESHI), Words("学时（百分之一）", "1/100 study hour")]
    days: Annotated[int, Field(ge=0, le=MOST_DAYS), Words("天数", "days")]
    leave_centi_xueshi: Annotated[Amount, Words("请假学时（百分之一）", "leave, 1/100 study hour")] = 0
    certificate_sha256: Annotated[Sha256, Words("证书摘要", "SHA-256 of the certificate")] | None = None
    guide: Guide | None = None


class RecordCourse(Course, ActionData, name="chengzhang.learning.record-course.v1"):
    """Record a course that somebody completed (培训)."""

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.to_on < self.from_on:
            raise PydanticCustomError("ends_before", "to_on lies before from_on")
        return self


class CourseCompleted(Course, EventData, name="chengzhang.learning.course-completed.v1", of=RecordCourse):
    """Somebody completed a course."""


class Waiver(Fields):
    """Somebody owes less study for a year, or none (免除学习要求)."""

    WORDS: ClassVar = Words("免除学习要求", "requirement waived")

    person: Stamped
    year: Year
    basis: Annotated[Text, Words("依据", "basis")]


class WaiveRequirement(Waiver, ActionData, name="chengzhang.learning.waive-requirement.v1"):
    """Waive a person's study requirement for a year; the basis says nothing about the person."""


class RequirementWaived(Waiver, EventData, name="chengzhang.learning.requirement-waived.v1", of=WaiveRequirement):
    """A person's study requirement for a year was waived."""
