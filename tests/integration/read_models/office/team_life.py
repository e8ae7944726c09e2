"""``team_life``: what teams did, who belonged to them, and whom their sharing reached."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.read_models.known import Fact, Known
from tests.integration.read_models.work.duty_calendar import last_day, left


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """A row for each month with an activity, a sharing or a change of members."""
    acts = [(f, f.data["on"][:7]) for f in known.standing("team.team-activity-held")]
    shares = [(f, f.month) for f in known.standing("team.knowledge-shared") if "team" in f.data]
    changes = [(f, f.data["on"][:7]) for f in known.standing("team.team-joined", "team.team-left")]
    return {
        (team, month): _row(known, team, month, [_of(each, team, month) for each in (acts, shares)])
        for team, month in {(f.data["team"], month) for f, month in (*acts, *shares, *changes)}
    }


def _of(found: list[tuple[Fact, str]], team: str, month: str) -> list[Fact]:
    return [fact for fact, at in found if (fact.data["team"], at) == (team, month)]


def _row(known: Known, team: str, month: str, done: list[list[Fact]]) -> dict[str, Any]:
    activities, shared = done
    formed = _until(known, team, month, "team.team-formed")
    members: dict[str, bool] = {}
    for fact in _until(known, team, month, "team.team-joined", "team.team-left"):
        gone = left(known, fact.data["person"], fact.data["on"])
        stays = not any(day <= last_day(month).isoformat() for day in gone)
        members[fact.data["person"]] = fact.name == "team.team-joined" and stays
    dissolved = _until(known, team, month, "team.team-dissolved")
    return {
        "kind": formed[-1].data["kind"] if formed else None,
        "name": formed[-1].data["name"] if formed else None,
        "members": 0 if dissolved else sum(members.values()),
        "activities": len(activities),
        "shared": len(shared),
        "reached": len({person for fact in shared for person in fact.data.get("reached", ())}),
    }


def _until(known: Known, team: str, month: str, *names: str) -> list[Fact]:
    """Of the team, up to the month's last day, by their day."""
    found = [fact for fact in known.standing(*names) if fact.data["team"] == team and _since(fact) <= last_day(month)]
    return sorted(found, key=_since)


def _since(fact: Fact) -> date:
    return date.fromisoformat(fact.data.get("from_on") or fact.data.get("on") or fact.day.isoformat())
