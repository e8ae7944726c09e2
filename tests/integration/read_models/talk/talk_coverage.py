"""``talk_coverage``: one-to-one talks by pair and month."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Held, by the two people in order, pair and month."""
    held: Counter[tuple[Any, ...]] = Counter()
    for fact in known.standing("talk.talk-held"):
        if fact.data["mode"] == "one-to-one":
            held[*sorted(stamp["person"] for stamp in fact.stamps), fact.data["pair"], fact.month] += 1
    return {key: {"held": count} for key, count in held.items()}
