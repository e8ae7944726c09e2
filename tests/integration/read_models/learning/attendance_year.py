"""``attendance_year``: expected once a session, however many carriers meet; leave stays leave."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.integration.read_models.known import Known
from tests.integration.read_models.met import sessions

_COUNTED = {"present": "attended", "partial": "attended", "leave": "on_leave", "absent": "absent"}


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """How often each of it happened, by person and the year in which sessions begin."""
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    met = sessions(known)
    for session in met.values():
        for person in session.expected:
            found[person, session.at.year]["expected"] += 1
    for fact in known.standing("learning.attendance-recorded", "learning.make-up-completed"):
        if fact.data["session"] in met:
            what = _COUNTED.get(str(fact.data.get("state")), "made_up")
            found[fact.data["person"], met[fact.data["session"]].at.year][what] += 1
    figures = ("expected", "attended", "on_leave", "absent", "made_up")
    return {key: {name: counted[name] for name in figures} for key, counted in found.items()}
