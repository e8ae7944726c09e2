"""Which grades are open to somebody: discipline (the heavier counts), open cases, probation, leave, routine grades."""

from collections.abc import Iterable, Iterator
from typing import Final

from schemas.appraisal.grading import called
from schemas.packs import Pack, Routine
from schemas.people import discipline
from schemas.people.discipline import BarKind
from services.recorder.domain.appraisal import away, order
from services.recorder.domain.appraisal.pools import last_day
from services.recorder.domain.deciding.core import Rejection, Thing
from services.recorder.domain.deciding.timeline import Person

WEIGHT: Final[tuple[BarKind, ...]] = ("incompetent", "no-grade", "not-excellent")
_SAYS: Final = {
    "incompetent": ("a disciplinary measure makes it incompetent", "受处分，应确定为不称职"),
    "no-grade": ("a disciplinary measure or an open case allows no grade", "受处分或立案审查期间不定等次"),
    "not-excellent": ("a disciplinary measure bars excellent", "受处分，不得确定为优秀"),
    "probation": ("whoever is on probation takes part without a grade", "试用期内只参加考核、不定等次"),
    "refused": ("whoever refuses to be appraised is {grade}", "拒不参加考核的，应为{grade}"),
    "leave": ("whoever is on leave for most of the year is {grade}", "全年过半长期休假的，应为{grade}"),
    "routine": (
        "the routine grades are good in too few periods, or fair or poor in one",
        "平时考核“好”等次不足，或有“一般”“较差”等次",
    ),
}


def found(row: Thing, year: int, day: str, pack: Pack) -> tuple[BarKind, ...]:
    """What discipline bars in a year, as of a day, the heavier first."""
    bars = {bar["bar"] for fact in _decided(row) for bar in fact.get("bars", ()) if bar["year"] == year}
    if _open(row, day):
        bars |= set(pack.discipline.open_case.value[:1])
    return tuple(bar for bar in WEIGHT if bar in bars)


def _decided(row: Thing) -> Iterator[dict[str, list[dict[str, object]]]]:
    recorded = row.of_type(discipline.DisciplineRecorded).values()
    return (fact.data for fact in recorded if fact.data["case"] == "decided")


def _open(row: Thing, day: str) -> bool:
    closed = {fact.data["measure"] for fact in row.of_type(discipline.DisciplineClosed).values()
              if fact.data["on"] <= day}  # fmt: skip
    cases = [fact.data for fact in row.of_type(discipline.DisciplineRecorded).values()]
    return any(case["case"] == "open" and case["measure"] not in closed for case in cases)


def barred(grade: str, bars: Iterable[BarKind], who: Person, year: int) -> Rejection | None:
    """Why discipline or probation forbids a grade."""
    heaviest = next(iter(bars), None)
    if heaviest == "incompetent":
        return None if grade == "incompetent" else _barred(grade, "incompetent", establishment=who.establishment())
    if grade in order.WITHOUT:
        return None
    if heaviest == "no-grade":
        return _barred(grade, "no-grade", establishment=who.establishment())
    if who.on_probation(last_day(year)):
        return _barred(grade, "probation", establishment=who.establishment())
    return _barred(grade, "not-excellent") if heaviest and grade == "excellent" else None


def otherwise(grade: str, reason: str | None, absent: Thing, pack: Pack, year: int) -> Rejection | None:
    """Why refusing to be appraised, or most of a year's leave, forbids a grade."""
    rules = pack.appraisal
    if reason == "refused" and grade != rules.refused.value:
        return _barred(grade, "refused", rules.refused.value)
    if away.on_leave(absent, rules.away.value, year) and grade != rules.away.value.long_leave:
        return _barred(grade, "leave", rules.away.value.long_leave)
    return None


def too_little_routine(given: list[str], routine: Routine, periods: int) -> Rejection | None:
    """Why routine grades forbid excellent."""
    good = given.count("good") * 100 >= routine.excellent_needs_good_percent.value * periods
    return None if good and not {"fair", "poor"} & set(given) else _barred("excellent", "routine")


def _barred(grade: str, why: str, needed: str = "", establishment: str = "civil-service") -> Rejection:
    en, zh = _SAYS[why]
    called_so = called(grade, establishment)
    return Rejection(
        "barred-grade",
        f"The grade {grade} is barred: {en.format(grade=needed)}. "
        "Propose or decide another, or correct what bars it first.",
        f"不得确定为“{called_so}”：{zh.format(grade=called(needed, establishment) if needed else '')}。"
        "请改为其他等次，或先更正相关登记。",
    )
