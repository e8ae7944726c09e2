"""``welfare_ledger``: the home visits that stand."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Each visit by its id; of several of one id the latest."""
    return {
        ("visit", fact.data["visit"]): {
            **{name: fact.data[name] for name in ("person", "class", "fund", "fen", "event_on")},
            "on_day": fact.day.isoformat(),
            "days": (fact.day - date.fromisoformat(fact.data["event_on"])).days,
        }
        for fact in known.standing("welfare.home-visit-made")
    }
