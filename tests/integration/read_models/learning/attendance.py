"""``attendance``: everybody expected at a session or said to have been there, or to have made it up."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Known
from tests.integration.read_models.met import Met, sessions


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What is said of each person at each session."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    met = sessions(known)
    for session in met.values():
        for person in session.expected:
            _row(found, session, person)["expected"] = True
    for fact in known.standing("learning.attendance-recorded", "learning.make-up-completed"):
        if fact.data["session"] not in met:
            continue
        row = _row(found, met[fact.data["session"]], fact.data["person"])
        if fact.name == "learning.make-up-completed":
            row["made_up"] = True
        else:
            # Histories may say two things of one person, which the recorder refuses: the larger is shown.
            row["state"] = max(row["state"] or "", fact.data["state"])
            row["minutes"] = max(row["minutes"] or 0, fact.data["minutes"])
    return found


def _row(found: dict[tuple[Any, ...], dict[str, Any]], session: Met, person: str) -> dict[str, Any]:
    empty = {"expected": False, "state": None, "minutes": None, "made_up": False}
    row = found.setdefault((session.data["session"], person), empty)
    row |= {"carriers": session.data["carriers"], "kinds": session.data["kinds"], "starts_at": session.starts_at}
    return row
