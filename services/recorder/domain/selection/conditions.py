"""Which conditions somebody fails, by the selection's pack: each asks the few states that tell it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from schemas.appraisal import selection
from schemas.appraisal.selection import Condition
from schemas.life import work
from schemas.packs import packs
from services.recorder.domain.appraisal import bars
from services.recorder.domain.appraisal.grading import grade_in
from services.recorder.domain.deciding.core import Action, Key, States, Thing
from services.recorder.domain.deciding.facts import once_key, thing
from services.recorder.domain.deciding.timeline import Person, person
from services.recorder.domain.selection import rows

_REPORT: Final = work.DutyReportDelivered
_MOST_YEARS: Final = 5


class Asked(NamedTuple):
    """Whether a subject meets a condition, with its figure."""

    states: States
    action: Action
    subject: str
    opened: dict[str, Any]
    row: Thing
    figure: int

    @property
    def who(self) -> Person:
        """The person."""
        return person(self.states, self.action, self.subject)

    def grades(self) -> list[str | None]:
        """Of the years before, the last first."""
        years = [self.opened["year"] - back for back in range(1, self.figure + 1)]
        return [grade_in(self.states, self.action, self.subject, year) for year in years]


def _competent(asked: Asked) -> bool:
    return all(grade in {"excellent", "competent"} for grade in asked.grades())


def _excellent(asked: Asked) -> bool:
    return all(grade == "excellent" for grade in asked.grades())


def _served(asked: Asked) -> bool:
    day = asked.action.day
    begun = min((post.begins for post in asked.who.posts()), default=day)
    months = (int(day[:4]) - int(begun[:4])) * 12 + int(day[5:7]) - int(begun[5:7]) - (day[8:] < begun[8:])
    return bool(asked.who.held(day)) and months >= asked.figure


def _reported(asked: Asked) -> bool:
    for half in _halves(asked.action.day, asked.figure):
        if asked.who.heads_section(_half_ends(half)):
            key = once_key(asked.action.office, _REPORT, {"person": asked.subject, "half": half})
            if not thing(asked.states, key).facts:
                return False
    return True


def _unbarred(asked: Asked) -> bool:
    discipline = thing(asked.states, asked.action.key("discipline", asked.subject))
    pack = packs()[asked.opened["rule_pack"]]
    return not bars.found(discipline, asked.opened["year"], asked.action.day, pack)


def _off_probation(asked: Asked) -> bool:
    return not asked.who.on_probation(asked.action.day)


def _unopposed(asked: Asked) -> bool:
    said: dict[str, bool] = {}
    for held in asked.row.of_type(selection.OpinionRecorded).values():
        if asked.subject in {held.data.get("person"), held.data.get("section")}:
            said[held.data["of"]] = held.data["against"]
    return sum(said.values()) <= asked.figure


def _exchanged(asked: Asked) -> bool:
    return len(thing(asked.states, _exchanges(asked.action, asked.subject, asked.opened["year"])).facts) >= asked.figure


_MEETS: Final[Mapping[Condition, Callable[[Asked], bool]]] = {
    "competent-years": _competent,
    "excellent-years": _excellent,
    "months-served": _served,
    "duty-reports": _reported,
    "no-bar": _unbarred,
    "off-probation": _off_probation,
    "no-opinion-against": _unopposed,
    "section-exchanges": _exchanged,
}
OF_SECTIONS: Final[frozenset[Condition]] = frozenset({"no-opinion-against", "section-exchanges"})
OF_PERSONS: Final[frozenset[Condition]] = frozenset(_MEETS) - {"section-exchanges"}


def failed(states: States, action: Action, ident: str, subject: str) -> Condition | None:
    """The first condition of the selection that a subject fails."""
    opened = rows.opened(states, action, ident)
    figures = packs()[opened["rule_pack"]].selection.conditions
    asked = Asked(states, action, subject, opened, rows.row(states, action, ident), 0)
    unmet = (
        code for code in opened.get("conditions", ()) if not _MEETS[code](asked._replace(figure=figures[code].value))
    )
    return next(unmet, None)


def keys(states: States, action: Action, ident: str, subjects: Iterable[str]) -> Iterator[Key]:
    """What looking at these subjects needs."""
    opened = rows.opened(states, action, ident)
    if not opened:
        return
    for subject in subjects:
        if opened["for_"] == "sections":
            yield _exchanges(action, subject, opened["year"])
            continue
        yield from (action.key(kind, subject) for kind in ("person", "discipline"))
        yield from (action.key("grades", f"{subject}/{opened['year'] - back}") for back in range(1, _MOST_YEARS + 1))
        for half in _halves(action.day, 2 * _MOST_YEARS):
            yield once_key(action.office, _REPORT, {"person": subject, "half": half})


def _exchanges(action: Action, section: str, year: int) -> Key:
    return action.key("exchanges", f"{section}/{year}")


def _halves(day: str, count: int) -> list[str]:
    """The last half-years that were over by that day, the latest first."""
    number = 2 * int(day[:4]) + (int(day[5:7]) > 6)  # noqa: PLR2004  # June
    return [f"{n // 2}H{n % 2 + 1}" for n in range(number - 1, number - 1 - count, -1)]


def _half_ends(half: str) -> str:
    return f"{half[:4]}-{'06-30' if half.endswith('H1') else '12-31'}"
