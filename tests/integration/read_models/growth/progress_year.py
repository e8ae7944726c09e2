"""``progress_year``: goals and effects of persons and sections, beside the year before."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.integration.read_models.known import Known

_FIGURES = ("goals", "goals_met", "outputs_in_effect")


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By subject and year; the median is shown to the person alone, and this reader is none."""
    counted: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for fact in known.standing("people.goal-set"):
        key = fact.data.get("person") or fact.data.get("section"), fact.data["year"]
        if key[0] is None:
            continue
        counted[key]["goals"] += 1
        counted[key]["goals_met"] += fact.data.get("reported", {}).get("state") == "met"
    for fact in known.standing("work.output-filed"):
        if fact.effect != "pending":
            for subject in {stamp.get(name) for stamp in fact.stamps for name in ("person", "section")} - {None}:
                counted[subject, fact.at.year]["outputs_in_effect"] += fact.data.get("count", 1)
    found = {key: {name: count[name] for name in _FIGURES} for key, count in counted.items()}
    return {
        (subject, year): row
        | {"last_year": found.get((subject, year - 1)), "tier_median": None}
        | {"section": _section(subject), "section_name": known.called(_section(subject))}
        for (subject, year), row in found.items()
    }


def _section(subject: str) -> str | None:
    """Itself, where it is none of the persons, p-1 and on."""
    return None if subject.startswith("p-") else subject
