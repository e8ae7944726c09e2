"""Heart-to-heart talks: each cadre at least once a half-year, a group talk a quarter; what is due and promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, workday
from deploy.local.sample.draft import Draft, hand_in, year_end
from deploy.local.sample.staff import Cadre, Office
from schemas.base import ActionData
from schemas.life import talk as contract

SOURCE: Final = "/oa"
_GROUP_MONTHS: Final = (3, 6, 9, 12)
_GROUP_SIZES: Final = (3, 4, 5, 6)
_GUIDED: Final = 0.2
_UNPLANNED: Final = 0.08
_PROMISED: Final = 0.15  # of the talks end in something that one of the two will see to
_KEPT: Final = 0.7  # of these promises
_PROMISES: Final = ("协调参加业务培训", "调整一次值班安排", "把建议送分管领导", "安排一次岗位轮训", "找一份范文给本人")
_REQUIRED_MONTHS: Final = {2: "岗位变动后谈一次", 5: "近期工作压力较大", 8: "新任职务任前谈话", 11: "年终前谈一次"}


def month(office: Office, number: int) -> Iterator[Draft]:
    """A month's talks."""
    for place, cadre in enumerate(office.cadres):
        # Everyone has a month in each half-year; a few talks come when they are needed.
        if place % 6 == (number - 1) % 6 or office.rng.random() < _UNPLANNED:
            yield from _followed(office, _one_to_one(office, number, cadre))
    if number in _GROUP_MONTHS:
        yield _group(office, number)
    if number in _REQUIRED_MONTHS:
        yield from _required(office, number)


def _required(office: Office, number: int) -> Iterator[Draft]:
    """A talk that became due: three of four are held in time."""
    staff = [cadre for cadre in office.cadres if cadre.tier == "staff"]
    cadre, leader = office.rng.choice(staff), office.leaders[number % len(office.leaders)]
    duty, due = f"d-{office.year}-{number:02d}", workday(date(office.year, number, 26))
    data = {"duty": duty, "person": cadre.id, "with": leader.id, "trigger": _REQUIRED_MONTHS[number]}
    data["due_on"] = due.isoformat()
    yield _settled(
        contract.RequireTalk, f"require-{duty}", at(workday(date(office.year, number, 4)), 9), leader.id, data
    )
    if number != max(_REQUIRED_MONTHS):
        talk = {
            "talk": f"t-{duty}",
            "initiator": leader.id,
            "participants": [cadre.id],
            "mode": "one-to-one",
            "duty": duty,
        }
        talk |= {"topics": office.rng.sample(texts.TOPICS, 1), "note": office.rng.choice(texts.NOTES)}
        yield _settled(contract.HoldTalk, f"t-{duty}", at(due, 15), leader.id, talk)


def _followed(office: Office, talk: Draft) -> Iterator[Draft]:
    """The talk, and what was promised in it; most of that is kept."""
    rng, due = office.rng, workday(talk.time.date() + timedelta(days=21))
    if rng.random() > _PROMISED or due.year != office.year:
        yield talk
        return
    yield replace(talk, settled=True)  # what rests on it stays true
    ident, owner = f"f-{talk.data['talk']}", talk.data["initiator"]
    data = {"follow_up": ident, "talk": talk.data["talk"], "owner": owner, "due_on": due.isoformat()}
    data["what"] = rng.choice(_PROMISES)
    yield replace(_settled(contract.PromiseFollowUp, ident, talk.time, owner, data), handed_in=talk.handed_in)
    closed = max(at(due, 9), talk.handed_in) + timedelta(days=rng.randint(-4, 6))
    if rng.random() < _KEPT and talk.handed_in < closed <= year_end(office.year) - timedelta(hours=2):
        done = {"follow_up": ident, "on": closed.date().isoformat()}
        yield _settled(contract.CloseFollowUp, f"close-{ident}", closed, owner, done)


def _settled(model: type[ActionData], ident: str, moment: datetime, actor: str, data: dict[str, Any]) -> Draft:
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment + timedelta(hours=1), settled=True)


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
