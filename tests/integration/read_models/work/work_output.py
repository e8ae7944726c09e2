"""``work_output``: outputs of the lead and each participant."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Outputs by person, line, effect as settled last, and month; of classified ones as many as were counted."""
    outputs: Counter[tuple[Any, ...]] = Counter()
    for fact in known.standing("work.output-filed"):
        for stamp in fact.stamps:
            outputs[stamp["person"], fact.data["line"], str(fact.effect), fact.month] += fact.data.get("count", 1)
    return {key: {"outputs": count} for key, count in outputs.items()}
