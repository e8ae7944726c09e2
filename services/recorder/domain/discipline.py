"""Discipline: what a measure bars, by the pack, told before the measure is sealed; cases that are closed."""

from collections.abc import Iterable, Mapping

from schemas.people import discipline as contract
from services.recorder.domain import packs
from services.recorder.domain.deciding.core import Action, Event, Held, Key, Rejection, States, rests
from services.recorder.domain.deciding.facts import Ruling, keeps, needs, needs_more, rule, thing, upholds
from services.recorder.domain.deciding.timeline import person

keeps(contract.DisciplineRecorded, "case", "bars")
keeps(contract.DisciplineClosed, "on")


@needs(contract.RecordDiscipline)
def by_which_pack(action: Action, _data: contract.RecordDiscipline) -> Iterable[Key]:
    """What a measure bars is the pack's."""
    yield packs.key(action)


@rule(contract.RecordDiscipline)
def bars_by_the_pack(states: States, action: Action, data: contract.RecordDiscipline) -> Ruling:
    """Of a decided measure its own bars, from the year of the decision on; of an open case those of every open case."""
    day = data.decided_on or action.day
    discipline = packs.followed(states, action, day).discipline
    bars = discipline.open_case.value if data.case == "open" else discipline.measures[action.gist["measure"]].value
    year = int(day[:4])
    return {"bars": tuple(contract.Bar(year=year + later, bar=bar) for later, bar in enumerate(bars))}


@needs_more(contract.CloseDiscipline)
def whose_case(states: States, action: Action, data: contract.CloseDiscipline) -> Iterable[Key]:
    """The person of the case."""
    for fact in _recorded(states, action, data).values():
        yield from (action.key("person", fact.data["person"]), action.key("discipline", fact.data["person"]))


@rule(contract.CloseDiscipline)
def closes_an_open_case(states: States, action: Action, data: contract.CloseDiscipline) -> Ruling:
    """A case that is open, once."""
    recorded = next(iter(_recorded(states, action, data).values()))
    if recorded.data["case"] != "open" or thing(states, _key(action, data.measure)).of_type(contract.DisciplineClosed):
        return Rejection(
            "unknown-reference",
            f"{data.measure} is no open case any more: it was decided or closed. Correct measure, or that event.",
            f"{data.measure} 不是尚未了结的案件（已处分或已了结）。请更正 measure，或更正该事件。",
        )
    who = recorded.data["person"]
    return {"stamps": (person(states, action, who).placed(who, data.on),)}


@upholds(contract.DisciplineRecorded)
def closed_ones_were_open(after: States, event: Event, data: contract.DisciplineRecorded) -> Rejection | None:
    """What was closed was an open case."""
    held = thing(after, event.key("measure", data.measure))
    closed = list(held.of_type(contract.DisciplineClosed))
    is_open = any(fact.data["case"] == "open" for fact in held.of_type(contract.DisciplineRecorded).values())
    return rests(event.id, closed) if closed and not is_open else None


def _key(action: Action, measure: str) -> Key:
    return action.key("measure", measure)


def _recorded(states: States, action: Action, data: contract.CloseDiscipline) -> Mapping[str, Held]:
    return thing(states, _key(action, data.measure)).of_type(contract.DisciplineRecorded)
