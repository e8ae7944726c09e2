"""``leadership``: what those did who were leaders then, by the month of the session or of the fact."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.integration.read_models.known import Fact, Known
from tests.integration.read_models.met import sessions

_FIGURES = {
    "learning.attendance-recorded": "attended", "learning.session-convened": "chaired", "talk.talk-held": "talks",
    "work.research-adopted": "decisions",
}  # fmt: skip


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Sessions attended and chaired, talks held, decisions."""
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    met = sessions(known)
    for fact in known.standing(*_FIGURES):
        if fact.data.get("state") in {"leave", "absent"}:
            continue
        session = met.get(fact.data.get("session", ""))
        if fact.name == "learning.session-convened" and not _takes_place(known, fact):
            continue
        month = session.at.strftime("%Y-%m") if session else fact.month
        for person in {stamp["person"] for stamp in fact.stamps if stamp.get("tier") == "leadership"}:
            found[person, month][_FIGURES[fact.name]] += 1
    return {key: {name: counted[name] for name in _FIGURES.values()} for key, counted in found.items()}


def _takes_place(known: Known, convened: Fact) -> bool:
    session = sessions(known)[convened.data["session"]]
    return session.event_id == convened.event["id"] and not session.cancelled
