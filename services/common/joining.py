"""Which offices' parts of a person's file are one: where the old office says whither somebody went, and the new whence.

Any office may register any id. So neither word alone joins anything: an office that only claims somebody gets nothing
to see of the file that another has, and adds nothing to it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple


class Place(NamedTuple):
    """What an office says of a person: known since when, come from which office, gone to which."""

    office: str
    since: datetime
    previous: str | None = None
    went_to: Collection[str] = ()


def files(places: Iterable[Place]) -> list[list[str]]:
    """The offices of each file, in the order of the moves; the file that was begun first comes first."""
    known = {place.office: place for place in sorted(places)}
    came_from = {
        place.office: place.previous
        for place in known.values()
        if place.previous in known and place.office in known[place.previous].went_to
    }
    by_first: dict[str, list[tuple[int, str]]] = {}
    for office in known:
        way = _way(office, came_from)
        by_first.setdefault(way[0], []).append((len(way), office))
    begun = sorted(by_first.values(), key=lambda file: min((known[office].since, office) for _, office in file))
    return [[office for _, office in sorted(file)] for file in begun]


def _way(office: str, came_from: dict[str, str]) -> list[str]:
    """The offices that led to one, from the first on; in a circle it begins with the one whose id sorts first."""
    way = [office]
    while (before := came_from.get(way[0])) is not None:
        if before in way:
            first = min(way[: way.index(before) + 1])
            return [first, *(each for each in way if each != first)]
        way.insert(0, before)
    return way
