"""``session_roll``: a read model for tests, of the kind that sums up by itself."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Fact, Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Who came, by session."""
    came: dict[str, list[Fact]] = {}
    for fact in known.standing("learning.attendance-recorded"):
        if fact.data["state"] in {"present", "partial"}:
            came.setdefault(fact.data["session"], []).append(fact)
    return {
        (session,): {
            "came": len({fact.data["person"] for fact in facts}),
            "title": facts[-1].data["session_stamp"]["title"],
            "first_at": min(facts, key=lambda fact: fact.at).event["time"],
        }
        for session, facts in came.items()
    }
