"""``talk_due``: talks due by tiers and party roles, period by period, and those that were required."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from tests.integration.read_models.known import Fact, Known
from tests.integration.read_models.work.duty_calendar import heads, last_day, left

Key = tuple[Any, ...]
# By the nation's packs: in which periods, and how often.
_MONTHLY = {"leadership-leadership": 1}
_YEARLY = {"leadership-section-head": 6, "committee-committee": 1, "committee-member": 1, "member-member": 1}


def keys(known: Known) -> Iterator[Key]:
    """Pairs as they stand on each period's last day, up to the period of the newest event; and what was required."""
    for period, duties in _periods(known):
        day = last_day(period) if "-" in period else date(int(period), 12, 31)
        for stood in (_roles(known, day), {("", who): tier for who, tier in _tiers(known, day).items()}):
            for (group, one), role in stood.items():
                others = [(other, theirs) for (g, other), theirs in stood.items() if g == group and other != one]
                for other, theirs in others:
                    if (duty := f"{role}-{theirs}") in duties and duty != "member-member":
                        yield (*sorted((one, other)), duty, period)
                if role == "member" and "member-member" in duties and any(theirs == "member" for _, theirs in others):
                    yield one, "", "member-member", period
    for fact in known.standing("talk.talk-required"):
        yield (*_two(fact), fact.data["duty"], fact.data["due_on"])


def _periods(known: Known) -> Iterator[tuple[str, dict[str, int]]]:
    if known.events:
        first, newest = (day.isoformat()[:7] for day in (min(known.began, known.newest), known.newest))
        months = [f"{year}-{month:02d}" for year in range(2000, 2030) for month in range(1, 13)]
        within = [month for month in months if first <= month <= newest]
        yield from ((month, _MONTHLY) for month in within)
        yield from ((year, _YEARLY) for year in sorted({month[:4] for month in within}))


def row(known: Known, key: Key) -> dict[str, Any]:
    """What is needed, was held, and is open of what was promised in it."""
    one, other, duty, period = key
    required = duty not in _MONTHLY | _YEARLY
    talks = [
        fact for fact in known.standing("talk.talk-held")
        if fact.data["mode"] == "one-to-one" and {one, other} - {""} <= {stamp["person"] for stamp in fact.stamps}
        and (fact.data.get("duty") == duty if required
             else duty in {fact.data.get("pair"), fact.data.get("party_pair")} and str(fact.day).startswith(period))
    ]  # fmt: skip
    promised = [
        fact for fact in known.standing("talk.follow-up-promised")
        if fact.data.get("talk") in {talk.data["talk"] for talk in talks}
    ]  # fmt: skip
    ends = period if required else f"{period}-12-31" if "-" not in period else last_day(period).isoformat()
    return {
        "needed": (_MONTHLY | _YEARLY).get(duty, 1),
        "held": len(talks),
        "last_held_on": max((talk.day.isoformat() for talk in talks), default=None),
        "due_on": ends,
        "open_follow_ups": sum("closed" not in fact.data for fact in promised),
    }


def _two(fact: Fact) -> tuple[str, str]:
    with_ = fact.data.get("with")
    one, other = sorted((fact.data["person"], with_)) if with_ else (fact.data["person"], "")
    return one, other


def _roles(known: Known, day: date) -> dict[tuple[str, str], str]:
    """By branch and person; a secretary is of the committee."""
    found = {}
    for fact in sorted(known.standing("people.party-role-set"), key=lambda fact: str(fact.data["from_on"])):
        if fact.data["from_on"] <= day.isoformat():
            role = "committee" if fact.data["role"] == "secretary" else fact.data["role"]
            if any(gone <= day.isoformat() for gone in left(known, fact.data["person"], fact.data["from_on"])):
                role = "none"
            found[fact.data["branch"], fact.data["person"]] = role
    return found


def _tiers(known: Known, day: date) -> dict[str, str]:
    """By person, the highest tier held."""
    order = ("leadership", "section-head", "staff")
    held: dict[str, list[str]] = {}
    for post in known.standing("people.post-assumed"):
        if heads(known, post, day):  # whether it was held
            held.setdefault(post.data["person"], []).append(post.data["tier"])
    return {person: min(tiers, key=order.index) for person, tiers in held.items()}
