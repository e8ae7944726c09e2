"""Carriers and plans (年有计划、月有安排、周有活动). Their types begin with ``chengzhang.learning.``."""

from datetime import date, timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import (
    ActionData,
    Count,
    Day,
    EventData,
    Fields,
    Id,
    Many,
    Model,
    On,
    Person,
    Some,
    Stamped,
    Text,
    Title,
    Year,
)
from schemas.declared import New, Ref, Values, Words
from schemas.learning.sessions import Carrier, Kind, Kinds

Group = Annotated[Text, Words("小组", "group")]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"), Words("月份", "month")]
TenDays = Annotated[
    Literal["early", "middle", "late"], Words("旬", "ten days"), Values.of(early="上旬", middle="中旬", late="下旬")
]


def _monday(week: str) -> date:
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def _is_week(text: str) -> str:
    try:
        _monday(text)
    except ValueError:
        raise PydanticCustomError("week", "the year has no such week") from None
    return text


IsoWeek = Annotated[
    str,
    StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])$"),
    AfterValidator(_is_week),
    Words("周", "ISO week"),
]
PlanRef = Annotated[Id, Ref("plan"), Words("学习计划", "plan")]


# --- who belongs to a carrier ---


class Joining(Fields):
    """A person joins a study carrier (学习载体)."""

    WORDS: ClassVar = Words("加入学习载体", "carrier joined")

    person: Stamped
    carrier: Carrier
    group: Group | None = None
    on: On


class JoinCarrier(Joining, ActionData, name="chengzhang.learning.join-carrier.v1"):
    """Join a study carrier (学习载体), or a group of one, from a day on."""


class CarrierJoined(Joining, EventData, name="chengzhang.learning.carrier-joined.v1", of=JoinCarrier):
    """A person joined a carrier."""


class Leaving(Fields):
    """A person leaves a study carrier: from that day on no member any more."""

    WORDS: ClassVar = Words("退出学习载体", "carrier left")

    person: Stamped
    carrier: Carrier
    group: Group | None = None
    on: On


class LeaveCarrier(Leaving, ActionData, name="chengzhang.learning.leave-carrier.v1"):
    """Leave a study carrier: from that day on no member any more."""


class CarrierLeft(Leaving, EventData, name="chengzhang.learning.carrier-left.v1", of=LeaveCarrier):
    """A person left a carrier."""


# --- the year has a plan ---


class Target(Model):
    """How many sessions of a kind a year is to have."""

    kind: Kind
    sessions: Annotated[Count, Words("场次", "sessions")]


Targets = Annotated[Many[Target], Words("年度目标", "targets")]


class Adoption(Fields):
    """A carrier's plan for a year (年度学习计划)."""

    WORDS: ClassVar = Words("年度学习计划", "plan adopted")
    ONCE: ClassVar = ("carrier", "group", "year")

    plan: Annotated[Id, New("plan"), Words("学习计划", "plan")]
    year: Year
    carrier: Carrier
    group: Group | None = Field(default=None, description="the section of a section's plan, the group of a group's")
    targets: Targets = ()
    filed_on: Annotated[Day, Words("备案日期", "filed on")] | None = None


class AdoptPlan(Adoption, ActionData, name="chengzhang.learning.adopt-plan.v1"):
    """Adopt a carrier's plan for a year (年度学习计划), once for each carrier, group and year."""


class PlanAdopted(Adoption, EventData, name="chengzhang.learning.plan-adopted.v1", of=AdoptPlan):
    """A plan for a year was adopted."""


class Revising(Fields):
    """A plan changes in the course of its year."""

    WORDS: ClassVar = Words("计划调整", "plan revised")

    plan: PlanRef
    targets: Targets | None = Field(default=None, description="all of them, as they are from now on")
    reason: Annotated[Text, Words("调整原因", "reason")]


class RevisePlan(Revising, ActionData, name="chengzhang.learning.revise-plan.v1"):
    """Revise a plan: its targets as they are from now on, and why."""


class PlanRevised(Revising, EventData, name="chengzhang.learning.plan-revised.v1", of=RevisePlan):
    """A plan was revised."""


# --- the month has an arrangement, the week an activity ---


class Item(Model):
    """What is to take place in a week, or in ten days (旬), of the month."""

    item: Annotated[Id, New("item"), Words("计划项目", "item")]
    iso_week: IsoWeek | None = None
    ten_days: TenDays | None = None
    kinds: Kinds
    title: Title
    lead: Annotated[Person, Words("负责人", "lead")] | None = None

    @model_validator(mode="after")
    def _week_or_ten_days(self) -> Self:
        if (self.iso_week is None) == (self.ten_days is None):
            raise PydanticCustomError("week_or_ten_days", "either iso_week or ten_days says when")
        return self


class Arrangement(Fields):
    """A month's arrangement of a plan (月安排)."""

    WORDS: ClassVar = Words("月安排", "month arranged")
    ONCE: ClassVar = ("plan", "month")

    plan: PlanRef
    month: Month
    items: Annotated[Some[Item], Words("计划项目", "items")]


class ArrangeMonth(Arrangement, ActionData, name="chengzhang.learning.arrange-month.v1"):
    """Arrange a month of a plan (月安排): what is to take place in which week, or in which ten days."""

    @model_validator(mode="after")
    def _weeks_of_the_month(self) -> Self:
        for item in self.items:
            days = [_monday(item.iso_week) + timedelta(days=day) for day in range(7)] if item.iso_week else ()
            if days and self.month not in {day.isoformat()[:7] for day in days}:
                raise PydanticCustomError("week_elsewhere", "an item's week has no day in the month")
        if len({item.item for item in self.items}) != len(self.items):
            raise PydanticCustomError("named_twice", "items has an id twice")
        return self


class MonthArranged(Arrangement, EventData, name="chengzhang.learning.month-arranged.v1", of=ArrangeMonth):
    """A month was arranged."""
