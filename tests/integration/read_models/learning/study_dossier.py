"""``study_dossier``: of each carrier's session what there is, and what isn't."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Fact, Known
from tests.integration.read_models.met import Met, sessions

_NAMES = ("attendance-recorded", "make-up-completed", "minutes-recorded", "speech-delivered", "reflection-submitted",
          "session-observed")  # fmt: skip


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By session and carrier."""
    facts = list(known.standing(*(f"learning.{name}" for name in _NAMES)))
    return {
        (ident, carrier): _row([fact for fact in facts if fact.data["session"] == ident], session, carrier)
        for ident, session in sessions(known).items()
        for carrier in session.data["carriers"]
        if not session.cancelled
    }


def _row(facts: list[Fact], session: Met, carrier: str) -> dict[str, Any]:
    by = {name: [fact for fact in facts if fact.name == f"learning.{name}"] for name in _NAMES}
    away = {fact.data["person"] for fact in by["attendance-recorded"] if fact.data["state"] in {"leave", "absent"}}
    made_up = {fact.data["person"] for fact in by["make-up-completed"]}
    row: dict[str, Any] = {
        "title": session.data["title"],
        "starts_at": session.starts_at,
        "planned": bool(session.data["items"]),
        "roll": bool(by["attendance-recorded"]),
        "minutes_recorded": bool(by["minutes-recorded"]),
        "speeches": len(by["speech-delivered"]),
        "reflections": len(by["reflection-submitted"]),
        "observed": bool(by["session-observed"]),
        "make_up_open": max(len(away) - len(made_up), 0),
    }
    central = carrier == "central-group"
    lacking = {
        "plan": not row["planned"] and session.data["occasion"] != "conveyed",
        "roll": not row["roll"], "minutes": not row["minutes_recorded"],
        "speeches": central and not row["speeches"], "reflections": central and not row["reflections"],
        "make-up": row["make_up_open"] > 0,
    }  # fmt: skip
    return row | {"missing": [name for name, lacks in lacking.items() if lacks]}
