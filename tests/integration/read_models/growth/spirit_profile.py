"""``spirit_profile``: what conduct was recognised for."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By person or section, and year."""
    guides, goods = defaultdict[Any, Counter[str]](Counter), defaultdict[Any, Counter[str]](Counter)
    for fact in known.standing("spirit.conduct-recognised"):
        key = fact.data.get("person", fact.data.get("section")), fact.at.year
        guides[key][fact.data["guide"]] += 1
        goods[key].update([fact.data["good"]] if "good" in fact.data else [])
    return {key: {"by_guide": dict(guides[key]), "by_good": dict(goods[key])} for key in guides}
