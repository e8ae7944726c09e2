"""The facts of a history as known at an instant: what stands, what was taken back, what later facts changed in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

Json = dict[str, Any]
_SHANGHAI = timezone(timedelta(hours=8))
_STAMPED = ("carriers", "kinds", "title", "starts_at", "minutes")


@dataclass(frozen=True)
class Fact:
    """An event, what it says by now, and when it was taken back."""

    event: Json
    data: Json
    revoked_at: str | None = None

    @property
    def name(self) -> str:
        """Its type, shortened: ``work.output-filed``."""
        return str(self.event["type"]).removeprefix("chengzhang.").removesuffix(".v1")

    @property
    def stamps(self) -> list[Json]:
        """Where its persons sat."""
        return list(self.data["stamps"])

    @property
    def at(self) -> datetime:
        """When it happened, in Shanghai."""
        return datetime.fromisoformat(self.event["time"]).astimezone(_SHANGHAI)

    @property
    def day(self) -> date:
        """The Shanghai day of it."""
        return self.at.date()

    @property
    def month(self) -> str:
        """The Shanghai month of it."""
        return self.at.strftime("%Y-%m")


@dataclass
class Known:
    """All that was recorded by an instant."""

    events: list[Json]
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        taken = {e["data"]["event"]: e for e in self.events if _is(e, "any.entry-revoked")}
        renamed = [e for e in self.events if _is(e, "learning.session-convened") and "corrects" in e["data"]]
        for event in self.events:
            by = taken.get(event["id"])
            end = by["sequence"] if by else "~"
            standing = [
                e for e in renamed
                if event["sequence"] < e["sequence"] < end
                and (e["id"] not in taken or taken[e["id"]]["sequence"] > end)
                and e["data"]["session"] == event["data"].get("session")
            ]  # fmt: skip
            data = event["data"]
            if standing and "session_stamp" in data:
                data = {**data, "session_stamp": {name: standing[-1]["data"][name] for name in _STAMPED}}
            self.facts.append(Fact(event, data, by["recordedtime"] if by else None))

    def standing(self, *names: str) -> Iterator[Fact]:
        """Those of these types that were not taken back."""
        return (fact for fact in self.facts if fact.name in names and fact.revoked_at is None)

    def called(self, section: str | None) -> str | None:
        """A section's name, as last defined."""
        names = [
            fact.data["name"] for fact in self.standing("people.section-defined") if fact.data["section"] == section
        ]
        return str(names[-1]) if names else None

    def entries(self) -> Iterator[tuple[Fact, str]]:
        """What stands in growth files or stood there, and in which group."""
        groups = {
            "learning.attendance-recorded": "learning",
            "learning.hours-credited": "learning",
            "learning.make-up-completed": "learning",
            "learning.speech-delivered": "learning",
            "learning.reflection-submitted": "learning",
            "learning.course-completed": "learning",
            "learning.contest-scored": "activity",
            "work.output-filed": "work",
            "work.duty-report-delivered": "work",
            "talk.talk-held": "talk",
            "spirit.conduct-recognised": "activity",
        }
        for fact in self.facts:
            if fact.name in groups and fact.data.get("state") not in {"leave", "absent"}:
                yield fact, groups[fact.name]


def _is(event: Json, name: str) -> bool:
    return bool(event["type"] == f"chengzhang.{name}.v1")
