"""Heart-to-heart talks: each cadre at least once a half-year, and a group talk a quarter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft, hand_in
from deploy.local.sample.staff import Cadre, Office
from schemas import talk as contract

SOURCE: Final = "/oa"
_GROUP_MONTHS: Final = (3, 6, 9, 12)
_GROUP_SIZES: Final = (3, 4, 5, 6)
_GUIDED: Final = 0.2
_UNPLANNED: Final = 0.08


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month's talks."""
    for place, cadre in enumerate(office.cadres):
        # Everyone has a month in each half-year; a few talks come when they are needed.
        if place % 6 == (number - 1) % 6 or office.rng.random() < _UNPLANNED:
            yield _one_to_one(office, number, cadre)
    if number in _GROUP_MONTHS:
        yield _group(office, number)


def _one_to_one(office: Office, number: int, cadre: Cadre) -> Draft:
    rng = office.rng
    ident = f"t-{office.year}-{number:02d}-{cadre.id}"
    data = {
        "talk": ident,
        "initiator": _partner(office, cadre).id,
        "participants": [cadre.id],
        "mode": "one-to-one",
        "topics": rng.sample(texts.TOPICS, rng.randint(1, 3)),
        "note": rng.choice(texts.NOTES),
    }
    return _draft(office, data, _moment(office, number))


def _partner(office: Office, cadre: Cadre) -> Cadre:
    """Staff talk with their head or a leader, everyone else with a leader."""
    head = office.head(cadre.section)
    if cadre.tier == "staff" and head is not cadre and office.rng.random() < 0.7:  # noqa: PLR2004
        return head
    return office.rng.choice([leader for leader in office.leaders if leader is not cadre])


def _group(office: Office, number: int) -> Draft:
    rng = office.rng
    leader = rng.choice(office.leaders)
    others = [cadre for cadre in office.cadres if cadre is not leader]
    invited = rng.sample(others, min(len(others), rng.choice(_GROUP_SIZES)))
    data = {
        "talk": f"t-{office.year}-{number:02d}-group",
        "initiator": leader.id,
        "participants": [cadre.id for cadre in invited],
        "mode": "group",
        "topics": rng.sample(texts.TOPICS, 2),
        "note": rng.choice(texts.GROUP_NOTES),
    }
    return _draft(office, data, _moment(office, number))


def _moment(office: Office, number: int) -> datetime:
    day = workday(date(office.year, number, office.rng.randint(3, 24)))
    return at(day, 16) + timedelta(minutes=office.rng.randrange(90))


def _draft(office: Office, data: dict[str, Any], moment: datetime) -> Draft:
    noted = hand_in(office.rng, moment)
    data |= noted.late
    if office.rng.random() < _GUIDED:
        data["guide"] = office.rng.choice(("people", "harmony", "work"))
    name = contract.HoldTalk.TYPE
    return Draft(SOURCE, data["talk"], name, moment, data["initiator"], data, "hand", noted.moment)
