"""What is judged during the year: routine grades by quarter, special appraisals; which entries may be evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final

from deploy.local.sample.appraisal import steps
from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Cadre, Office
from schemas.appraisal import grading as contract
from schemas.base import ActionData
from schemas.learning import courses
from schemas.life import spirit, work
from schemas.trust.identity import event_id

SOURCE: Final = "/appraisal"
MOST: Final = 4  # entries that are admitted of one person
_QUARTERS: Final = {4: "Q1", 7: "Q2", 10: "Q3"}
_GOOD: Final = 0.4  # of those who are assessed
_TASKS: Final = {8: ("防汛值守与转移安置", "good"), 10: ("重大活动服务保障", "fairly-good")}
# Whose entry an action becomes: the member that names the person.
_ENTRIES: Final = {
    work.FileOutput.TYPE: "lead",
    work.DeliverDutyReport.TYPE: "person",
    courses.RecordCourse.TYPE: "person",
    spirit.RecogniseConduct.TYPE: "person",
}


class Record:
    """What the year has brought so far, of what stays as it is."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._entries: dict[str, list[str]] = defaultdict(list)
        self.exchanges: dict[str, int] = defaultdict(int)

    def note(self, office: Office, draft: Draft) -> None:
        """Remember it, where it is of somebody."""
        whose = draft.data.get(_ENTRIES.get(draft.type, ""))
        if whose and draft.settled and draft.handed_in.month < steps.MONTH:
            self._entries[whose].append(event_id(office.id, draft.source, draft.id, 0))
        for section in draft.data["sections"] if draft.type == work.HoldSectionExchange.TYPE else ():
            self.exchanges[section] += 1

    def evidence(self, person: str) -> list[str]:
        """What may be admitted: the latest."""
        return self._entries[person][-MOST:]

    def by_record(self, cadres: list[Cadre]) -> list[Cadre]:
        """Those whose entries are most first: how much, for want of knowing how good."""
        return sorted(cadres, key=lambda cadre: (-len(self._entries[cadre.id]), cadre.id))


def month(office: Office, number: int, record: Record) -> Iterator[Draft]:
    """A month of it."""
    assessed = [cadre for cadre in office.present if cadre.tier != "leadership"]
    if number in _QUARTERS:
        yield from _routine(office, number, record.by_record(assessed))
    if number in _TASKS:
        task, result = _TASKS[number]
        on = workday(date(office.year, number, 20)).isoformat()
        for cadre in (assessed[0], assessed[-1]):
            data = {"person": cadre.id, "task": task, "on": on, "result": result}
            yield _judged(office, contract.RecordSpecialAppraisal, f"special-{number:02d}-{cadre.id}", number, data)


def _routine(office: Office, number: int, assessed: list[Cadre]) -> Iterator[Draft]:
    for place, cadre in enumerate(assessed):
        good = place < int(len(assessed) * _GOOD)
        grade = "fair" if cadre is office.roles.reproved else "good" if good else "fairly-good"
        data = {"person": cadre.id, "period": f"{office.year}{_QUARTERS[number]}", "grade": grade}
        yield _judged(office, contract.GiveRoutineGrade, f"routine-{number:02d}-{cadre.id}", number, data)


def _judged(office: Office, model: type[ActionData], ident: str, number: int, data: dict[str, str]) -> Draft:
    moment = at(workday(date(office.year, number, 25)), 10)
    return Draft(SOURCE, ident, model.TYPE, moment, office.leaders[0].id, data, "hand", moment, settled=True)
