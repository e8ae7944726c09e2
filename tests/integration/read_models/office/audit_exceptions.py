"""``audit_exceptions``: what came late without saying why, what reopened archived appraisals, visits above the cap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.integration.read_models.known import Fact, Known

_MOST_FEN = {
    ("guangdong-2026", "event"): 300_000
}  # the highest cap, by the pack that histories follow; the nation has none


def keys(known: Known) -> Iterator[tuple[Any, ...]]:
    """Each event with what is exceptional about it."""
    for fact in known.facts:
        late = datetime.fromisoformat(fact.event["recordedtime"]) - fact.at > timedelta(days=30)
        if late and fact.judged is None and not {"late_reason", "corrects", "proposal"} & fact.data.keys():
            yield fact.event["id"], "late-entry"
        if fact.judged is None and _reopened(known, fact):
            yield fact.event["id"], "after-archiving"
        if fact.name == "welfare.home-visit-made" and fact.revoked_at is None and fact.data["fund"] == "union":
            followed = [
                f.data for f in known.standing("any.pack-followed") if f.data["from_on"] <= fact.data["event_on"]
            ]
            pack = max(reversed(followed), key=lambda each: str(each["from_on"]))["pack"] if followed else None
            most = _MOST_FEN.get((str(pack), fact.data["class"]), fact.data["fen"])
            if fact.judged is None and fact.data["fen"] > most and pack != fact.data.get("rule_pack"):
                yield fact.event["id"], "over-cap"


def row(known: Known, key: tuple[Any, ...]) -> dict[str, Any]:
    """Whose it is, and when it came."""
    (fact,) = [fact for fact in known.facts if fact.event["id"] == key[0]]
    archived = _reopened(known, fact) if key[1] == "after-archiving" else []
    persons = [stamp["person"] for stamp in fact.data.get("stamps", ())] or [fact.data.get("person")]
    return {
        "person": min((each.data["person"] for each in archived), default=persons[0]),
        "event": fact.event["type"],
        "occurred_at": fact.event["time"],
        "recorded_at": fact.event["recordedtime"],
        "revoked_at": fact.revoked_at,
        "archived_on": min((each.day.isoformat() for each in archived), default=None),
    }


def _reopened(known: Known, fact: Fact) -> list[Fact]:
    """The archived appraisals that it reopened."""
    names = fact.data.get("reopens", ())
    return [each for each in known.facts if each.event["id"] in names and each.name == "appraisal.file-archived"]
