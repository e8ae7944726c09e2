"""``welfare_ledger``: the visits, needs and gatherings that stand."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.read_models.known import Known

Row = dict[str, Any]


def rows(known: Known) -> dict[tuple[Any, ...], Row]:
    """Each by its id; of several of one id the latest."""
    found = {("visit", fact.data["visit"]): _visit(fact) for fact in known.standing("welfare.home-visit-made")}
    found |= {
        ("gathering", fact.data["gathering"]): _gathering(fact) for fact in known.standing("welfare.gathering-held")
    }
    raised = {fact.data["need"]: fact for fact in known.standing("welfare.need-raised")}
    met: dict[str, str] = {}
    for fact in known.standing("welfare.need-met"):
        met[fact.data["need"]] = min(fact.data["on"], met.get(fact.data["need"], "9999"))
    return found | {("need", ident): _need(raised.get(ident), met.get(ident)) for ident in {*raised, *met}}


def _visit(fact: Any) -> Row:  # noqa: ANN401  # a fact
    told = {name: fact.data[name] for name in ("person", "class", "fund", "fen", "event_on")}
    days = (fact.day - date.fromisoformat(fact.data["event_on"])).days
    return told | {"on_day": fact.day.isoformat(), "days": days, "title": None, "guests": None}


def _gathering(fact: Any) -> Row:  # noqa: ANN401  # a fact
    told = dict.fromkeys(("person", "class", "fund", "fen", "event_on", "days"))
    guests = len(fact.data["persons"]) + fact.data["relatives"]
    return told | {"on_day": fact.data["on"], "title": fact.data["title"], "guests": guests}


def _need(raised: Any, met: str | None) -> Row:  # noqa: ANN401  # a fact
    told: Row = dict.fromkeys(("class", "fund", "fen", "title", "guests"))
    since = raised and raised.day
    days = (date.fromisoformat(met) - since).days if met and since else None
    told |= {"person": raised and raised.data["person"], "event_on": since and since.isoformat()}
    return told | {"on_day": met, "days": days}
