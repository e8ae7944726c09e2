"""Seats: how many of a pool may be excellent. Two decisions at once never exceed them: the pool's row is one's alone.

Counted are those who held a post on 31 December, but for leadership, probationers, and whoever is decided not to be
appraised, or not here.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting
from schemas.declared import values_of
from schemas.packs import Pack, packs
from services.recorder.domain.appraisal import pools
from services.recorder.domain.appraisal.rows import POOL, cycle_of, verdict
from services.recorder.domain.deciding.core import Action, Event, Held, Key, NotLoaded, Rejection, States, rests
from services.recorder.domain.deciding.facts import Data, Ruling, needs_more, once_key, rule, thing, upholds
from services.recorder.domain.deciding.timeline import Person

_EXCELLENT: Final = "excellent"
_POOLS: Final = values_of(appraisal.ApproveSeats, "pool")
_LOWERING: Final = (appraisal.SeatsApproved, posting.GradeSupplemented)


class Board(NamedTuple):
    """How a pool stands: who counts, the seats of these, how many are taken."""

    appraised: int
    seats: int
    used: int


def row_key(fact: Action | Event, cycle: str, pool: str) -> Key:
    """The row of what is decided in a pool."""
    return fact.key(POOL, f"{cycle}/{pool}")


def keys(states: States, fact: Action | Event, cycle: str, pool: str) -> Iterator[Key]:
    """All that counting a pool needs: what is decided, the approved rate, and everybody registered."""
    yield row_key(fact, cycle, pool)
    yield once_key(fact.office, appraisal.SeatsApproved, {"cycle": cycle, "pool": pool})
    yield fact.key("cycle", cycle)
    yield from everybody(states, fact)


def everybody(states: States, fact: Action | Event) -> Iterator[Key]:
    """All who are registered, as far as it is loaded who they are."""
    yield (roster := fact.key("roster", "all"))
    with suppress(NotLoaded):
        yield from [fact.key("person", held.data["person"]) for held in thing(states, roster).facts.values()]


def board(states: States, fact: Action | Event, cycle: str, pool: str, decided: Iterable[Held]) -> Board:
    """The pool with these grades decided."""
    said = cycle_of(states, fact, cycle)
    grades = _standing(decided)
    absent = {person for person, data in grades.items() if data["grade"] == "not-appraised" or not data["here"]}
    roster = {held.data["person"] for held in thing(states, fact.key("roster", "all")).facts.values()}
    appraised = sum(_counts(states.of(Person, fact.key("person", who)), said["year"], pool) for who in roster - absent)
    used = sum(data["grade"] == _EXCELLENT and data["here"] for data in grades.values())
    approved = thing(states, once_key(fact.office, appraisal.SeatsApproved, {"cycle": cycle, "pool": pool}))
    rate = next((held.data["rate_percent"] for held in approved.facts.values()), None)
    return Board(appraised, _share(appraised, rate, packs()[said["rule_pack"]]), used)


def _standing(decided: Iterable[Held]) -> dict[str, dict[str, Any]]:
    by_person: dict[str, list[Held]] = {}
    for held in decided:
        by_person.setdefault(held.data["person"], []).append(held)
    return {who: found.data for who, facts in by_person.items() if (found := verdict(facts))}


def _counts(who: Person, year: int, pool: str) -> bool:
    return pools.pool(who, year) == pool and not who.on_probation(pools.last_day(year))


def _share(appraised: int, approved: int | None, pack: Pack) -> int:
    rate = pack.appraisal.excellent_percent.value if approved is None else approved
    nearest = 50 if pack.appraisal.rounding.value == "nearest" else 0
    return (appraised * rate + nearest) // 100


def matters(grade: str | None, *, here: bool) -> bool:
    """Whether a grade takes a seat, or makes one who counts fewer."""
    return grade in {_EXCELLENT, "not-appraised"} or not here


def beyond(states: States, action: Action, cycle: str, pool: str, new: Held) -> Rejection | None:
    """Why a grade can't be given: with it more would be excellent than there are seats, by its doing."""
    decided = list(thing(states, row_key(action, cycle, pool)).facts.values())
    before, now = (board(states, action, cycle, pool, facts) for facts in (decided, [*decided, new]))
    if now.used <= now.seats or (now.used <= before.used and now.seats >= before.seats):
        return None
    return Rejection(
        "over-quota",
        f"The pool {pool} has {now.seats} seats for excellent ({now.appraised} appraised), and {now.used} would be "
        "taken. Have a higher rate approved, or correct another grade first; then send this again.",
        f"{_POOLS[pool].zh}有优秀名额 {now.seats} 个（参加考核 {now.appraised} 人），而将占用 {now.used} 个。"
        "请先报批提高比例，或更正其他人的等次，再重新发送。",
    )


@needs_more(appraisal.ApproveSeats)
def whom_it_is_for(states: States, action: Action, data: appraisal.ApproveSeats) -> Iterable[Key]:
    """A rate is of the pool."""
    return keys(states, action, data.cycle, data.pool)


@rule(appraisal.ApproveSeats)
def between_what_is_taken_and_what_may_be(states: States, action: Action, data: appraisal.ApproveSeats) -> Ruling:
    """The pack says how far the share may be raised; no seat that is taken goes."""
    pack = packs()[cycle_of(states, action, data.cycle)["rule_pack"]]
    most = pack.appraisal.excellent_approved_percent.value
    decided = thing(states, row_key(action, data.cycle, data.pool)).facts.values()
    now = board(states, action, data.cycle, data.pool, decided)
    seats = _share(now.appraised, data.rate_percent, pack)
    if data.rate_percent <= most and now.used <= seats:
        return None
    return Rejection(
        "over-quota",
        f"The rule pack allows {most} % with approval, and {now.used} seats are taken, of {seats} at "
        f"{data.rate_percent} %. Correct rate_percent.",
        f"规则包规定经批准至多 {most}%；已占用名额 {now.used} 个，按 {data.rate_percent}% 为 {seats} 个。"
        "请更正 rate_percent。",
    )


@needs_more(*_LOWERING)
def the_pool(states: States, event: Event, data: Data) -> Iterable[Key]:
    """Taking back what gave seats needs all that counting them does."""
    return keys(states, event, data.cycle, data.pool) if data.pool else ()


@upholds(*_LOWERING)
def seats_are_left_for_all(after: States, event: Event, data: Data) -> Rejection | None:
    """Nobody is left without the seat that was given."""
    if not data.pool:
        return None
    decided = thing(after, row_key(event, data.cycle, data.pool)).facts
    found = board(after, event, data.cycle, data.pool, decided.values())
    taken = [ident for ident, held in decided.items() if held.data.get("grade") == _EXCELLENT]
    return rests(event.id, taken) if found.used > found.seats else None
