"""Routine assessment (平时考核), where the pack carries it: the share of good, and what excellent needs of it."""

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.appraisal import grading as appraisal
from schemas.packs import Pack
from services.recorder.domain import packs
from services.recorder.domain.appraisal import bars, seats
from services.recorder.domain.deciding.core import Action, Key, Rejection, States
from services.recorder.domain.deciding.facts import Data, Ruling, needs, needs_more, once_key, rule, thing
from services.recorder.domain.deciding.timeline import Person

_PERIODS: Final = {"quarter": ("Q1", "Q2", "Q3", "Q4"), "half-year": ("H1", "H2")}
_ENDS: Final = {"Q1": "03-31", "Q2": "06-30", "H1": "06-30", "Q3": "09-30", "Q4": "12-31", "H2": "12-31"}
_GIVEN: Final = appraisal.RoutineGradeGiven


def keys(action: Action, who: str, year: int, pack: Pack) -> Iterator[Key]:
    """Somebody's routine grades of a year, as far as the pack carries them."""
    if routine := pack.appraisal.routine:
        for period in _PERIODS[routine.every.value]:
            yield once_key(action.office, _GIVEN, {"person": who, "period": f"{year}{period}"})


def barred(states: States, action: Action, data: Data, year: int, pack: Pack) -> Rejection | None:
    """Why routine grades forbid excellent."""
    routine = pack.appraisal.routine
    if routine is None or data.grade != "excellent":
        return None
    rows = [thing(states, key) for key in keys(action, data.person, year, pack)]
    given = [held.data["grade"] for row in rows for held in row.facts.values()]
    return bars.too_little_routine(given, routine, len(rows))


@needs(appraisal.GiveRoutineGrade)
def by_which_pack(action: Action, _data: appraisal.GiveRoutineGrade) -> Iterable[Key]:
    """Which pack it goes by."""
    yield packs.key(action)


@needs_more(appraisal.GiveRoutineGrade)
def of_everybody(states: States, action: Action, data: appraisal.GiveRoutineGrade) -> Iterator[Key]:
    """A share is of those who hold a post."""
    if data.grade == "good" and packs.followed(states, action, last_day(data.period)).appraisal.routine:
        yield from seats.everybody(states, action)


@rule(appraisal.GiveRoutineGrade)
def within_the_share_of_good(states: States, action: Action, data: appraisal.GiveRoutineGrade) -> Ruling:
    """Of those who hold a post on the period's last day, at most so many are good."""
    told = {"year": int(data.period[:4])}
    day = last_day(data.period)
    pack = packs.followed(states, action, day)
    if pack.appraisal.routine is None or data.grade != "good":
        return told
    roster = thing(states, action.key("roster", "all")).facts.values()
    persons = (states.of(Person, action.key("person", held.data["person"])) for held in roster)
    assessed = sum(bool(who.held(day)) and who.highest(day) != "leadership" for who in persons)
    given = thing(states, action.key("routine", data.period)).facts.values()
    good = sum(held.data["grade"] == "good" for held in given) + 1
    most = assessed * pack.appraisal.routine.good_percent.value // 100
    if good <= most:
        return told
    return Rejection(
        "over-quota",
        f"Of {assessed} in {data.period} at most {most} are good by the rule pack {pack.pack}, and this would be "
        f"number {good}. Give another grade, or correct one.",
        f"{data.period} 共 {assessed} 人，按规则包 {pack.pack} “好”等次至多 {most} 人，而这是第 {good} 人。"
        "请改为其他等次，或先更正其他人的等次。",
    )


def last_day(period: str) -> str:
    """The last day of a quarter or half-year; of whatever else that of its year."""
    return f"{period[:4]}-{_ENDS.get(period[4:], '12-31')}"
