"""Goals and strengths (年年有新气象、新进步；人尽其才). Their types begin with ``chengzhang.people.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from schemas.base import ActionData, Day, EventData, Fields, Id, Model, On, Person, Section, Stamped, Text, Title, Year
from schemas.declared import Entry, New, Ref, Values, Words


class Goal(Fields):
    """What a person or a section wants to reach in a year (年年有新气象、新进步)."""

    WORDS: ClassVar = Words("年度目标", "goal set")

    goal: Annotated[Id, New("goal"), Words("年度目标", "goal")]
    person: Stamped | None = None
    section: Section | None = None
    year: Year
    title: Title
    due_on: Annotated[Day, Words("期限", "due on")] | None = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if (self.person is None) == (self.section is None):
            raise PydanticCustomError("person_or_section", "give exactly one of person and section")
        return self


class SetGoal(Goal, ActionData, name="chengzhang.people.set-goal.v1"):
    """Set a goal of a person or a section for a year."""


class GoalSet(Goal, EventData, name="chengzhang.people.goal-set.v1", of=SetGoal):
    """A goal was set."""


class GoalStamp(Model):
    """What was known of the goal when how far it has come was reported."""

    person: Annotated[Id, Words("人员", "person")] | None = None
    section: Annotated[Id, Words("科室", "section")] | None = None
    year: Year
    title: Title


class GoalReport(Fields):
    """How far a goal has come; of several reports the latest day's counts."""

    WORDS: ClassVar = Words("目标进展", "goal reported")

    goal: Annotated[Id, Ref("goal"), Words("年度目标", "goal")]
    state: Annotated[
        Literal["met", "partly", "open"],
        Words("进展", "state"),
        Values.of(met="已达成", partly="部分达成", open_="未达成"),
    ]
    on: On


class ReportGoal(GoalReport, ActionData, name="chengzhang.people.report-goal.v1"):
    """Report how far a goal has come."""


class GoalReported(GoalReport, EventData, name="chengzhang.people.goal-reported.v1", of=ReportGoal):
    """How far a goal has come was reported; ``person`` is whose it is, where it is a person's."""

    ENTRY: ClassVar = Entry("work", title="goal_stamp.title", when={"state": ("met",)})

    person: Stamped | None = None
    goal_stamp: Annotated[GoalStamp, Words("目标当时情况", "the goal as known")]


class Strength(Fields):
    """What a person is good at (人尽其才)."""

    WORDS: ClassVar = Words("特长", "strength stated")

    person: Stamped
    strength: Annotated[Text, Words("特长", "strength")]
    by: Annotated[Person, Words("认定人", "by")]


class StateStrength(Strength, ActionData, name="chengzhang.people.state-strength.v1"):
    """State what a person is good at."""


class StrengthStated(Strength, EventData, name="chengzhang.people.strength-stated.v1", of=StateStrength):
    """A strength was stated."""
