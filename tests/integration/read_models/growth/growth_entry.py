"""``growth_entry``: what stands in a file, and what was taken back."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Fact, Known

_TITLED = {
    "team.knowledge-shared": "topic",
    "team.paired-up": "for",
    "team.star-named": "period",
    "selection.honour-awarded": "honour",
}


def _title(fact: Fact) -> str | None:
    """What it is called: the session's title, the goal's, or its own."""
    if fact.name == "learning.speech-delivered":
        return str(fact.data["topic"])
    about = fact.data.get("session_stamp") or fact.data.get("goal_stamp") or fact.data
    title: str | None = about.get(_TITLED.get(fact.name, "title"))
    return title


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Each entry by person and event."""
    found = {}
    for fact, group, told in known.filed():
        for stamp in fact.stamps:
            found[stamp["person"], fact.event["id"]] = {
                "event": fact.event["type"],
                "entry_group": group,
                "title": _title(told),
                "guide": told.data.get("guide"),
                "occurred_at": fact.event["time"],
                "recorded_at": fact.event["recordedtime"],
                "revoked_at": fact.revoked_at,
                "state": fact.judged or ("verified" if told is fact else "proposed"),
                "section": stamp.get("section"),
                "section_name": known.called(stamp.get("section")),
                "tier": stamp.get("tier"),
                "centi_xueshi": told.data.get("centi_xueshi"),
                "shard": fact.event["shard"],
                "position": int(fact.event["sequence"]),
            }
    return found
