"""``due_list``: what is due, of whom, and what was done of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.integration.read_models import duty_calendar
from tests.integration.read_models.known import Fact, Known

Key = tuple[Any, ...]
_WHAT = {"duty-report": "report", "section-exchange": "exchange"}


def keys(known: Known) -> Iterator[Key]:
    """Every duty."""
    for duty, subject, period in duty_calendar.keys(known):
        yield duty, f"{subject}/{period}"
    yield from (("talk", fact.data["duty"]) for fact in known.standing("talk.talk-required"))
    yield from (("follow-up", fact.data["follow_up"]) for fact in known.standing("talk.follow-up-promised"))
    for fact in known.standing("work.duty-report-delivered", "work.duty-report-assessed"):
        yield "assessment", _id(fact)


def row(known: Known, key: Key) -> dict[str, Any]:
    """Whose it is, by when it is due, when it was done."""
    duty, ident = key
    told = {"duty-report": _report, "section-exchange": _exchange, "talk": _talk, "follow-up": _follow_up,
            "assessment": _assessment}[duty](known, ident)  # fmt: skip
    section = min((each for each in told.pop("sections") if each), default=None)
    return {"what": _WHAT.get(duty, duty), **told, "section": section, "section_name": known.called(section)}


def _id(fact: Fact) -> str:
    return f"{fact.data['person']}/{fact.data['half']}"


def _report(known: Known, ident: str) -> dict[str, Any]:
    person, half = ident.split("/")
    row = duty_calendar.row(known, ("duty-report", person, half))
    posts = [
        post.data["section"]
        for post in known.standing("people.post-assumed")
        if (post.data["person"], post.data["tier"]) == (person, "section-head")
        and duty_calendar.heads(known, post, duty_calendar.last_day(half))
    ]
    reports = [
        fact.stamps[0].get("section") for fact in known.standing("work.duty-report-delivered") if _id(fact) == ident
    ]
    return {"owner": person, "sections": posts + reports, "due_on": row["due_on"], "done_on": row["done_on"]}


def _exchange(known: Known, ident: str) -> dict[str, Any]:
    section, month = ident.split("/")
    row = duty_calendar.row(known, ("section-exchange", section, month))
    return {"owner": None, "sections": [section], "due_on": row["due_on"], "done_on": row["done_on"]}


def _talk(known: Known, ident: str) -> dict[str, Any]:
    required = [fact for fact in known.standing("talk.talk-required") if fact.data["duty"] == ident]
    held = [
        talk.day.isoformat()
        for talk in known.standing("talk.talk-held")
        for fact in required
        if (talk.data.get("duty"), talk.data["mode"]) == (ident, "one-to-one")
        and {fact.data["person"], fact.data.get("with", fact.data["person"])} <= {s["person"] for s in talk.stamps}
    ]
    return {
        "owner": min(str(fact.data.get("with", fact.data["person"])) for fact in required),
        "sections": [fact.stamps[0].get("section") for fact in required],
        "due_on": min(fact.data["due_on"] for fact in required),
        "done_on": min(held, default=None),
    }


def _follow_up(known: Known, ident: str) -> dict[str, Any]:
    facts = [fact for fact in known.standing("talk.follow-up-promised") if fact.data["follow_up"] == ident]
    closed = [fact.data["closed"]["on"] for fact in facts if "closed" in fact.data]
    return {
        "owner": min(fact.data["owner"] for fact in facts),
        "sections": [fact.stamps[0].get("section") for fact in facts],
        "due_on": min(fact.data["due_on"] for fact in facts),
        "done_on": min(closed, default=None),
    }


def _assessment(known: Known, ident: str) -> dict[str, Any]:
    facts = [f for f in known.standing("work.duty-report-delivered", "work.duty-report-assessed") if _id(f) == ident]
    assessed = [fact for fact in facts if fact.name == "work.duty-report-assessed"]
    return {
        "owner": min((fact.data["by"] for fact in assessed), default=None),
        "sections": [fact.stamps[0].get("section") for fact in facts],
        "due_on": None,
        "done_on": min((fact.day.isoformat() for fact in assessed), default=None),
    }
