"""The year has a plan, the month an arrangement, the week an activity (年有计划、月有安排、周有活动)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample.days import at, starts
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.learning import planning as contract
from schemas.learning.sessions import Carrier, Kind

SOURCE: Final = "/study-platform"
_TARGETS: Final[dict[Kind, int]] = {
    "lecture": 10, "report-meeting": 6, "exchange": 11, "discussion": 14, "speech-contest": 2, "quiz": 5,
}  # fmt: skip
_REVISED: Final = 7  # the month in which a plan changes
_TEN_DAYS: Final = ("early", "middle", "late")


def item_of(year: int, month: int, code: str, week: int) -> str:
    """The id of what a carrier plans for the nth activity of a month."""
    return f"item-{year}-{month:02d}-{code}-{week}"


def adopted(office: Office, code: str, carrier: Carrier, group: str | None, actor: str) -> Iterator[Draft]:
    """A carrier's plan for the year, on one of its first days."""
    moment = at(date(office.year, 1, 1), 10, 0)
    data: dict[str, Any] = {
        "plan": _plan(office, code),
        "year": office.year,
        "carrier": carrier,
        "targets": _targets(_TARGETS),
        "filed_on": date(office.year, 1, 15).isoformat(),
    } | ({"group": group} if group else {})
    yield _draft(f"plan-{code}", contract.AdoptPlan.TYPE, moment, actor, data)


def arranged(  # noqa: PLR0917  # what it is told from
    office: Office, month: int, code: str, carrier: Carrier, titles: Sequence[tuple[Kind, str]], lead: str
) -> Iterator[Draft]:
    """A month's arrangement some days before it begins; in July the plan is revised before."""
    first = at(date(office.year, month, 1), 8, 45)
    moment = max(at(date(office.year, 1, 1), 10, 30), first - timedelta(days=7))
    if month == _REVISED:
        data = {"plan": _plan(office, code), "targets": _targets(_TARGETS | {"exchange": 13}), "reason": "增加交流"}
        yield _draft(f"plan-{code}-revised", contract.RevisePlan.TYPE, moment - timedelta(hours=1), lead, data)
    items = [
        {
            "item": item_of(office.year, month, code, week),
            # The central group plans by ten days (旬), all others by weeks.
            **({"ten_days": _TEN_DAYS[min(2, (start.day - 1) // 10)]} if carrier == "central-group" else
               {"iso_week": start.strftime("%G-W%V")}),
            "kinds": [kind],
            "title": title,
            "lead": lead,
        }
        for week, ((kind, title), start) in enumerate(
            zip(titles, starts(carrier, office.year, month), strict=False), 1
        )
    ]  # fmt: skip
    if items:
        data = {"plan": _plan(office, code), "month": f"{office.year}-{month:02d}", "items": items}
        yield _draft(f"month-{office.year}-{month:02d}-{code}", contract.ArrangeMonth.TYPE, moment, lead, data)


def members(office: Office) -> Iterator[Draft]:
    """Who belongs to the central group and to the youth group from the year's first day on."""
    moment = at(date(office.year, 1, 1), 9, 30)
    groups: tuple[tuple[Carrier, list[str]], ...] = (
        ("central-group", [cadre.id for cadre in office.leaders]),
        ("youth-group", [cadre.id for cadre in office.youths]),
    )
    for carrier, persons in groups:
        for person in persons:
            data = {"person": person, "carrier": carrier, "on": date(office.year, 1, 1).isoformat()}
            yield _draft(f"join-{carrier}-{person}", contract.JoinCarrier.TYPE, moment, person, data)


def leaves(office: Office) -> Iterator[Draft]:
    """The oldest of the youth group leaves it at the end of the year."""
    if office.youths:
        eldest = min(office.youths, key=lambda cadre: cadre.birth_year)
        day = date(office.year, 12, 28)
        data = {"person": eldest.id, "carrier": "youth-group", "on": day.isoformat()}
        yield _draft(f"leave-youth-{eldest.id}", contract.LeaveCarrier.TYPE, at(day, 17), eldest.id, data)


def _plan(office: Office, code: str) -> str:
    return f"plan-{office.year}-{code}"


def _targets(wanted: dict[Kind, int]) -> list[dict[str, Any]]:
    return [{"kind": kind, "sessions": sessions} for kind, sessions in wanted.items()]


def _draft(ident: str, type_: str, moment: datetime, actor: str, data: dict[str, Any]) -> Draft:
    return Draft(SOURCE, ident, type_, moment, actor, data, "hand", moment, settled=True)
