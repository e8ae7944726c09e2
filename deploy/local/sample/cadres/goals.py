"""What sections and people want to reach in the year, and how far it has come; what somebody is good at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.base import ActionData
from schemas.people import goals as contract

SOURCE: Final = "/oa"
_GOALS: Final = ("重点文稿一次通过率再提高", "完成一项流程再造", "编写岗位手册", "带出一名业务骨干", "办结事项全程留痕")
_STRENGTHS: Final = ("文稿起草", "数据分析", "会务统筹", "群众工作", "速录", "摄影摄像")
_REPORTED: Final = {6: ("partly", "partly", "open", "met"), 11: ("met", "met", "met", "partly")}


def month(office: Office, number: int) -> Iterator[Draft]:
    """In January goals and strengths; in June and November how far the goals have come."""
    if number == 1:
        yield from _set(office)
        yield from _strengths(office)
    for goal, actor in _goals(office) if number in _REPORTED else ():
        day = workday(date(office.year, number, 25))
        data = {"goal": goal, "state": office.rng.choice(_REPORTED[number]), "on": day.isoformat()}
        yield _said(contract.ReportGoal, f"report-{goal}-{number:02d}", day, actor, data)


def _goals(office: Office) -> Iterator[tuple[str, str]]:
    """Each goal's id, and who reports on it: of each section, and of every other cadre."""
    for section in office.sections:
        yield f"g-{office.year}-{section.id}", office.head(section).id
    for cadre in office.cadres[::2]:
        yield f"g-{office.year}-{cadre.id}", cadre.id


def _set(office: Office) -> Iterator[Draft]:
    day = workday(date(office.year, 1, 12))
    whose = [{"section": section.id} for section in office.sections]
    whose += [{"person": cadre.id} for cadre in office.cadres[::2]]
    for subject, (goal, actor) in zip(whose, _goals(office), strict=True):
        data: dict[str, Any] = {"goal": goal, **subject, "year": office.year, "title": office.rng.choice(_GOALS)}
        data["due_on"] = date(office.year, 11, 30).isoformat()
        yield _said(contract.SetGoal, f"set-{goal}", day, actor, data)


def _strengths(office: Office) -> Iterator[Draft]:
    day = workday(date(office.year, 1, 20))
    for cadre in office.cadres[::3]:
        by = office.leaders[0] if cadre is not office.leaders[0] else office.leaders[1]
        data = {"person": cadre.id, "strength": office.rng.choice(_STRENGTHS), "by": by.id}
        yield _said(contract.StateStrength, f"strength-{cadre.id}", day, by.id, data)


def _said(model: type[ActionData], ident: str, day: date, actor: str, data: dict[str, Any]) -> Draft:
    moment = at(day, 10)
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment + timedelta(hours=1), settled=True)
