"""``talk_due``: talks due by party roles, a year, and those that were required."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.integration.read_models.duty_calendar import left
from tests.integration.read_models.known import Fact, Known

Key = tuple[Any, ...]


def keys(known: Known) -> Iterator[Key]:
    """Pairs of roles at each year's end, up to the year of the newest event; and what was required."""
    began = any(known.standing("people.person-registered", "people.post-assumed"))
    for year in range(known.began.year if began else 2000, known.newest.year + 1) if known.events else ():
        sat = _roles(known, year)
        for (branch, one), role in sat.items():
            others = [(other, r) for (b, other), r in sat.items() if b == branch and other != one]
            for other, theirs in others:
                if role == "committee" and theirs in {"committee", "member"}:
                    yield (*sorted((one, other)), f"committee-{theirs}", str(year))
            if role == "member" and any(theirs == "member" for _, theirs in others):
                yield one, "", "member-member", str(year)
    for fact in known.standing("talk.talk-required"):
        yield (*_two(fact), fact.data["duty"], fact.data["due_on"])


def row(known: Known, key: Key) -> dict[str, Any]:
    """What is needed, was held, and is open of what was promised in it."""
    one, other, duty, period = key
    talks = [
        fact for fact in known.standing("talk.talk-held")
        if fact.data["mode"] == "one-to-one" and {one, other} - {""} <= {stamp["person"] for stamp in fact.stamps}
        and (fact.data.get("duty") == duty if "-" in period
             else fact.data.get("party_pair") == duty and str(fact.at.year) == period)
    ]  # fmt: skip
    promised = [
        fact for fact in known.standing("talk.follow-up-promised")
        if fact.data.get("talk") in {talk.data["talk"] for talk in talks}
    ]  # fmt: skip
    return {
        "needed": 1,
        "held": len(talks),
        "last_held_on": max((talk.day.isoformat() for talk in talks), default=None),
        "due_on": period if "-" in period else f"{period}-12-31",
        "open_follow_ups": sum("closed" not in fact.data for fact in promised),
    }


def _two(fact: Fact) -> tuple[str, str]:
    with_ = fact.data.get("with")
    one, other = sorted((fact.data["person"], with_)) if with_ else (fact.data["person"], "")
    return one, other


def _roles(known: Known, year: int) -> dict[tuple[str, str], str]:
    """By branch and person, at the year's end; a secretary is of the committee."""
    found = {}
    for fact in sorted(known.standing("people.party-role-set"), key=lambda fact: str(fact.data["from_on"])):
        if int(fact.data["from_on"][:4]) <= year:
            role = "committee" if fact.data["role"] == "secretary" else fact.data["role"]
            if any(day <= f"{year}-12-31" for day in left(known, fact.data["person"], fact.data["from_on"])):
                role = "none"
            found[fact.data["branch"], fact.data["person"]] = role
    return found
