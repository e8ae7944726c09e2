"""Home visits: joys, cares and festivals; modest sums or none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, spring, workday
from deploy.local.sample.draft import Draft, hand_in
from deploy.local.sample.staff import Cadre, Office
from schemas import welfare as contract

SOURCE: Final = "/union-app"
_A_MONTH: Final = 0.03  # occasions a cadre has
_BEFORE_SPRING: Final = 0.12  # of the cadres are visited before the spring festival
_YUAN: Final = {"joy": (200, 300, 500), "care": (0, 300, 500, 800), "festival": (0, 200, 300)}


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month's visits."""
    festival = spring(office.year)
    for cadre in office.cadres:
        if office.rng.random() < _A_MONTH:
            day = date(office.year, number, office.rng.randint(2, 22))
            yield _visit(office, cadre, office.rng.choice(("joy", "care")), day)
        elif festival.month == number and office.rng.random() < _BEFORE_SPRING:
            yield _visit(office, cadre, "festival", festival)


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
