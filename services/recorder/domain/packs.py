"""Which rule pack an office follows on a day: a fact, else the nation's pack of that year."""

from functools import cache
from operator import itemgetter
from typing import Final

from schemas.entries.following import FollowPack, PackFollowed
from schemas.packs import Pack, packs
from services.recorder.domain.deciding.core import Action, Event, Key, Rejection, States, Thing
from services.recorder.domain.deciding.facts import Ruling, keeps, rule, thing

NATION: Final = "national"

keeps(PackFollowed, "pack", "from_on")


def key(fact: Action | Event) -> Key:
    """The row that a rule must need to ask ``followed``."""
    return fact.key("office", fact.office)


def followed(states: States, fact: Action | Event, day: str) -> Pack:
    """The pack by which the office decides about that day."""
    return of_day(thing(states, key(fact)), day)


def of_day(office: Thing, day: str) -> Pack:
    """The one that was followed last from then or before; else the nation's of the year, or the nearest before it."""
    known = office.derived()
    if "packs" not in known:  # by day, of one day the one recorded last
        said = [fact.data for fact in office.of_type(PackFollowed).values()]
        known["packs"] = sorted(((each["from_on"], each["pack"]) for each in said), key=itemgetter(0))
    begun = [pack for since, pack in known["packs"] if since <= day]
    return packs()[begun[-1]] if begun else nations(int(day[:4]))


@cache
def nations(year: int) -> Pack:
    """The nation's pack of a year: of the latest before where the year has none, else of the first."""
    known = sorted((pack.year, pack) for pack in packs().values() if pack.region == NATION)
    return next((pack for of, pack in reversed(known) if of <= year), known[0][1])


@rule(FollowPack)
def there_is_such(_states: States, _action: Action, data: FollowPack) -> Ruling:
    """Only a pack that is there."""
    return absent(data.pack)


def absent(pack: str) -> Rejection | None:
    """Why nobody goes by a pack that isn't there."""
    if pack in packs():
        return None
    there = ", ".join(sorted(packs()))
    return Rejection(
        "unknown-reference",
        f"There is no rule pack {pack} here. There are: {there}. Choose one, or have it added first.",
        f"没有规则包 {pack}。现有：{there}。请选用其中之一，或先请管理员添加。",
    )
