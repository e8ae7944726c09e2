"""``who_knows``: strengths stated, knowledge shared and learned, mentors and learners."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.integration.read_models.known import Known

_FIGURES = ("stated", "shared", "learned", "taught", "apprenticed")


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By topic and person."""
    found: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for fact in known.standing("people.strength-stated"):
        found[fact.data["strength"], fact.data["person"]]["stated"] += 1
    for fact in known.standing("team.knowledge-shared"):
        found[fact.data["topic"], fact.data["person"]]["shared"] += 1
        for person in fact.data.get("reached", ()):
            found[fact.data["topic"], person]["learned"] += 1
    for fact in known.standing("team.paired-up"):
        found[fact.data["for"], fact.data["mentor"]]["taught"] += 1
        found[fact.data["for"], fact.data["learner"]]["apprenticed"] += 1
    return {key: {name: count[name] for name in _FIGURES} for key, count in found.items()}
