"""``training_ledger``: what was studied, in years of posts and in years of study, and what the packs ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.integration.read_models import met
from tests.integration.read_models.appraisal import appraisal_summary
from tests.integration.read_models.known import Fact, Known

_SHANGHAI = timezone(timedelta(hours=8))
_ACCOUNTS = ("study", "recognised", "online", "five-years")
_FIVE = {"四级调研员", "三级调研员", "二级调研员", "一级调研员", "二级巡视员", "一级巡视员"}


def keys(known: Known) -> Iterator[tuple[Any, ...]]:
    """Years of posts with all accounts, and those of which there are facts, up to the newest of the record."""
    found = {(person, year, account) for person, year in appraisal_summary.keys(known) for account in _ACCOUNTS}
    if known.events:
        newest = max(_year(event["recordedtime"]) for event in known.events)
        found |= {key for key in _studied(known) if key[1] <= newest}
    yield from found


def row(known: Known, key: tuple[Any, ...]) -> dict[str, Any]:
    """Hours and days, and whether they are what is asked for."""
    studied = _studied(known).get(key, [])
    xueshi, days = sum(one["centi_xueshi"] for one in studied), sum(one.get("days", 0) for one in studied)
    owed, owed_days = _owed(known, *key)
    enough = None if owed is None else xueshi >= owed or (owed_days is not None and days >= owed_days)
    required = {"required_centi_xueshi": owed, "required_days": owed_days}
    return {"centi_xueshi": xueshi, "days": days, **required, "met": enough}


def _studied(known: Known) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for fact in known.standing("learning.hours-credited", "learning.course-completed"):
        year, account = _entered(known, fact)
        found[fact.data["person"], year, account].append(fact.data)
        if account == "recognised":
            for later in range(5):
                found[fact.data["person"], year + later, "five-years"].append(fact.data)
    return found


def _entered(known: Known, fact: Fact) -> tuple[int, str]:
    if fact.name == "learning.hours-credited":
        return met.sessions(known)[fact.data["session"]].at.year, fact.data["account"]
    return int(fact.data["to_on"][:4]), "online" if fact.data["kind"] == "online" else "recognised"


def _owed(known: Known, person: str, year: int, account: str) -> tuple[int | None, int | None]:
    """By any pack that there is, the same; they differ in nothing that histories have."""
    ranks = [
        fact
        for fact in known.standing("people.rank-set")
        if fact.data["person"] == person and fact.data["from_on"] <= f"{year}-12-31"
    ]
    rank = max(ranks, key=lambda fact: (fact.data["from_on"], fact.event["sequence"]), default=None)
    waived = any(
        (fact.data["person"], fact.data["year"]) == (person, year)
        for fact in known.standing("learning.requirement-waived")
    )
    bound = rank is not None and rank.data["rank"] in _FIVE
    if account == "five-years":
        return (0, None) if bound and waived else (550_00, 90) if bound else (None, None)
    if account == "online":
        return (0 if waived else 50_00), None
    if account == "recognised" and not bound:
        return (0, None) if waived else (90_00, 12)
    return None, None


def _year(instant: str) -> int:
    return datetime.fromisoformat(instant).astimezone(_SHANGHAI).year
