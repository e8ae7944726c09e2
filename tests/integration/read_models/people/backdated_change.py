"""``backdated_change``: what was recorded before a change of post, and is of its day or later."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Known

_CHANGES = ("people.post-assumed", "people.post-ended", "people.person-transferred", "people.person-left")


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By the change and the fact."""
    found = {}
    facts = [fact for fact in known.facts if fact.revoked_at is None and fact.judged is None]
    for change in known.standing(*_CHANGES):
        if change.data.get("concurrent"):
            continue
        person = change.stamps[0]["person"]
        day = change.data.get("from_on") or change.data["on"]
        for fact in facts:
            before = fact.event["sequence"] < change.event["sequence"] and fact.day.isoformat() >= day
            for stamp in fact.data.get("stamps", ()) if before and not fact.name.startswith("people.") else ():
                if stamp["person"] == person:
                    found[change.event["id"], fact.event["id"]] = {
                        "person": person,
                        "event": change.event["type"],
                        "from_on": day,
                        "recorded_at": change.event["recordedtime"],
                        "touched_event": fact.event["type"],
                        "occurred_at": fact.event["time"],
                        "section": stamp.get("section"),
                        "tier": stamp.get("tier"),
                    }
    return found
