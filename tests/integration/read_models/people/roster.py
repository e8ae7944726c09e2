"""``roster``: everybody registered, with what each holds on the day that is asked for, today else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.integration.read_models.known import Fact, Known

_MEMBERS = ("post", "title", "tier", "section", "concurrent", "acting", "duties", "managed_by", "from_on")


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By person."""
    now = datetime.now(UTC)
    day = min(known.at or now, now).astimezone(timezone(timedelta(hours=8))).date().isoformat()
    found = {}
    for fact in known.standing("people.person-registered"):
        person = fact.data["person"]
        own = [each for each in known.standing(*_TYPES) if _whose(each) == person]
        found[person,] = _row(known, [each for each in own if _since(each) <= day]) | {
            "since": fact.data["joined_on"],
            "until": min(
                (_since(each) for each in known.standing("people.person-left") if _whose(each) == person), default=None
            ),
        }
    return found


_TYPES = tuple(
    f"people.{name}"
    for name in ("post-assumed", "post-ended", "person-transferred", "rank-set", "party-role-set",
                 "secondment-started", "secondment-ended", "long-leave-started", "long-leave-ended",
                 "person-left")
)  # fmt: skip


def _whose(fact: Fact) -> str:
    return str(fact.data.get("person") or next((stamp["person"] for stamp in fact.stamps), ""))


def _since(fact: Fact) -> str:
    return str(fact.data.get("from_on") or fact.data["on"])


def _of(own: list[Fact], *names: str) -> Iterator[Fact]:
    """Those of these types by their day, of one day as recorded."""
    return iter(sorted((fact for fact in own if fact.name.removeprefix("people.") in names),
                       key=lambda fact: (_since(fact), int(fact.event["sequence"]))))  # fmt: skip


def _row(known: Known, own: list[Fact]) -> dict[str, Any]:
    ended = {fact.data["post"] for fact in _of(own, "post-ended")}
    left = [_since(fact) for fact in _of(own, "person-left")]
    held = [
        fact
        for fact in _of(own, "post-assumed")
        if fact.data["post"] not in ended and not any(day >= _since(fact) for day in left)
    ]
    mains = [fact for fact in held if not fact.data["concurrent"]]
    main = mains[-1] if mains else None
    section = main.data["section"] if main else None
    for move in _of(own, "person-transferred"):
        if main and move.data["post"] == main.data["post"]:
            section = move.data["to_section"]
    ranks = [fact.data["rank"] for fact in _of(own, "rank-set")]
    roles = {fact.data["branch"]: fact.data["role"] for fact in _of(own, "party-role-set")}
    back = {
        fact.data.get("secondment") or fact.data.get("leave")
        for fact in _of(own, "secondment-ended", "long-leave-ended")
    }
    away = [
        fact.data.get("kind", "long-leave")
        for fact in _of(own, "secondment-started", "long-leave-started")
        if fact.data.get("direction", "out") == "out"
        and (fact.data.get("secondment") or fact.data["leave"]) not in back
    ]
    return {
        "posts": [
            {name: fact.data[name] for name in _MEMBERS if fact.data.get(name) is not None}
            for fact in sorted(held, key=lambda fact: fact.data["concurrent"])
        ],
        "section": section,
        "section_name": known.called(section),
        "tier": main and main.data["tier"],
        "rank": ranks[-1] if ranks else None,
        "party_role": next((role for role in ("secretary", "committee", "member") if role in roles.values()), None),
        "duties": main.data.get("duties") if main else None,
        "away": away[-1] if away else None,
    }
