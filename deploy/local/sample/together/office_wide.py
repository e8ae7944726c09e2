"""What the office does together: research that becomes decisions, exchanges of sections, standings of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.base import ActionData
from schemas.life import work as contract

SOURCE: Final = "/oa"
_QUESTION: Final = ("社区服务的最后一百米怎么走", "实施便民服务提升行动的意见")
_TOPICS: Final = ("文稿流转怎么提速", "值班信息怎么共享", "会务分工怎么衔接", "督办台账怎么合并", "年度任务怎么对表")
_STANDING_MONTHS: Final = {7: "H1", 12: "H2"}
_MISSED: Final = 0.1  # of the exchanges, in a busy month
_OPENED, _ADOPTED = 2, 9


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month of it."""
    if office.rng.random() > _MISSED:
        yield _exchange(office, number)
    if number == _OPENED:
        yield from _research(office)
    if number == _ADOPTED:
        yield _decision(office)
    for line in _lines(office) if number in _STANDING_MONTHS else ():
        period = f"{office.year}{_STANDING_MONTHS[number]}"
        data: dict[str, Any] = {"line": line, "period": period, "scope": "city", "place": office.rng.randint(1, 5)}
        data |= {"of": 11, "by": "市委办公室"}
        yield _said(office, contract.RecordStanding, f"standing-{line}-{period}", (number, 20), data)


def _lines(office: Office) -> list[str]:
    return list(dict.fromkeys(line for section in office.sections for line in section.lines))


def _exchange(office: Office, number: int) -> Draft:
    host = office.sections[number % len(office.sections)]
    guests = [section for section in office.sections if section is not host]
    came = office.rng.sample(guests, max(1, len(guests) - 1))
    ident = f"x-{office.year}-{number:02d}"
    data = {"exchange": ident, "host": host.id, "sections": [host.id, *(section.id for section in came)]}
    data |= {"month": f"{office.year}-{number:02d}", "topics": office.rng.sample(_TOPICS, 2)}
    return _said(office, contract.HoldSectionExchange, ident, (number, 24), data)


def _members(office: Office) -> list[str]:
    return [cadre.id for cadre in sorted(office.cadres, key=lambda cadre: cadre.id)[:4]]


def _research(office: Office) -> Iterator[Draft]:
    """It opens in February, and what it finds is filed in June."""
    data: dict[str, Any] = {
        "research": f"rs-{office.year}",
        "question": _QUESTION[0],
        "commissioned_by": "区委主要领导",
    }
    yield _said(office, contract.OpenResearch, f"rs-{office.year}", (2, 10), data | {"members": _members(office)})
    lead, *others = _members(office)
    found = {"output": f"u-{office.year}-rs", "lead": lead, "participants": others, "line": "policy-research"}
    found |= {"title": f"{_QUESTION[0]}：调研报告", "level": "district", "effect": "adopted"}
    yield _said(office, contract.FileOutput, f"file-u-{office.year}-rs", (6, 12), found)


def _decision(office: Office) -> Draft:
    data = {"decision": f"dc-{office.year}", "title": _QUESTION[1], "by": "区委常委会", "research": f"rs-{office.year}"}
    return _said(
        office, contract.AdoptResearch, f"dc-{office.year}", (9, 10), data | {"outputs": [f"u-{office.year}-rs"]}
    )


def _said(office: Office, model: type[ActionData], ident: str, on: tuple[int, int], data: dict[str, Any]) -> Draft:
    moment: datetime = at(workday(date(office.year, *on)), 16)
    actor = office.leaders[0].id
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment + timedelta(hours=1), settled=True)
