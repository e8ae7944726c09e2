"""Outputs by line of work; classified communications as a count and never a title. Their effect. Duty reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft, hand_in
from deploy.local.sample.staff import Cadre, Office
from schemas.base import ActionData, Line
from schemas.life import work as contract
from schemas.life.work import CLASSIFIED, Effect, Level

SOURCE: Final = "/oa"
_A_MONTH: Final = 0.7  # outputs that a cadre leads
_LEVELS: Final[dict[Level, int]] = {"office": 40, "district": 38, "city": 16, "province": 5, "national": 1}
_EFFECTS: Final[dict[Effect, int]] = {"adopted": 34, "in-force": 16, "problem-solved": 25, "pending": 25}
_GUIDED: Final = 0.3
_HALVES: Final = {6: "H1", 12: "H2"}
_SETTLED: Final = 0.6  # of what was pending
_COMMENTS: Final = (
    "思路清楚，落实有力。",
    "抓得实，文稿质量有提高。",
    "统筹好，带队伍还可再主动。",
    "完成任务好，注意总结经验。",
)


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month's outputs; in January each line's procedure, at the end of each half-year what heads report."""
    if number == 1:
        yield from _procedures(office)
    if number in _HALVES:
        yield from _duty_reports(office, number)
    place = 0
    for cadre in office.present:
        if cadre.section.lines and office.rng.random() < _A_MONTH:
            place += 1
            output = _output(office, cadre, f"u-{office.year}-{number:02d}-{place:03d}", _moment(office, number))
            yield from _with_effect(office, output)


def _with_effect(office: Office, output: Draft) -> Iterator[Draft]:
    """Of what was pending, much shows its effect in time."""
    rng = office.rng
    moment = at(workday(output.handed_in.date() + timedelta(days=rng.randint(25, 80))), 11)
    if output.data["effect"] != "pending" or rng.random() > _SETTLED or moment.year != office.year:
        yield output
        return
    yield replace(output, settled=True)  # what rests on it stays true
    effect = rng.choice(("in-force", "problem-solved", "adopted"))
    data = {"output": output.data["output"], "effect": effect, "on": moment.date().isoformat()}
    yield _settled(contract.SettleEffect, f"settle-{data['output']}", moment, output.actor, data)


def _procedures(office: Office) -> Iterator[Draft]:
    moment = at(workday(date(office.year, 1, 8)), 10)
    for line in dict.fromkeys(line for section in office.sections for line in section.lines):
        data = {
            "procedure": f"pr-{line}",
            "area": "line",
            "line": line,
            "title": texts.PROCEDURES[line],
            "version": 1,
            "from_on": moment.date().isoformat(),
        }
        yield _settled(contract.ReviseProcedure, f"procedure-{line}", moment, office.leaders[0].id, data)


def _duty_reports(office: Office, number: int) -> Iterator[Draft]:
    half = f"{office.year}{_HALVES[number]}"
    moment = at(workday(date(office.year, number, 24)), 15)
    for head in dict.fromkeys(cadre.id for section in office.sections for cadre in office.heads(section)):
        data = {"person": head, "half": half, "heard_by": [section.id for section in office.sections]}
        yield _settled(contract.DeliverDutyReport, f"duty-report-{half}-{head}", moment, head, data)
        by = next(leader.id for leader in office.leaders if leader.id != head)
        found = {"person": head, "half": half, "by": by, "comment": office.rng.choice(_COMMENTS)}
        yield _settled(contract.AssessDutyReport, f"assess-{half}-{head}", moment + timedelta(hours=26), by, found)


def _settled(model: type[ActionData], ident: str, moment: datetime, actor: str, data: dict[str, Any]) -> Draft:
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment + timedelta(hours=1), settled=True)


def _moment(office: Office, number: int) -> datetime:
    day = workday(date(office.year, number, office.rng.randint(2, 25)))
    return at(day, 9) + timedelta(minutes=office.rng.randrange(480))


def _output(office: Office, cadre: Cadre, ident: str, moment: datetime) -> Draft:
    rng = office.rng
    line = rng.choice(cadre.section.lines)
    filed = hand_in(rng, moment)
    data: dict[str, Any] = {"output": ident, "lead": cadre.id, "participants": _helpers(office, cadre), "line": line}
    data |= _what(office, line)
    data["level"] = rng.choices(tuple(_LEVELS), tuple(_LEVELS.values()))[0]
    data["effect"] = rng.choices(tuple(_EFFECTS), tuple(_EFFECTS.values()))[0]
    data |= filed.late
    if rng.random() < _GUIDED:
        data["guide"] = rng.choice(("work", "innovation", "results", "excellence"))
    return Draft(SOURCE, f"file-{ident}", contract.FileOutput.TYPE, moment, cadre.id, data, "hand", filed.moment)


def _what(office: Office, line: Line) -> dict[str, Any]:
    if line == CLASSIFIED:
        return {"count": office.rng.randint(1, 40)}
    return {"title": title(office, line)}


def title(office: Office, line: Line) -> str:
    """A title as the line would give it."""
    return office.rng.choice(texts.OUTPUTS[line]).format(office.rng.choice(texts.MATTERS))


def _helpers(office: Office, cadre: Cadre) -> list[str]:
    """Up to two of the section, now and then a leader, work along."""
    others = [other.id for other in office.members(cadre.section) if other is not cadre and not other.away]
    helpers = office.rng.sample(others, min(len(others), office.rng.choice((0, 0, 1, 1, 2))))
    leads = office.rng.random() < 0.12  # noqa: PLR2004
    return helpers + ([office.rng.choice(office.leaders).id] if leads else [])
