"""A person's days: what was held from which day until which (任职、调整、党内职务).

One helper for all that begins and ends. On the day on which something says that a period ends, it is no longer held. Of
periods that exclude each other the one that began last counts, of one day the one recorded last.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from schemas.base import EventData, Stamp, Tier
from schemas.people.cadres import (
    Establishment,
    PartyRoleSet,
    PersonLeft,
    PersonRegistered,
    PersonTransferred,
    PostAssumed,
    PostEnded,
)
from services.recorder.domain.deciding.core import Action, States, Thing, stamp, state

HIGHEST: Final[tuple[Tier, ...]] = ("leadership", "section-head", "staff")
NO_END: Final = "9999-99-99"


class Period(NamedTuple):
    """What was held from a day on, until another."""

    event: str
    begins: str
    ends: str
    data: dict[str, Any]

    def on(self, day: str) -> bool:
        """Whether it was held on that day."""
        return self.begins <= day < self.ends


def periods(thing: Thing, begun: type[EventData], ended: type[EventData], ident: str) -> list[Period]:
    """The periods of one sort, in the order of their recording; ``ident`` names the member that tells them apart."""
    ends: dict[str, str] = {}
    for fact in thing.of_type(ended).values():
        ends[fact.data[ident]] = min(fact.data["on"], ends.get(fact.data[ident], NO_END))
    return [
        Period(event, fact.data["from_on"], ends.get(fact.data[ident], NO_END), fact.data)
        for event, fact in thing.of_type(begun).items()
    ]


def latest(found: Iterable[Period], day: str) -> Period | None:
    """The one that counts on that day."""
    return max(reversed([p for p in found if p.on(day)]), key=lambda period: period.begins, default=None)


@state("person")
class Person(Thing):
    """A person of an office: the registration, and what this person held."""

    def posts(self) -> list[Period]:
        """All posts, whether held now or not."""
        known = self.derived()
        if "posts" not in known:
            found = periods(self, PostAssumed, PostEnded, "post")
            known["posts"] = [post._replace(ends=min(post.ends, self.left(post.begins))) for post in found]
        posts: list[Period] = known["posts"]
        return posts

    def left(self, begins: str) -> str:
        """The day on which the person left the office, who was in it from a day on: what began later goes on."""
        return min(
            (fact.data["on"] for fact in self.of_type(PersonLeft).values() if fact.data["on"] >= begins), default=NO_END
        )

    def held(self, day: str) -> list[Period]:
        """The posts held on that day."""
        return [post for post in self.posts() if post.on(day)]

    def main(self, day: str) -> Period | None:
        """The main post on that day: the latest of those not concurrent."""
        return latest((post for post in self.posts() if not post.data["concurrent"]), day)

    def placed(self, person: str, day: str) -> Stamp:
        """Section and tier of the main post on that day: the same between two days on which anything changes."""
        if not self.facts:  # all who hold nothing share one state
            return stamp(person, None, None)
        known = self.derived()
        if "turns" not in known:
            turns = {day for post in self.posts() for day in (post.begins, post.ends)}
            turns.update(move.data["on"] for move in self.of_type(PersonTransferred).values())
            known["turns"], known["placed"] = sorted(turns), {}
        placed: dict[int, Stamp] = known["placed"]
        at = bisect_right(known["turns"], day)
        if at not in placed:
            placed[at] = self._placed(person, day)
        return placed[at]

    def _placed(self, person: str, day: str) -> Stamp:
        main = self.main(day)
        if main is None:
            return stamp(person, None, None)
        moved = self.of_type(PersonTransferred).values()
        moves = [move for move in moved if move.data["post"] == main.data["post"] and move.data["on"] <= day]
        section = max(reversed(moves), key=lambda move: move.data["on"]).data["to_section"] if moves else None
        return stamp(person, section or main.data["section"], main.data["tier"])

    def highest(self, day: str) -> Tier | None:
        """The highest tier held on that day, concurrent posts included."""
        tiers: list[Tier] = [post.data["tier"] for post in self.held(day)]
        return min(tiers, key=HIGHEST.index, default=None)

    def heads_section(self, day: str) -> bool:
        """Whether this person headed a section on that day, acting or not, concurrently or not."""
        return any(post.data["tier"] == "section-head" for post in self.held(day))

    def registered(self) -> dict[str, Any]:
        """What the registration says."""
        return next((fact.data for fact in self.of_type(PersonRegistered).values()), {})

    def establishment(self) -> Establishment:
        """Whether civil service or institution (编制)."""
        found: Establishment = self.registered().get("establishment", "civil-service")
        return found

    def on_probation(self, day: str) -> bool:
        """Whether on probation that day: its last one counts."""
        until: str = self.registered().get("probation_until", "")
        return day <= until

    def party_role(self, day: str) -> str | None:
        """The role in a party branch on that day, the highest of several branches' latest."""
        latest_of: dict[str, Period] = {}
        for event, fact in self.of_type(PartyRoleSet).items():
            period = Period(event, fact.data["from_on"], self.left(fact.data["from_on"]), fact.data)
            known = latest_of.get(fact.data["branch"])
            if period.on(day) and (known is None or period.begins >= known.begins):
                latest_of[fact.data["branch"]] = period
        roles = [period.data["role"] for period in latest_of.values()]
        return next((role for role in ("secretary", "committee", "member") if role in roles), None)


def person(states: States, action: Action, ident: str) -> Person:
    """The person's state in the action's office."""
    return states.of(Person, action.key("person", ident))


def stamps(states: States, action: Action, persons: Iterable[str]) -> tuple[Stamp, ...]:
    """Where these persons sat on the action's day."""
    return tuple([person(states, action, ident).placed(ident, action.day) for ident in persons])
