"""Who was elsewhere or away for more than half the year, and by whom the pack has them appraised then."""

from calendar import isleap
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple

from schemas.appraisal.grading import AppraisedBy, Pool
from schemas.packs import Away
from schemas.people import cadres as people
from services.recorder.domain.deciding.core import Thing
from services.recorder.domain.deciding.timeline import NO_END

_MONTHS: Final = 12


class Time(NamedTuple):
    """A time elsewhere (with its kind and direction) or on leave: its days within a year."""

    days: int
    kind: str | None = None
    direction: Literal["out", "in"] | None = None


def times(away: Thing, year: int) -> Iterator[Time]:
    """All of somebody's in a year."""
    for begun, ended, member in (
        (people.SecondmentStarted, people.SecondmentEnded, "secondment"),
        (people.LongLeaveStarted, people.LongLeaveEnded, "leave"),
    ):
        ends = {fact.data[member]: fact.data["on"] for fact in away.of_type(ended).values()}
        for fact in away.of_type(begun).values():
            days = _days(fact.data["from_on"], ends.get(fact.data[member], NO_END), year)
            yield Time(days, fact.data.get("kind"), fact.data.get("direction"))


def _days(begins: str, ends: str, year: int) -> int:
    first = max(begins, f"{year}-01-01")
    last = date(year, 12, 31) if ends > f"{year}-12-31" else date.fromisoformat(ends) - timedelta(days=1)
    return max((last - date.fromisoformat(first)).days + 1, 0) if first <= f"{year}-12-31" else 0


def mostly(days: int, rule: Away, year: int) -> bool:
    """Whether that is more than the months of the pack: half the year."""
    return days * _MONTHS > rule.months * (366 if isleap(year) else 365)


def on_leave(away: Thing, rule: Away, year: int) -> bool:
    """Whether somebody was on long leave for most of the year."""
    return mostly(sum(time.days for time in times(away, year) if time.direction is None), rule, year)


def by_whom(away: Thing, pool: Pool | None, rule: Away, year: int) -> tuple[frozenset[AppraisedBy], bool]:
    """Who appraises somebody, by each name that fits, and whether that is this office."""
    if pool == "leadership":
        return frozenset({"superior"}), False
    longest = max((time for time in times(away, year) if time.direction), default=None)
    if longest is None or longest.direction is None:
        return frozenset({"office"}), True
    total = sum(time.days for time in times(away, year) if time.direction == longest.direction)
    host = mostly(total, rule, year) and (rule.borrowed if longest.kind == "borrowed" else rule.posted) == "host"
    here = host == (longest.direction == "in")
    name: AppraisedBy = "host" if host else "sender"
    return frozenset({name, "office"} if here else {name}), here
