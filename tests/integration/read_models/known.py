"""The facts of a history as known at an instant: what stands, what was taken back, what later facts changed in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

Json = dict[str, Any]
_SHANGHAI = timezone(timedelta(hours=8))
GROUPS = {
    "learning.attendance-recorded": "learning",
    "learning.hours-credited": "learning",
    "learning.make-up-completed": "learning",
    "learning.speech-delivered": "learning",
    "learning.reflection-submitted": "learning",
    "learning.course-completed": "learning",
    "learning.contest-scored": "activity",
    "work.output-filed": "work",
    "work.research-adopted": "work",
    "work.duty-report-delivered": "work",
    "people.goal-reported": "work",
    "team.team-activity-held": "activity",
    "team.knowledge-shared": "activity",
    "team.paired-up": "activity",
    "team.star-named": "activity",
    "talk.talk-held": "talk",
    "spirit.conduct-recognised": "activity",
    "selection.honour-awarded": "activity",
}
# What facts say that rest on a thing, and is corrected with it: by what makes the thing, and where they say it.
_STAMPED = {
    "learning.session-convened": ("session_stamp", "session", ("carriers", "kinds", "title", "starts_at", "minutes")),
    "people.goal-set": ("goal_stamp", "goal", ("person", "section", "year", "title")),
}
# What came of a thing: the latest day's, of one day the one recorded last.
_CAME = {
    "work.output-filed": ("settled", "work.effect-settled", "output", ("effect", "on")),
    "people.goal-set": ("reported", "people.goal-reported", "goal", ("state", "on")),
    "talk.follow-up-promised": ("closed", "talk.follow-up-closed", "follow_up", ("on",)),
}


@dataclass(frozen=True)
class Fact:
    """An event, what it says by now, and when it was taken back."""

    event: Json
    data: Json
    revoked_at: str | None = None
    judged: str | None = None  # disputed, or verified: of a proposal, that something else stands in its place

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
    def effect(self) -> str | None:
        """Of an output, as settled last."""
        settled = self.data.get("settled") or self.data
        effect: str | None = settled.get("effect")
        return effect

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
    at: datetime | None = None
    facts: list[Fact] = field(default_factory=list)

    def __post_init__(self) -> None:
        taken = {e["data"]["event"]: e for e in self.events if _is(e, "any.entry-revoked")}
        for event in self.events:
            by = taken.get(event["id"])
            end = by["sequence"] if by else "~"
            others = [
                e for e in self.events
                if e["sequence"] < end and (e["id"] not in taken or taken[e["id"]]["sequence"] > end)
            ]  # fmt: skip
            data = _came(event, _renamed(event, others), others)
            self.facts.append(Fact(event, data, by["recordedtime"] if by else None, _judged(event, others)))

    def standing(self, *names: str) -> Iterator[Fact]:
        """Those of these types that count: neither taken back nor disputed."""
        return (f for f in self.facts if f.name in names and f.revoked_at is None and f.judged is None)

    def called(self, section: str | None) -> str | None:
        """A section's name, as last defined."""
        names = [
            fact.data["name"] for fact in self.standing("people.section-defined") if fact.data["section"] == section
        ]
        return str(names[-1]) if names else None

    @property
    def newest(self) -> date:
        """The Shanghai day on which anything was recorded last."""
        return datetime.fromisoformat(self.events[-1]["recordedtime"]).astimezone(_SHANGHAI).date()

    @property
    def began(self) -> date:
        """The Shanghai day on which the record of its people begins."""
        return min(fact.day for fact in self.standing("people.person-registered", "people.post-assumed"))

    def entries(self) -> Iterator[tuple[Fact, str]]:
        """What counts in growth files or counted there, and in which group."""
        return ((fact, group) for fact, group, told in self.filed() if fact.judged is None and told is fact)

    def filed(self) -> Iterator[tuple[Fact, str, Fact]]:
        """What stands in growth files or stood there, in any state; in which group; it, or what it proposes."""
        for fact in self.facts:
            told = fact
            if fact.name == "any.entry-proposed":  # of an output, in these histories
                told = Fact({**fact.event, "type": "chengzhang.work.output-filed.v1"}, fact.data["data"])
            stands = told.data.get("state", "met") in {"present", "partial", "met"} and fact.judged != "verified"
            if told.name in GROUPS and stands:
                yield fact, GROUPS[told.name], told


def _judged(event: Json, others: list[Json]) -> str | None:
    """What the last of those that stood when it stood says of it."""
    judged = None
    for each in others:
        if each["data"].get("event") == event["id"] and each["sequence"] > event["sequence"]:
            if _is(each, "any.entry-disputed") or _is(each, "any.dispute-settled"):
                judged = "disputed" if each["data"].get("upheld", True) else None
            elif _is(each, "any.entry-verified"):
                judged = "verified"
    return judged


def _renamed(event: Json, others: list[Json]) -> Json:
    """What it says, with what was corrected since in the thing on which it rests."""
    data: Json = event["data"]
    for name, (member, kind, fields) in _STAMPED.items():
        later = [
            e["data"] for e in others
            if _is(e, name) and "corrects" in e["data"] and e["sequence"] > event["sequence"]
            and e["data"][kind] == data.get(kind)
        ]  # fmt: skip
        if later and member in data:
            data = {**data, member: {**data[member], **{field: later[-1].get(field) for field in fields}}}
    return data


def _came(event: Json, data: Json, others: list[Json]) -> Json:
    """What it says, and what came of it by then."""
    for name, (member, other, kind, fields) in _CAME.items():
        came = [e["data"] for e in others if _is(e, other) and e["data"][kind] == data.get(kind)]
        if came and _is(event, name):
            latest = max(reversed(came), key=lambda each: str(each["on"]))
            data = {**data, member: {field: latest[field] for field in fields}}
    return data


def _is(event: Json, name: str) -> bool:
    return bool(event["type"] == f"chengzhang.{name}.v1")
