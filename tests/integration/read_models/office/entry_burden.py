"""``entry_burden``: what was typed for what stands."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By source and ISO week; of an action its first event says it, revocations apart."""
    counted: dict[tuple[Any, ...], Counter[str]] = {}
    for fact in known.facts:
        event = fact.event
        if fact.revoked_at is None and fact.judged is None and "typed" in event and fact.name != "any.entry-revoked":
            row = counted.setdefault((event["causationsource"], fact.at.strftime("%G-W%V")), Counter())
            row["by_hand" if event["entry"] == "hand" else "by_machine"] += 1
            row["fields"] += event["typed"] if event["entry"] == "hand" else 0
    return {key: {name: row[name] for name in ("by_hand", "by_machine", "fields")} for key, row in counted.items()}
