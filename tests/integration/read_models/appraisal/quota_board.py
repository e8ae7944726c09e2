"""``quota_board``: who counts in a pool, how many of them may be excellent, how many are."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.appraisal import appraisal_summary
from tests.integration.read_models.known import Known

# By the packs, which say the same: a share in percent, rounded down.
_SHARE = 20


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By cycle and pool, of those that anybody is in."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for person, year in set(appraisal_summary.keys(known)):
        told = appraisal_summary.row(known, (person, year))
        key = told["cycle"], told["pool"]
        if told["cycle"] is None or told["pool"] not in {"civil-service", "institution"}:
            continue
        row = found.setdefault(key, {"year": year, "appraised": 0, "used": 0})
        here = _here(known, person, told["cycle"])
        absent = told["grade"] == "not-appraised" or (told["grade"] is not None and not here)
        row["appraised"] += not absent and not _on_probation(known, person, year)
        row["used"] += told["grade"] == "excellent" and here
    for (cycle, pool), row in found.items():
        approved = [
            fact.data["rate_percent"]
            for fact in known.standing("appraisal.seats-approved")
            if (fact.data["cycle"], fact.data["pool"]) == (cycle, pool)
        ]
        lists = [
            fact.data["ends_on"]
            for fact in known.standing("appraisal.excellent-list-posted")
            if fact.data["cycle"] == cycle and pool in fact.data.get("pools", ())
        ]
        row["rate_percent"] = approved[-1] if approved else _SHARE
        row["seats"] = row["appraised"] * row["rate_percent"] // 100
        row["posting_ends_on"] = max(lists, default=None)
    return found


def _on_probation(known: Known, person: str, year: int) -> bool:
    registered = [f.data for f in known.standing("people.person-registered") if f.data["person"] == person]
    return bool(registered) and registered[-1].get("probation_until", "") >= f"{year}-12-31"


def _here(known: Known, person: str, cycle: str) -> bool:
    """What the verdict says."""
    own = [
        fact
        for fact in known.standing(
            "appraisal.grade-decided",
            "appraisal.grade-supplemented",
            "appraisal.review-decided",
            "appraisal.appeal-decided",
        )
        if (fact.data["person"], fact.data["cycle"]) == (person, cycle) and fact.data.get("grade")
    ]
    changes = [fact for fact in own if fact.name != "appraisal.grade-decided"]
    return bool((changes or own)[-1].data.get("here", True)) if own else True
