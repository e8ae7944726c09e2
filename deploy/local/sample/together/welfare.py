"""Home visits: joys, cares and festivals, modest sums or none; needs met; gatherings with the families."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, spring, workday
from deploy.local.sample.draft import Draft, hand_in
from deploy.local.sample.staff import Cadre, Office
from schemas.life import welfare as contract

SOURCE: Final = "/union-app"
_A_MONTH: Final = 0.03  # occasions a cadre has
_BEFORE_SPRING: Final = 0.12  # of the cadres are visited before the spring festival
_PROPOSED: Final = 0.4  # of the visits at the union's cost
_NEEDS: Final = 0.02  # that a cadre has in a month
_MET: Final = 0.85
_FIRST_NEED: Final = 3  # the month in which there is one, however small the office
_GATHERINGS: Final = {1: "family", 4: "ball-game", 6: "culture", 9: "family", 11: "ball-game"}
_YUAN: Final = {"joy": (200, 300, 500), "care": (0, 300, 500, 800), "festival": (0, 200, 300)}


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month's visits."""
    festival = spring(office.year)
    for cadre in office.cadres:
        if office.rng.random() < _A_MONTH:
            day = date(office.year, number, office.rng.randint(2, 22))
            yield from _visited(office, _visit(office, cadre, office.rng.choice(("joy", "care")), day))
        elif festival.month == number and office.rng.random() < _BEFORE_SPRING:
            yield _visit(office, cadre, "festival", festival)
        if office.rng.random() < _NEEDS or (cadre is office.cadres[-1] and number == _FIRST_NEED):
            yield from _need(office, cadre, number)
    if number in _GATHERINGS:
        yield _gathering(office, number)


def _visited(office: Office, visit: Draft) -> Iterator[Draft]:
    """A visit; some are proposed and approved first, and made as they were."""
    proposed = visit.time - timedelta(hours=office.rng.randint(20, 40))
    if visit.data["fund"] != "union" or office.rng.random() > _PROPOSED or proposed.year < office.year:
        yield visit
        return
    agreed = {name: visit.data[name] for name in ("visit", "person", "occasion", "class", "fund", "fen")}
    propose, approve = contract.ProposeVisit.TYPE, contract.ApproveVisit.TYPE
    yield Draft(SOURCE, f"propose-{visit.id}", propose, proposed, visit.actor, agreed, "hand", proposed, settled=True)
    approved, leader = proposed + timedelta(hours=3), office.leaders[0].id
    data = {"visit": visit.data["visit"], "approver": leader}
    yield Draft(SOURCE, f"approve-{visit.id}", approve, approved, leader, data, "hand", approved, settled=True)
    yield replace(visit, settled=True)


def _need(office: Office, cadre: Cadre, number: int) -> Iterator[Draft]:
    """What somebody needs, and mostly how it was met some days later."""
    rng, ident = office.rng, f"n-{office.year}-{number:02d}-{cadre.id}"
    kind, what, how = rng.choice(texts.NEEDS)
    raised = at(workday(date(office.year, number, rng.randint(3, 22))), 10, rng.randrange(60))
    data = {"need": ident, "person": cadre.id, "kind": kind, "what": what}
    name = contract.RaiseNeed.TYPE
    yield Draft(SOURCE, f"need-{ident}", name, raised, cadre.id, data, "hand", raised, settled=True)
    met = at(workday(raised.date() + timedelta(days=rng.randint(2, 40))), 16, rng.randrange(60))
    if met.year == office.year and rng.random() < _MET:
        data = {"need": ident, "on": met.date().isoformat(), "how": how}
        name, actor = contract.MeetNeed.TYPE, office.head(cadre.section).id
        yield Draft(SOURCE, f"met-{ident}", name, met, actor, data, "hand", met, settled=True)


def _gathering(office: Office, number: int) -> Draft:
    rng, kind = office.rng, _GATHERINGS[number]
    day = workday(date(office.year, number, rng.randint(10, 22)))
    ident, moment = f"g-{day:%Y-%m}", at(day, 19, rng.randrange(30))
    come = [cadre.id for cadre in office.cadres if rng.random() < 0.6]  # noqa: PLR2004
    data = {
        "gathering": ident,
        "kind": kind,
        "title": rng.choice(texts.GATHERINGS[kind]),
        "on": day.isoformat(),
        "persons": come,
        "relatives": rng.randint(0, len(come)) if kind == "family" else 0,
    }
    return Draft(SOURCE, ident, contract.HoldGathering.TYPE, moment, "union", data, "hand", moment)


def _visit(office: Office, cadre: Cadre, class_: str, event_on: date) -> Draft:
    rng = office.rng
    ident = f"v-{event_on:%Y-%m}-{cadre.id}"
    moment = _moment(office, class_, event_on)
    told = hand_in(rng, moment)
    fund = rng.choices(("union", "welfare", "none"), (6, 2, 2))[0]
    data: dict[str, Any] = {
        "visit": ident,
        "person": cadre.id,
        "occasion": texts.OCCASIONS["festival"][0] if class_ == "festival" else rng.choice(texts.OCCASIONS[class_]),
        "class": "festival" if class_ == "festival" else "event",  # for joy or care is in the sealed occasion
        "event_on": event_on.isoformat(),
        "fund": fund,
        "fen": 0 if fund == "none" else rng.choice(_YUAN[class_]) * 100,
        "visitors": [visitor.id for visitor in _visitors(office, cadre)],
    } | told.late
    name = contract.MakeHomeVisit.TYPE
    return Draft(SOURCE, f"visit-{ident}", name, moment, data["visitors"][0], data, "hand", told.moment)


def _moment(office: Office, class_: str, event_on: date) -> datetime:
    """A few days after the occasion; before a festival."""
    away = timedelta(days=office.rng.randint(1, 6))
    if class_ != "festival":
        return at(workday(event_on + away), 17, office.rng.randrange(60))
    return at(max(event_on - away - timedelta(days=1), date(event_on.year, 1, 4)), 15, office.rng.randrange(60))


def _visitors(office: Office, cadre: Cadre) -> list[Cadre]:
    others = [leader for leader in office.leaders if leader is not cadre][:1]
    head = office.head(cadre.section)
    return others + ([head] if head is not cadre and head not in others else [])
