"""``duty_calendar``: duty reports by head and half-year, exchanges by section and month: owed, and done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.integration.read_models.known import Fact, Known

Key = tuple[Any, ...]


def keys(known: Known) -> Iterator[Key]:
    """What is owed up to the period of the newest event, and what was done, owed or not."""
    yield from ((*owed, period) for *owed, period in _done(known))
    if known.events:
        half, month = _half(known.newest), known.newest.strftime("%Y-%m")
        for post in known.standing("people.post-assumed"):
            if post.data["tier"] == "section-head":
                yield from (
                    ("duty-report", post.data["person"], period)
                    for period in _halves(max(known.began, date.fromisoformat(post.data["from_on"])))
                    if period <= half and heads(known, post, last_day(period))
                )
        for section in known.standing("people.section-defined"):
            first = section.month
            yield from (
                ("section-exchange", section.data["section"], period)
                for period in _months()
                if first <= period <= month
            )


def row(known: Known, key: Key) -> dict[str, Any]:
    """When it is due, and when it was done first."""
    due, done = last_day(key[-1]), min(_done(known).get(key, []), default=None)
    section = key[1] if key[0] == "section-exchange" else None
    return {
        "section": section,
        "section_name": known.called(section),
        "due_on": due.isoformat(),
        "done_on": None if done is None else done.isoformat(),
        "late": None if done is None else done > due,
    }


def _done(known: Known) -> dict[Key, list[date]]:
    found: dict[Key, list[date]] = {}
    for fact in known.standing("work.duty-report-delivered"):
        found.setdefault(("duty-report", fact.data["person"], fact.data["half"]), []).append(fact.day)
    for fact in known.standing("work.section-exchange-held"):
        for section in fact.data["sections"]:
            found.setdefault(("section-exchange", section, fact.data["month"]), []).append(fact.day)
    return found


def heads(known: Known, post: Fact, day: date) -> bool:
    """Whether the post was held on that day."""
    ends = [
        end.data["on"]
        for end in known.standing("people.post-ended")
        if (end.data["person"], end.data["post"]) == (post.data["person"], post.data["post"])
    ]
    ends += left(known, post.data["person"], post.data["from_on"])
    return bool(post.data["from_on"] <= day.isoformat() < min(ends, default="9999"))


def left(known: Known, person: str, since: str) -> list[str]:
    """The days on which somebody left who was there on that day."""
    days = [str(fact.data["on"]) for fact in known.standing("people.person-left") if fact.data["person"] == person]
    return [day for day in days if day >= since]


def last_day(period: str) -> date:
    """Of a half-year or a month."""
    month = {"H1": 6, "H2": 12}.get(period[4:]) or int(period[5:])
    return date(int(period[:4]) + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _half(day: date) -> str:
    return f"{day.year}H{1 if day.month <= 6 else 2}"


def _halves(since: date) -> list[str]:
    return [half for year in range(1990, 2030) for half in (f"{year}H1", f"{year}H2") if half >= _half(since)]


def _months() -> list[str]:
    return [f"{year}-{month:02d}" for year in range(1990, 2030) for month in range(1, 13)]
