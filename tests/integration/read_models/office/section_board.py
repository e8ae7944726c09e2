"""``section_board``: what each section did in a month, beside the median of all."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import Any

from tests.integration.read_models import met
from tests.integration.read_models.known import Known

_FIGURES = ("sessions", "attended", "outputs_in_effect", "decisions", "exchanges")
_FEWEST = 5


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By section and month."""
    counted: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    sessions: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in known.standing("learning.attendance-recorded"):
        section = fact.stamps[0].get("section")
        if section and fact.data["state"] in {"present", "partial"}:
            key = section, met.sessions(known)[fact.data["session"]].at.strftime("%Y-%m")
            counted[key]["attended"] += 1
            sessions[key].add(fact.data["session"])
    for fact in known.standing("work.output-filed", "work.research-adopted"):
        figure = "decisions" if fact.name == "work.research-adopted" else "outputs_in_effect"
        for section in {str(stamp["section"]) for stamp in fact.stamps if stamp.get("section")}:
            if fact.effect != "pending":
                counted[section, fact.month][figure] += fact.data.get("count", 1)
    for fact in known.standing("work.section-exchange-held"):
        for section in fact.data["sections"]:
            counted[section, fact.data["month"]]["exchanges"] += 1
    found: dict[tuple[Any, ...], dict[str, Any]] = {
        key: {name: len(sessions[key]) if name == "sessions" else count[name] for name in _FIGURES}
        for key, count in counted.items()
    }
    for key, row in found.items():
        others = [other for (_, month), other in found.items() if month == key[1]]
        medians = {name: median(other[name] for other in others) for name in _FIGURES}
        row["section_name"] = known.called(key[0])
        row["office_median"] = medians if len(others) >= _FEWEST else None
    return found
