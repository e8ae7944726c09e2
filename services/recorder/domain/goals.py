"""Goals, and how far they have come: what is reported is told with whose goal it is."""

from collections.abc import Iterator
from typing import Any

from schemas.people.goals import GoalSet, GoalStamp, ReportGoal
from services.recorder.domain.deciding.core import Action, Key, States
from services.recorder.domain.deciding.facts import Ruling, keeps, needs_more, rule, thing
from services.recorder.domain.deciding.timeline import stamps

keeps(GoalSet, "year", "title")


def _goal(states: States, action: Action, ident: str) -> dict[str, Any]:
    """What its goal-set says, as held; nothing where there is none."""
    held = thing(states, action.key("goal", ident)).of_type(GoalSet)
    return next(iter(held.values())).data if held else {}


@needs_more(ReportGoal)
def whose(states: States, action: Action, data: ReportGoal) -> Iterator[Key]:
    """The person whose goal it is."""
    if who := _goal(states, action, data.goal).get("person"):
        yield action.key("person", who)


@rule(ReportGoal)
def of_its_goal(states: States, action: Action, data: ReportGoal) -> Ruling:
    """The report carries the goal, and where the person sat then."""
    goal = _goal(states, action, data.goal)
    who, section = goal.get("person"), goal.get("section")
    told = GoalStamp.trusted(person=who, section=section, year=goal["year"], title=goal["title"])
    return {"person": who, "goal_stamp": told, "stamps": stamps(states, action, [who] if who else [])}
