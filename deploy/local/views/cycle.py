"""How far a year's appraisal is: how many at which stage, seats, what is missing for whom, what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from rich.table import Table

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say, term
from schemas.appraisal.grading import Stage
from schemas.declared import choices

Json = dict[str, Any]
_STAGES: Final = choices(Stage)
_LISTED: Final = 12  # names a line: who wants all has the table below


def how_far(rows: list[Json], quota: list[Json], lang: Lang) -> Table:
    """A line each, of the rows of everybody who is in a pool; each has its ``name``."""
    there = [row for row in rows if row.get("pool")]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for heading, lines in (
        ("how_far", [_stages(there, lang)]),
        ("seats", [_seats(pool, lang) for pool in quota]),
        ("to_do", _groups(((row["missing"][0], row) for row in there if row["missing"]), "missing", lang)),
        ("barred", _groups(((bar, row) for row in there for bar in row["bars"]), "bar", lang)),
        ("follows", _groups(((code, row) for row in there for code in row["follows"]), "follows", lang)),
    ):
        for place, line in enumerate(filter(None, lines)):
            grid.add_row("" if place else say(lang, heading), line)
    return grid


def _stages(rows: list[Json], lang: Lang) -> str:
    counts = [(stage, sum(row["stage"] == stage for row in rows)) for stage in _STAGES]
    return _joined((f"{term(lang, 'stage', stage)} {count}" for stage, count in counts if count), lang)


def _seats(pool: Json, lang: Lang) -> str:
    said = say(lang, "seats_of", **{**pool, "pool": term(lang, "pool", pool["pool"])})
    return said + (say(lang, "posted_until", day=pool["posting_ends_on"]) if pool["posting_ends_on"] else "")


def _groups(found: Iterable[tuple[str, Json]], field: str, lang: Lang) -> Iterator[str]:
    """Whom each code is about, in the order in which the codes came."""
    whom: dict[str, list[str]] = {}
    for code, row in found:
        whom.setdefault(code, []).append(row["name"])
    for code, names in whom.items():
        more = say(lang, "and_more", count=len(names) - _LISTED) if len(names) > _LISTED else ""
        yield say(lang, "whom", what=term(lang, field, code), names=_joined(names[:_LISTED], lang)) + more


def _joined(parts: Iterable[str], lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(parts)
