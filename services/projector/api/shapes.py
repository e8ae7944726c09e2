"""What the API answers, member by member: the source of its OpenAPI description."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
Counts = Annotated[dict[str, int], Field(description="what is zero is left out")]
Name = Annotated[
    str | None, Field(description="null where the reader may not know it, it can't be had now, or it was erased")
]
Erased = Annotated[
    list[str],
    Field(
        exclude_if=lambda persons: not persons,
        description="those in this answer whose names were erased, for ever; left out where there are none",
    ),
]
Seen = Annotated[
    dict[str, int],
    Field(description="next position by shard: everything before it is in this answer", examples=[{"3": 125}]),
]
Next = Annotated[str | None, Field(description="the next page's `after`; null on the last one")]


class Shape(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True)


class FileYear(Shape):
    """A person's unrevoked entries of a Shanghai calendar year in one office, counted."""

    office: str
    year: int
    by_group: Counts
    by_guide: Counts
    by_session_kind: Counts
    by_carrier: Counts
    outputs_by_effect: Counts
    last_entry_at: datetime | None


class Entry(Shape):
    """One fact in a file. A revoked one stays, with ``revoked_at``."""

    office: str
    event_id: str
    event: str
    entry_group: str
    title: str | None
    guide: str | None
    occurred_at: datetime
    recorded_at: datetime
    revoked_at: datetime | None
    state: str
    section: str | None
    tier: str | None
    half_xueshi: int | None
    shard: int
    position: int


class GrowthFile(Shape):
    """成长档案: a cadre's growth file, joined over the offices."""

    person: str
    name: Name
    as_of: str | None
    years: list[FileYear]
    entries: list[Entry]
    next: Next
    seen: Seen
    erased: Erased = []


class Appraisal(Shape):
    """年度考核: a person and year, with the events behind each figure."""

    office: str
    person: str
    name: Name
    year: int
    section: str | None
    tier: str | None
    stage: str
    requirement_met: bool
    requirement_events: list[str]
    evidence_by_group: Counts
    evidence_by_guide: Counts
    evidence_events: list[str]
    routine_grades: list[object]
    duty_reports: list[object]
    proposed_grade: str | None
    grade: str | None


class OneAppraisal(Appraisal):
    """One person's."""

    seen: Seen
    erased: Erased = []


class PersonEntry(Entry):
    """An entry, and whose it is."""

    person: str
    name: Name


class PersonYear(FileYear):
    """A year of a file, and whose it is."""

    person: str
    name: Name


class TalkPair(Shape):
    """谈心谈话: one-to-one talks held between two people in a month. Never contents."""

    person_a: str
    name_a: Name
    person_b: str
    name_b: Name
    pair: str
    month: str
    held: int


class WorkOutput(Shape):
    """工作成果: a person's outputs by line, effect and month."""

    person: str
    name: Name
    line: str
    effect: str
    month: str
    outputs: int


class Visit(Shape):
    """实事工程: a home visit. The occasion is sealed."""

    visit: str
    person: str
    name: Name
    class_: str = Field(alias="class")
    fund: str
    fen: int
    event_on: date
    visited_on: date
    days: int
    shard: int
    position: int


class Office(Shape):
    """An office in which somebody is registered."""

    office: str


class Offices(Shape):
    """A page of offices."""

    items: list[Office]
    next: Next
    seen: Seen


class Page(Shape, Generic[T]):
    """A page of an office's rows."""

    office: str
    items: list[T]
    next: Next
    seen: Seen
    erased: Erased = []
