"""``audit_exceptions``: what came late without saying why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """More than thirty days after it happened; not what was put in the place of something."""
    found = {}
    for fact in known.facts:
        event, data = fact.event, fact.data
        late = datetime.fromisoformat(event["recordedtime"]) - fact.at > timedelta(days=30)
        if late and fact.judged is None and not {"late_reason", "corrects", "proposal"} & data.keys():
            persons = [stamp["person"] for stamp in data.get("stamps", ())] or [data.get("person")]
            found[event["id"], "late-entry"] = {
                "person": persons[0],
                "event": event["type"],
                "occurred_at": event["time"],
                "recorded_at": event["recordedtime"],
                "revoked_at": fact.revoked_at,
                "archived_on": None,
            }
    return found
