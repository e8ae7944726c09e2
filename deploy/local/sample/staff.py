"""Who is in the office: sections, branches and cadres with their posts, founded once, then moved about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

from deploy.local.sample import texts
from schemas.base import Line, Tier
from schemas.people.cadres import Establishment

LEAST: Final = 6  # two leaders, two heads, two staff: below that there is no office
YOUTH_AGE: Final = 40
_A_SECTION: Final = 9
_A_BRANCH: Final = 35
_OF_INSTITUTION: Final = 3  # every third of the staff
_AGES: Final[dict[Tier, tuple[int, int]]] = {"leadership": (41, 57), "section-head": (34, 54), "staff": (23, 55)}


@dataclass(frozen=True, slots=True)
class Section:
    """A section and its lines of work."""

    id: str
    name: str
    lines: tuple[Line, ...]


@dataclass(slots=True)
class Cadre:
    """A cadre as of the month being written."""

    id: str
    name: str
    birth_year: int
    joined_on: date
    section: Section
    tier: Tier
    post: str
    establishment: Establishment = "civil-service"
    acting: bool = False
    away: bool = False  # borrowed by another office, or ill
    branch: str = ""
    # A second post: heading a section that has no head of its own.
    concurrent: Section | None = None


class Roles(NamedTuple):
    """Those of the staff to whom something happens in the year; in a small office several are one and the same."""

    borrowed: Cadre
    ill: Cadre
    warned: Cadre
    cleared: Cadre  # of what was held against them, after a time
    recruit: Cadre
    reproved: Cadre


@dataclass(slots=True)
class Office:
    """An office, its year and its own stream of chance, from which alone all of its year follows."""

    id: str
    year: int
    rng: random.Random
    sections: list[Section] = field(default_factory=list)
    cadres: list[Cadre] = field(default_factory=list)
    branch_names: dict[str, str] = field(default_factory=dict)
    roles: Roles = field(init=False)
    aside: random.Random = field(default_factory=random.Random)  # what came later draws here, and moves nothing else

    @property
    def leaders(self) -> list[Cadre]:
        """The leadership, the head of the office first."""
        return [cadre for cadre in self.cadres if cadre.tier == "leadership"]

    @property
    def present(self) -> list[Cadre]:
        """Those who are neither borrowed nor ill."""
        return [cadre for cadre in self.cadres if not cadre.away]

    @property
    def youths(self) -> list[Cadre]:
        """The youth study group: 40 and younger."""
        return [cadre for cadre in self.cadres if self.year - cadre.birth_year <= YOUTH_AGE]

    def branches(self) -> dict[str, list[Cadre]]:
        """Members by party branch."""
        grouped: dict[str, list[Cadre]] = {}
        for cadre in self.cadres:
            grouped.setdefault(cadre.branch, []).append(cadre)
        return grouped

    def members(self, section: Section) -> list[Cadre]:
        """Those whose main post is in the section."""
        return [cadre for cadre in self.cadres if cadre.section is section]

    def head(self, section: Section) -> Cadre:
        """Whoever heads the section, be it concurrently; else the head of the office."""
        return next(self.heads(section), self.leaders[0])

    def heads(self, section: Section) -> Iterator[Cadre]:
        """Those who head the section, be it concurrently."""
        for cadre in self.cadres:
            if cadre.concurrent is section or (cadre.tier == "section-head" and cadre.section is section):
                yield cadre


def found(ident: str, year: int, cadres: int, rng: random.Random) -> Office:
    """An office with that many cadres."""
    office = Office(ident, year, rng, aside=random.Random(str(rng.getstate()[1][:8])))  # noqa: S311  # the same
    leaders = min(9, max(2, cadres // 16))
    count = min(len(texts.SECTIONS), max(2, (cadres - leaders) // _A_SECTION + 2), (cadres - leaders) // 2)
    office.sections = [Section(*texts.LEADERS, ()), *(Section(*parts) for parts in texts.SECTIONS[:count])]
    for number in range(1, cadres + 1):
        office.cadres.append(_cadre(office, number, leaders))
    _put_into_branches(office, cadres)
    _spread_headships(office)
    _cast(office)
    return office


def _cadre(office: Office, number: int, leaders: int) -> Cadre:
    working = len(office.sections) - 1
    place = number - leaders - 1  # from 0: first one head a section, then staff in turn
    tier: Tier = "leadership" if place < 0 else "section-head" if place < working else "staff"
    section = office.sections[0 if place < 0 else place % working + 1]
    birth_year = office.year - office.rng.randint(*_AGES[tier])
    ident = f"p-{office.id.removeprefix('o-')}-{number:03d}"
    joined_on = _joined(office, birth_year)
    return Cadre(ident, _name(office.rng), birth_year, joined_on, section, tier, f"{ident}-a")


def _joined(office: Office, birth_year: int) -> date:
    latest = date(office.year - 1, 9, 1)
    earliest = min(latest, date(birth_year + 22, 7, 1))
    return earliest + timedelta(days=office.rng.randint(0, min((latest - earliest).days, 1500)))


def _name(rng: random.Random) -> str:
    first = rng.choice(texts.FIRST) if rng.random() < 0.75 else ""  # noqa: PLR2004
    return rng.choice(texts.SURNAMES) + first + rng.choice(texts.SECOND)


def _put_into_branches(office: Office, cadres: int) -> None:
    """Whole sections into one branch each, so that its members know each other from work."""
    count = min(-(-cadres // _A_BRANCH), len(texts.NUMERALS), len(office.sections))
    for cadre in office.cadres:
        number = office.sections.index(cadre.section) % count
        cadre.branch = f"branch-{number + 1}"
        office.branch_names[cadre.branch] = "机关党支部" if count == 1 else f"机关第{texts.NUMERALS[number]}党支部"


def _spread_headships(office: Office) -> None:
    """The second section is led by an acting head; the last by a deputy, concurrently, until July (see ``people``)."""
    office.head(office.sections[2]).acting = True
    last = office.sections[-1]
    if last is not office.sections[2]:
        office.head(last).tier = "staff"
        office.leaders[1].concurrent = last


def _cast(office: Office) -> None:
    """The last of the staff have a part to play, the recruit as one; every third is of an institution (事业编)."""
    staff = [cadre for cadre in office.cadres if cadre.tier == "staff"]
    office.roles = Roles(*(staff[-place % len(staff)] for place in range(1, len(Roles._fields) + 1)))
    recruit = office.roles.recruit
    recruit.birth_year, recruit.joined_on = office.year - 23, date(office.year, 1, 1)
    for cadre in staff[::_OF_INSTITUTION]:
        cadre.establishment = "institution"
