"""Whose grade it will be, and why: by the record, within the seats, as what happened in the year allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from deploy.local.sample.appraisal.during import Record
from deploy.local.sample.staff import Cadre, Office
from schemas.appraisal.grading import AppraisedBy, Grade, Without
from schemas.people.cadres import Establishment

RAISED: Final = 25  # percent, approved for the civil service
_PERCENT: Final[dict[Establishment, int]] = {"civil-service": RAISED, "institution": 20}


class Case(NamedTuple):
    """Which grade is proposed for somebody; ``decided`` where that is another."""

    cadre: Cadre
    grade: Grade
    appraised_by: AppraisedBy = "office"
    reason: Without | None = None
    decided: Grade | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everybody's case, in the order of deciding: who has no grade, then all, then who might be excellent."""

    cases: list[Case]

    def of(self, cadre: Cadre) -> Case:
        """Somebody's."""
        return next(case for case in self.cases if case.cadre is cadre)

    def excellent(self) -> list[Cadre]:
        """Who is decided excellent here."""
        return [case.cadre for case in self.cases if case.appraised_by == "office" and _last(case) == "excellent"]


def _last(case: Case) -> Grade:
    return case.decided or case.grade


def standing(office: Office, record: Record) -> Standing:
    """All of them."""
    leaders = [Case(cadre, "competent", "superior") for cadre in office.leaders]
    leaders[0] = leaders[0]._replace(grade="excellent")
    others = [cadre for cadre in office.cadres if cadre.tier != "leadership"]
    without = [case for cadre in others if (case := _without(office, cadre))]
    known = {case.cadre.id for case in without}
    best = [case for pool in _PERCENT for case in _best(office, pool, record)]
    best = [case for case in best if case.cadre.id not in known]
    known |= {case.cadre.id for case in best}
    rest = [_plain(office, cadre) for cadre in others if cadre.id not in known]
    return Standing([*without, *leaders, *rest, *best])


def _without(office: Office, cadre: Cadre) -> Case | None:
    roles = office.roles
    if cadre is roles.ill:
        return Case(cadre, "not-appraised", reason="long-leave")
    if cadre is roles.recruit:
        return Case(cadre, "undetermined", reason="probation")
    return Case(cadre, "undetermined", reason="investigation") if cadre is roles.cleared else None


def _plain(office: Office, cadre: Cadre) -> Case:
    if cadre is office.roles.borrowed:
        return Case(cadre, "competent", "sender")
    reproved = cadre is office.roles.reproved and cadre is not office.roles.warned
    return Case(cadre, "basically-competent" if reproved else "competent")


def _best(office: Office, pool: Establishment, record: Record) -> list[Case]:
    """The best of a pool; of the civil service one more than there are seats, which is noticed when it is decided."""
    counted = [cadre for cadre in office.cadres if cadre.tier != "leadership" and cadre.establishment == pool]
    absent = (office.roles.ill, office.roles.recruit)
    counted = [cadre for cadre in counted if cadre not in absent]
    seats = len(counted) * _PERCENT[pool] // 100
    best = record.by_record([cadre for cadre in counted if cadre not in office.roles])
    cases = [Case(cadre, "excellent") for cadre in best[:seats]]
    if pool == "civil-service":
        cases += [Case(cadre, "excellent", decided="competent") for cadre in best[seats : seats + 1]]
    return cases
