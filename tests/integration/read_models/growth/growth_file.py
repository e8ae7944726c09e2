"""``growth_file``: a person's year in figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.integration.read_models.known import Known

_COUNTED = ("by_group", "by_guide", "by_session_kind", "by_carrier", "outputs_by_effect")


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Entries that stand, counted by person and Shanghai year."""
    found: defaultdict[tuple[Any, ...], dict[str, Any]] = defaultdict(lambda: {name: Counter() for name in _COUNTED})
    for fact, group in sorted(known.entries(), key=lambda each: each[0].at):
        for stamp in fact.stamps if fact.revoked_at is None else ():
            row, session = found[stamp["person"], fact.at.year], fact.data.get("session_stamp", {})
            values = ([group], [fact.data.get("guide")], session.get("kinds", ()), session.get("carriers", ()))
            for name, each in zip(_COUNTED, (*values, [fact.effect]), strict=True):
                row[name].update(value for value in each if value)
            row["last_entry_at"] = fact.event["time"]
    return dict(found)
