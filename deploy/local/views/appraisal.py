"""An office's appraisal table: by section and tier, never by merit; study time as met or not, evidence as counts."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from deploy.local.messages import Lang
from deploy.local.words import say, term

Json = dict[str, Any]

_TIERS: Final = ("leadership", "section-head", "staff")
_COLUMNS: Final = ("section", "tier", "person", "name", "requirement", "evidence", "stage", "grade")


def appraisal(office: str, year: int, rows: list[Json], lang: Lang) -> Group:
    """The table, and what it is not."""
    table = Table(title=say(lang, "appraisal", year=year, office=office), title_justify="left", title_style="bold")
    for column in _COLUMNS:
        table.add_column(say(lang, column), overflow="fold")
    for section, members in groupby(sorted(rows, key=_order), key=_section):
        for place, row in enumerate(members):
            table.add_row("" if place else section, *_cells(row, lang))
        table.add_section()
    return Group(table, Text(say(lang, "no_ranking"), style="dim"))


def _order(row: Json) -> tuple[str, int, str]:
    tier = _TIERS.index(row["tier"]) if row["tier"] in _TIERS else len(_TIERS)
    return _section(row), tier, row["person"]


def _section(row: Json) -> str:
    return row["section"] or ""


def _cells(row: Json, lang: Lang) -> list[Text]:
    met = row["requirement_met"]
    grade = row["grade"] or row["proposed_grade"]
    return [
        Text(term(lang, row["tier"])),
        Text(row["person"], style="dim"),
        Text(row["name"] or ""),
        Text(say(lang, "met" if met else "unmet"), style="green" if met else "dim"),
        Text(_evidence(row["evidence_by_group"], lang)),
        Text(term(lang, row["stage"]), style="dim"),
        Text(term(lang, grade)),
    ]


def _evidence(counts: dict[str, int], lang: Lang) -> str:
    return " · ".join(f"{term(lang, group)} {count}" for group, count in sorted(counts.items()))
