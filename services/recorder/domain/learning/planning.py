"""Plans and carriers: months lie in their plan's year, sessions know the plans whose items they fulfil."""

from typing import Any

from schemas.learning import planning as contract
from schemas.learning.sessions import ConveneSession
from services.recorder.domain.deciding.core import Action, Rejection, States
from services.recorder.domain.deciding.facts import Ruling, keeps, rule, thing
from services.recorder.domain.deciding.timeline import person

keeps(contract.CarrierJoined, "carrier", "group", "on")
keeps(contract.CarrierLeft, "carrier", "group", "on")
keeps(contract.PlanRevised)


@rule(contract.ArrangeMonth)
def lies_in_the_plans_year(states: States, action: Action, data: contract.ArrangeMonth) -> Ruling:
    """A month is arranged within the year of its plan."""
    plan = thing(states, action.key("plan", data.plan))
    year = next(fact.data["year"] for fact in plan.of_type(contract.PlanAdopted).values())
    if data.month.startswith(f"{year}-"):
        return None
    return Rejection(
        "invalid-field",
        f"/data/month: {data.month} lies outside {year}, the year of the plan {data.plan}. "
        "Correct month, or arrange it with the plan of its year.",
        f"/data/month：{data.month} 不在计划 {data.plan} 的年度 {year} 之内。请更正 month，或列入该年度的计划。",
    )


@rule(ConveneSession)
def fulfils_plans(states: States, action: Action, data: ConveneSession) -> Ruling:
    """The plans whose items it fulfils, each once."""
    arranged = (thing(states, action.key("item", item)).of_type(contract.MonthArranged) for item in data.items)
    plans: Any = dict.fromkeys(fact.data["plan"] for facts in arranged for fact in facts.values())
    return {"plans": tuple(plans)}


@rule(contract.LeaveCarrier)
def leaves_what_was_joined(states: States, action: Action, data: contract.LeaveCarrier) -> Ruling:
    """Only a member leaves, on the day of joining at the earliest."""
    own = person(states, action, data.person)
    members = (data.carrier, data.group)
    joined = [
        fact.data["on"]
        for fact in own.of_type(contract.CarrierJoined).values()
        if (fact.data["carrier"], fact.data.get("group")) == members and fact.data["on"] <= data.on
    ]
    left = [
        fact.data["on"]
        for fact in own.of_type(contract.CarrierLeft).values()
        if (fact.data["carrier"], fact.data.get("group")) == members
    ]
    if joined and not any(max(joined) <= day <= data.on for day in left):
        return None
    return Rejection(
        "unknown-reference",
        f"{data.person} is no member of {data.carrier} on {data.on}. Record the joining first, or correct on.",
        f"{data.person} 在 {data.on} 不是 {data.carrier} 的成员。请先登记加入，或更正 on。",
    )
