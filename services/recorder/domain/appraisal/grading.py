"""Proposing, deciding and supplementing a grade: after what it needs, as bars allow, within the seats."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting
from schemas.appraisal.grading import Consequence, Pool, called
from schemas.packs import Pack, packs
from services.recorder.domain.appraisal import away, bars, order, pools, routine, seats
from services.recorder.domain.appraisal.rows import GRADES, cycle_of, file_of, last, verdict
from services.recorder.domain.deciding.core import Action, Held, Key, Rejection, States, Thing
from services.recorder.domain.deciding.facts import Data, Ruling, becomes, needs, needs_more, rule, thing
from services.recorder.domain.deciding.timeline import Person, person

GRADING: Final = (appraisal.ProposeGrade, appraisal.DecideGrade, posting.SupplementGrade, posting.DecideReview,
                  posting.DecideAppeal)  # fmt: skip
_MOST_YEARS: Final = 3  # that a consequence may look back


class Case(NamedTuple):
    """All that a grade depends on."""

    who: Person
    year: int
    pack: Pack
    pool: Pool | None
    file: Thing
    discipline: Thing
    absent: Thing


def case(states: States, action: Action, data: Data) -> Case:
    """The case of the person whom an action grades."""
    cycle = cycle_of(states, action, data.cycle)
    who = person(states, action, data.person)
    file = order.at(file_of(states, action, data.cycle, data.person), action.time)
    held, absent = (thing(states, action.key(kind, data.person)) for kind in ("discipline", "away"))
    return Case(who, cycle["year"], packs()[cycle["rule_pack"]], pools.pool(who, cycle["year"]), file, held, absent)


@needs(*GRADING)
def of_the_person(action: Action, data: Data) -> Iterable[Key]:
    """Discipline, secondments and leaves."""
    yield action.key("discipline", data.person)
    yield action.key("away", data.person)


@needs_more(*GRADING)
def of_the_years_and_the_pool(states: States, action: Action, data: Data) -> Iterator[Key]:
    """The years before, routine grades; of the pool what is decided, and everybody where seats are asked about."""
    cycle = cycle_of(states, action, data.cycle)
    if not cycle:
        return
    yield from (action.key(GRADES, f"{data.person}/{cycle['year'] - back}") for back in range(_MOST_YEARS))
    yield from routine.keys(action, data.person, cycle["year"], packs()[cycle["rule_pack"]])
    pool = pools.pool(person(states, action, data.person), cycle["year"])
    if pool is None:
        return
    if pool != "leadership" and seats.matters(data.grade, here=_here(states, action, data)):
        yield from seats.keys(states, action, data.cycle, pool)
    else:
        yield seats.row_key(action, data.cycle, pool)


def _here(states: States, action: Action, data: Data) -> bool:
    """Whether this office appraises, as the proposal has it."""
    proposed = last(file_of(states, action, data.cycle, data.person), appraisal.GradeProposed)
    return not proposed or bool(proposed.data["here"])


@rule(appraisal.ProposeGrade)
def proposes_what_may_be(states: States, action: Action, data: appraisal.ProposeGrade) -> Ruling:
    """By whom the pack says, after what it needs, as bars allow."""
    of = case(states, action, data)
    by, here = away.by_whom(of.absent, of.pool, of.pack.appraisal.away.value, of.year)
    if of.pool is None or data.appraised_by not in by:
        return _elsewhere(data.person, of, by if of.pool else ())
    heads = of.who.heads_section(pools.last_day(of.year))
    no = order.refused(states, action, data, {"heads_section": heads}) or _barred(states, action, data, of, data.reason)
    return no or {"heads_section": heads, "here": here, "bars": _bars(action, of)}


def _elsewhere(who: str, of: Case, by: Iterable[str]) -> Rejection:
    if not (names := " / ".join(sorted(by))):
        return Rejection(
            "appraised-elsewhere",
            f"{who} held no post here on {pools.last_day(of.year)}, and is appraised elsewhere. "
            "Record the post first, or leave this to whoever appraises.",
            f"{who} 在 {pools.last_day(of.year)} 未在本机关任职，不在本机关考核。请先登记任职，或由相应单位考核。",
        )
    return Rejection(
        "appraised-elsewhere",
        f"By the rule pack {of.pack.pack}, {who} is appraised by {names} for {of.year}. "
        "Correct appraised_by, or what is recorded of posts and secondments.",
        f"按规则包 {of.pack.pack}，{who} 的 {of.year} 年度考核由 {names} 进行。"
        "请更正 appraised_by，或更正任职、借调登记。",
    )


def _bars(action: Action, of: Case) -> tuple[Any, ...]:
    return bars.found(of.discipline, of.year, action.day, of.pack)


def _barred(states: States, action: Action, data: Data, of: Case, reason: str | None) -> Rejection | None:
    no = bars.barred(data.grade, _bars(action, of), of.who, of.year)
    no = no or bars.otherwise(data.grade, reason, of.absent, of.pack, of.year)
    return no or routine.barred(states, action, data, of.year, of.pack)


@rule(appraisal.DecideGrade)
def decides_what_may_be(states: States, action: Action, data: appraisal.DecideGrade) -> Ruling:
    """After the proposal, from which it may differ; bars are looked at again, and the seats."""
    of = case(states, action, data)
    proposed = last(of.file, appraisal.GradeProposed)
    no = order.refused(states, action, data, {}) or (None if of.pool else _elsewhere(data.person, of, ()))
    if no or proposed is None:
        return no
    reason = proposed.data.get("reason")
    if no := _barred(states, action, data, of, reason):
        return no
    told = {
        "proposed": proposed.data["grade"], "appraised_by": proposed.data["appraised_by"],
        "reason": reason if data.grade in order.WITHOUT or reason == "refused" else None,
    }  # fmt: skip
    return given(states, action, data, of, told)


@rule(posting.SupplementGrade)
def supplements_what_was_not_determined(states: States, action: Action, data: posting.SupplementGrade) -> Ruling:
    """Only what was decided undetermined or not appraised, as bars allow then."""
    of = case(states, action, data)
    no = order.refused(states, action, data, {})
    decided = last(of.file, appraisal.GradeDecided)
    if decided and decided.data["grade"] not in order.WITHOUT:
        no = Rejection(
            "stage-order",
            f"{data.person} was decided {decided.data['grade']}: there is nothing to supplement. "
            "Correct the decision where it is wrong.",
            f"{data.person} 已确定为“{called(decided.data['grade'])}”，无需补定。如有误请更正该决定。",
        )
    return no or regraded(states, action, data, of, {})


def given(states: States, action: Action, data: Data, of: Case, told: dict[str, Any]) -> Ruling:
    """A grade within the seats, with what bore upon it and what the pack lets follow; or why not."""
    here = _here(states, action, data)
    members = {"person": data.person, "grade": data.grade, "here": here}
    if of.pool not in {None, "leadership"} and seats.matters(data.grade, here=here):
        new = Held(becomes(data).TYPE, action.time, members)
        if no := seats.beyond(states, action, data.cycle, str(of.pool), new):
            return no
    more = {"here": here, "bars": _bars(action, of), "follows": _follows(states, action, data, of)}
    return told | more


def regraded(states: States, action: Action, data: Data, of: Case, told: dict[str, Any]) -> Ruling:
    """A grade that an answer changes: as bars allow, within the seats."""
    no = bars.barred(data.grade, _bars(action, of), of.who, of.year)
    return no or routine.barred(states, action, data, of.year, of.pack) or given(states, action, data, of, told)


def _follows(states: States, action: Action, data: Data, of: Case) -> tuple[Consequence, ...]:
    """What the pack lets follow a grade that was the same for so many years on end."""
    years = [data.grade, *(grade_in(states, action, data.person, of.year - back) for back in range(1, _MOST_YEARS))]
    rules = of.pack.appraisal.consequences
    return tuple(
        code
        for code, figure in rules.items()
        if years[: figure.value.years] == [figure.value.grade] * figure.value.years
    )


def grade_in(states: States, action: Action, who: str, year: int) -> str | None:
    """Somebody's grade of a year, as it stands."""
    found = verdict(thing(states, action.key(GRADES, f"{who}/{year}")).facts.values())
    return str(found.data["grade"]) if found else None
