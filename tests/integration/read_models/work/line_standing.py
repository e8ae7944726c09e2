"""``line_standing``: standings, and the decisions that rest on the line's work."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Known

_PARTS = {"H1": range(1, 7), "H2": range(7, 13), **{f"Q{n}": range(3 * n - 2, 3 * n + 1) for n in range(1, 5)}}


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By line, period and scope; of several of one key the least place."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for fact in known.standing("work.standing-recorded"):
        line, period = fact.data["line"], fact.data["period"]
        made = [
            d for d in known.standing("work.research-adopted") if line in d.data.get("lines", ()) and _in(d.at, period)
        ]
        row = found.setdefault((line, period, fact.data["scope"]), {"place": None, "of": None, "decisions": 0})
        for name in ("place", "of"):
            row[name] = min((n for n in (row[name], fact.data.get(name)) if n is not None), default=None)
        row["decisions"] = len(made)
    return found


def _in(at: Any, period: str) -> bool:  # noqa: ANN401  # an instant
    rest = period[4:]
    months = _PARTS.get(rest) or ([int(rest[1:])] if rest else range(1, 13))
    return bool(at.year == int(period[:4]) and at.month in months)
