"""``plan_fulfilment``: what was planned, and which sessions fulfilled it, period by period."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.integration.read_models.known import Fact, Known
from tests.integration.read_models.met import sessions


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Of each plan its year, and each month and week that has an item."""
    found = {}
    adopted = {plan.data["plan"]: plan for plan in known.standing("learning.plan-adopted")}  # the one recorded last
    for plan in adopted.values():
        items = list(_items(known, plan.data["plan"]))
        periods = {str(plan.data["year"]): items}
        for item in items:
            for period in filter(None, (item["month"], item.get("iso_week"))):
                periods.setdefault(period, [])
                periods[period] = [each for each in items if period in {each["month"], each.get("iso_week")}]
        for period, planned in periods.items():
            row = _row(known, plan, planned)
            if period == str(plan.data["year"]) and (targets := _targets(known, plan)):
                row["planned"] = sum(target["sessions"] for target in targets)
            found[plan.data["plan"], period] = row
    return found


def _items(known: Known, plan: str) -> Iterator[dict[str, Any]]:
    for month in known.standing("learning.month-arranged"):
        if month.data["plan"] == plan:
            yield from (item | {"month": month.data["month"]} for item in month.data["items"])


def _targets(known: Known, plan: Fact) -> list[dict[str, Any]]:
    revised = [
        fact
        for fact in known.standing("learning.plan-revised")
        if fact.data["plan"] == plan.data["plan"] and fact.data.get("targets") is not None
    ]
    revised.sort(key=lambda fact: (fact.at, fact.event["sequence"]))
    targets: list[dict[str, Any]] = (revised[-1] if revised else plan).data["targets"]
    return targets


def _row(known: Known, plan: Fact, items: list[dict[str, Any]]) -> dict[str, Any]:
    row = {"carrier": plan.data["carrier"], "planned": len({item["item"] for item in items})}
    row |= dict.fromkeys(("held", "late", "cancelled", "expected", "attended"), 0)
    for ident, session in sessions(known).items():
        fulfilled = [item for item in items if item["item"] in session.data["items"]]
        if not fulfilled:
            continue
        came = {
            fact.data["person"]
            for fact in known.standing("learning.attendance-recorded")
            if fact.data["session"] == ident and fact.data["state"] in {"present", "partial"}
        }
        row["cancelled"] += session.cancelled
        if came:
            row["held"] += 1
            row["late"] += any((last := _last_day(item)) is not None and session.at.date() > last for item in fulfilled)
            row["expected"] += len(set(session.data["expected"]))
            row["attended"] += len(came & set(session.data["expected"]))
    return row


def _last_day(item: dict[str, Any]) -> date | None:
    if "iso_week" in item:
        first = date.fromisocalendar(int(item["iso_week"][:4]), 1, 1)
        return first + timedelta(weeks=int(item["iso_week"][6:]) - 1, days=6)
    if "ten_days" not in item:
        return None
    year, month = map(int, item["month"].split("-"))
    return date(year, month, {"early": 10, "middle": 20, "late": monthrange(year, month)[1]}[item["ten_days"]])
