"""Home visits: as they were approved, where somebody proposed them first; each made once, and within the pack's cap."""

from collections.abc import Iterable
from typing import Any, Final

from schemas.life import welfare as contract
from services.recorder.domain import packs
from services.recorder.domain.deciding.core import (
    Action,
    Changes,
    Event,
    Held,
    Key,
    Rejection,
    States,
    Thing,
    rests,
    reused,
    unknown,
)
from services.recorder.domain.deciding.facts import BY_HAND, ByHand, Ruling, held, keeps, needs, rule, thing, upholds

AGREED: Final = ("person", "class_", "fund", "fen")

keeps(contract.VisitProposed, *AGREED)
keeps(contract.HomeVisitMade, *AGREED)


@rule(contract.ApproveVisit)
def approves_what_is_proposed(states: States, action: Action, data: contract.ApproveVisit) -> Ruling:
    """Only a visit that was proposed, by then."""
    found = visit(states, action, data.visit).of_type(contract.VisitProposed)
    return None if found else unknown("visit", f"{data.visit} (proposed)")


@rule(contract.ProposeVisit)
def is_proposed_once(states: States, action: Action, data: contract.ProposeVisit) -> Ruling:
    """Once, and before it is made: what came unproposed stays so."""
    state = visit(states, action, data.visit)
    unproposed = {} if state.of_type(contract.VisitApproved) else state.of_type(contract.HomeVisitMade)
    there = next(iter(state.of_type(contract.VisitProposed) | unproposed), None)
    return reused("visit", data.visit, there) if there else None


@rule(contract.MakeHomeVisit)
def is_made_once(states: States, action: Action, data: contract.MakeHomeVisit) -> Ruling:
    """A visit is made once."""
    made = visit(states, action, data.visit).of_type(contract.HomeVisitMade)
    return reused("visit", data.visit, next(iter(made))) if made else None


@rule(contract.MakeHomeVisit)
def is_made_as_approved(states: States, action: Action, data: contract.MakeHomeVisit) -> Ruling:
    """What was proposed is approved first, and made as it was; what was not may come as it is."""
    differs = _differs(visit(states, action, data.visit), data.__dict__)
    if differs is None:
        return None
    if not differs:
        return Rejection(
            "not-as-approved",
            f"The visit {data.visit} was proposed and is not approved yet. Record the approval, then send this again.",
            f"家访 {data.visit} 已申请而尚未审批。请先登记审批，再重新发送。",
        )
    return Rejection(
        "not-as-approved",
        f"The visit {data.visit} differs from what was approved in {', '.join(differs)}. "
        "Make it as approved, or correct the proposal and have it approved.",
        f"家访 {data.visit} 与审批内容不一致：{'、'.join(differs)}。请按审批内容登记，或更正申请并重新审批。",
    )


@needs(contract.MakeHomeVisit)
def by_which_pack(action: Action, data: contract.MakeHomeVisit) -> Iterable[Key]:
    """The cap is the pack's; that of festivals is a year's."""
    yield packs.key(action)
    yield _year(action, data)


@rule(contract.MakeHomeVisit)
def costs_the_union_no_more_than_the_cap(states: States, action: Action, data: contract.MakeHomeVisit) -> Ruling:
    """Caps bind the union's fund only; festivals those of the calendar year together."""
    pack = packs.followed(states, action, data.event_on)
    cap = pack.welfare.caps_fen.get(action.gist["occasion"])
    before = thing(states, _year(action, data)).facts.values() if data.class_ == "festival" else ()
    cost = data.fen + sum(fact.data["fen"] for fact in before)
    if data.fund != "union" or cap is None or cost <= cap.value:
        return {"rule_pack": pack.pack}
    return Rejection(
        "over-cap",
        f"The rule pack {pack.pack} allows the union's fund {_yuan(cap.value)} yuan for this occasion"
        f"{' (festivals of a year together)' if before else ''}, and this comes to {_yuan(cost)}. "
        "Lower fen, or take another fund, and send it under a new id.",
        f"规则包 {pack.pack} 规定该事由工会经费不超过 {_yuan(cap.value)} 元"
        f"{'（全年节日合计）' if before else ''}，现为 {_yuan(cost)} 元。请调低金额或改用其他经费，并用新的编号发送。",
    )


def _yuan(fen: int) -> str:
    return f"{fen / 100:,.2f}"


def _year(fact: Action | Event, data: Any) -> Key:  # noqa: ANN401  # of either
    """What a person's festivals of a year have cost the union."""
    return fact.key("festivals", f"{data.person}/{data.event_on[:4]}")


def _rows(event: Event, data: contract.HomeVisitMade) -> Iterable[Key]:
    yield event.key("visit", data.visit)
    if data.class_ == "festival" and data.fund == "union":
        yield _year(event, data)


def _hold(states: States, event: Event, data: contract.HomeVisitMade) -> Changes:
    rows = {key: thing(states, key) for key in _rows(event, data)}
    return {key: row.but(facts=row.facts | {event.id: held(event)}) for key, row in rows.items()}


def _release(states: States, event: Event, data: contract.HomeVisitMade) -> Changes:
    rows = {key: thing(states, key) for key in _rows(event, data)}
    return {key: row.but(facts=row.without(event.id)) for key, row in rows.items()}


BY_HAND[contract.HomeVisitMade] = ByHand(_hold, _release, _rows)


def visit(states: States, action: Action, ident: str) -> Thing:
    """The visit's state in the action's office."""
    return states.of(Thing, action.key("visit", ident))


def _differs(state: Thing, made: dict[str, Any]) -> list[str] | None:
    """In which members a visit differs from its proposal; none at all where that isn't approved; None where it fits."""
    proposed = next(iter(state.of_type(contract.VisitProposed).values()), None)
    if proposed is None:
        return None
    if not state.of_type(contract.VisitApproved):
        return []
    return [name.rstrip("_") for name in AGREED if made[name] != proposed.data[name]] or None


@upholds(contract.VisitProposed, contract.VisitApproved)
def holds_what_was_approved(
    after: States, event: Event, data: contract.VisitProposed | contract.VisitApproved
) -> Rejection | None:
    """No approval is without its proposal, and no visit other than as it was approved."""
    state = after.of(Thing, event.key("visit", data.visit))
    loose = [*_approvals(state), *_made(state)]
    return rests(event.id, loose) if loose else None


def _approvals(state: Thing) -> list[str]:
    return [] if state.of_type(contract.VisitProposed) else list(state.of_type(contract.VisitApproved))


def _made(state: Thing) -> list[str]:
    made: dict[str, Held] = state.of_type(contract.HomeVisitMade)
    return [event for event, fact in made.items() if _differs(state, fact.data) is not None]
