"""``duty_calendar``: duty reports by person and half-year."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """One a report: due on the half-year's last day."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for fact in known.standing("work.duty-report-delivered"):
        half = fact.data["half"]
        due = date(int(half[:4]), *((6, 30) if half.endswith("H1") else (12, 31)))
        key = ("duty-report", fact.data["person"], half)
        found[key] = {"due_on": due.isoformat(), "done_on": fact.day.isoformat(), "late": fact.day > due}
    return found
