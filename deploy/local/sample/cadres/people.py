"""Sections, registrations and posts at the start of a year; transfers, ended and new posts during it, who leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at
from deploy.local.sample.draft import Draft, Entry
from deploy.local.sample.staff import Cadre, Office, Section
from schemas.base import ActionData
from schemas.people import cadres as contract

SOURCE: Final = "/oa"
_ROLES: Final = ("secretary", "committee", "member")  # of a branch's first members, and of all who follow
_PROBATION: Final = timedelta(days=365)
_TRANSFER_MONTHS: Final = (3, 4, 5, 6, 8, 9, 10)
_TRANSFERS_A_MONTH: Final = 0.012  # of the staff
_BACKDATED: Final = timedelta(days=20)
_PROMOTION, _CONFIRMATION, _RETIREMENT = 7, 9, 12


def first_id() -> str:
    """The action that every office's year begins with."""
    return f"define-{texts.LEADERS[0]}"


def beginning(office: Office) -> Iterator[Draft]:
    """The office as it stands on 1 January: all sections, then all persons, then all posts."""
    start = at(date(office.year, 1, 1), 8, 30)
    for number, section in enumerate(office.sections):
        yield _define(section, start + timedelta(seconds=number))
    for number, cadre in enumerate(office.cadres):
        yield _register(cadre, office.year, start + timedelta(minutes=10, seconds=number // 2))
    for number, cadre in enumerate(office.cadres):
        moment = start + timedelta(minutes=20, seconds=number // 2)
        yield _assume(cadre, cadre.post, cadre.section, moment, from_on=cadre.joined_on, entry="machine")
        if cadre.concurrent:
            yield _assume(cadre, f"{cadre.id}-b", cadre.concurrent, moment, from_on=cadre.joined_on, entry="machine")
    for branch, members in office.branches().items():
        for place, cadre in enumerate(members):
            yield _party_role(cadre, branch, _ROLES[min(place, len(_ROLES) - 1)], start + timedelta(minutes=40))


def month(office: Office, number: int) -> Iterator[Draft]:
    """The changes that take effect on the first of the month; ``office`` is changed with them."""
    day = date(office.year, number, 1)
    if number == _PROMOTION:
        yield from _promote(office, day)
    if number == _CONFIRMATION:
        yield from _confirm(office, day)
    if number in _TRANSFER_MONTHS:
        yield from _transfers(office, day)
    if number == _RETIREMENT:
        yield from _retire(office, day)


def _draft(ident: str, model: type[ActionData], moment: datetime, data: dict[str, Any], entry: Entry) -> Draft:
    return Draft(SOURCE, ident, model.TYPE, moment, "oa-personnel", data, entry, moment, settled=True)


def _define(section: Section, moment: datetime) -> Draft:
    data = {"section": section.id, "name": section.name, "work_lines": list(section.lines)}
    return _draft(f"define-{section.id}", contract.DefineSection, moment, data, "machine")


def _register(cadre: Cadre, year: int, moment: datetime) -> Draft:
    data: dict[str, Any] = {
        "person": cadre.id,
        "name": cadre.name,
        "branch": cadre.branch,
        "joined_on": cadre.joined_on.isoformat(),
        "birth_year": cadre.birth_year,
        "establishment": cadre.establishment,
    }
    if (ends := cadre.joined_on + _PROBATION) > date(year, 1, 1):
        data["probation_until"] = ends.isoformat()
    return _draft(f"register-{cadre.id}", contract.RegisterPerson, moment, data, "machine")


def _assume(cadre: Cadre, post: str, section: Section, moment: datetime, *, from_on: date, entry: Entry) -> Draft:
    concurrent = section is not cadre.section
    data = {
        "person": cadre.id,
        "post": post,
        "tier": "section-head" if concurrent else cadre.tier,
        "section": section.id,
        "concurrent": concurrent,
        "acting": cadre.acting and not concurrent,
        "from_on": from_on.isoformat(),
    }
    return _draft(f"assume-{post}", contract.AssumePost, moment, data, entry)


def _party_role(cadre: Cadre, branch: str, role: str, moment: datetime) -> Draft:
    data = {"person": cadre.id, "branch": branch, "role": role, "from_on": cadre.joined_on.isoformat()}
    return _draft(f"party-role-{cadre.id}", contract.SetPartyRole, moment, data, "machine")


def _end(cadre: Cadre, post: str, day: date, moment: datetime) -> Draft:
    data = {"person": cadre.id, "post": post, "on": day.isoformat()}
    return _draft(f"end-{post}", contract.EndPost, moment, data, "hand")


def _renew(cadre: Cadre, post: str, day: date) -> Iterator[Draft]:
    """Leave the main post for another one in the same section."""
    yield _end(cadre, cadre.post, day, at(day, 8, 30))
    cadre.post = post
    yield _assume(cadre, post, cadre.section, at(day, 8, 40), from_on=day, entry="hand")


def _promote(office: Office, day: date) -> Iterator[Draft]:
    """The deputy hands the section over to one of its staff, who heads it without the title."""
    for deputy in office.leaders:
        section, deputy_post = deputy.concurrent, f"{deputy.id}-b"
        staff = office.members(section) if section else []
        if not staff:
            continue
        yield _end(deputy, deputy_post, day, at(day, 8, 30))
        deputy.concurrent = None
        heir = office.rng.choice([cadre for cadre in staff if cadre not in office.roles] or staff)
        heir.tier, heir.acting = "section-head", True
        yield from _renew(heir, f"{heir.id}-c", day)


def _confirm(office: Office, day: date) -> Iterator[Draft]:
    """The acting head of the second section gets the title."""
    head = office.head(office.sections[2])
    if head.acting:
        head.acting = False
        yield from _renew(head, f"{head.id}-d", day)


def _retire(office: Office, day: date) -> Iterator[Draft]:
    """The oldest of the staff leaves when the year is over."""
    staff = [cadre for cadre in office.cadres if cadre.tier == "staff"]
    for cadre in sorted(staff, key=lambda each: (each.birth_year, each.id))[:1]:
        data = {"person": cadre.id, "on": f"{office.year + 1}-01-01", "reason": "retired"}
        yield _draft(f"leaving-{cadre.id}", contract.RecordLeaving, at(day, 9, 0), data, "hand")


def _transfers(office: Office, day: date) -> Iterator[Draft]:
    staff = [c for c in office.present if c.tier == "staff" and len(office.members(c.section)) > 1]
    count = sum(office.rng.random() < _TRANSFERS_A_MONTH for _ in staff)
    # At least one a year, however small the office.
    count = max(count, min(len(staff), day.month == _TRANSFER_MONTHS[2]))
    for place, cadre in enumerate(office.rng.sample(staff, count)):
        others = [section for section in office.sections[1:] if section is not cadre.section]
        moved = _transfer(office, cadre, office.rng.choice(others), day)
        late = place == 0 and day.month == _TRANSFER_MONTHS[2]  # one comes when much of the month is recorded already
        yield replace(moved, handed_in=moved.handed_in + _BACKDATED) if late else moved


def _transfer(office: Office, cadre: Cadre, section: Section, day: date) -> Draft:
    cadre.section = section
    moment = at(day, 9, office.rng.randrange(60))
    data = {"person": cadre.id, "to_section": section.id, "on": day.isoformat()}
    return _draft(f"transfer-{cadre.id}-{day:%m}", contract.TransferPerson, moment, data, "hand")
