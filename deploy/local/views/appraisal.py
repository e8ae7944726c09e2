"""An office's appraisal table: by section and tier, never by merit; study time as met or not, evidence as counts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Group
from rich.text import Text

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say, term
from deploy.local.views.cycle import how_far
from schemas.appraisal.grading import OF_INSTITUTIONS
from services.common.telling.showing import Whole

Json = dict[str, Any]
Cell = Callable[[Json, Lang], Text]

_NAME: Final = 6
_NOT_OPENED: Final = "not-opened"
_WHY: Final = ("undetermined", "not-appraised")  # grades that say why
_WORD: Final = len("undetermined")
_TIERS: Final = ("leadership", "section-head", "staff")


def appraisal(year: int, found: Json, lang: Lang, as_of: str | None = None) -> Group:
    """How far it is, the table, and what that is not. What is the same for all is said once; what nobody has, not.

    ``found``: the rows, and the seats of their cycle as ``quota``.
    """
    rows = [row | {"name": _named(row, found, lang)} for row in found["items"]]
    stages = {row["stage"] for row in rows}
    groups = sorted({group for row in rows for group in row["evidence_by_group"]})
    shown = [name for name in _CELLS if (name != "stage" or len(stages) > 1) and (name != "grade" or _any_grade(rows))]
    title = say(lang, "appraisal", year=year, office=found["office"])
    title += f"\n{say(lang, 'as_of', day=as_of)}" if as_of else ""
    table = Whole(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("section", *shown):  # where it is narrow, words are broken, ids never
        table.add_column(say(lang, name), overflow="fold", min_width=_least(name, rows, lang))
    for group in groups:
        table.add_column(term(lang, "entry_group", group), justify="right", overflow="fold")
    for _, members in groupby(sorted(rows, key=_order), key=_seat):
        for place, row in enumerate(members):
            counts = [str(row["evidence_by_group"].get(group, "")) for group in groups]
            table.add_row("" if place else _section(row), *(_CELLS[name](row, lang) for name in shown), *counts)
        table.add_section()
    far = [how_far(rows, found["quota"], lang)] if stages != {_NOT_OPENED} else []
    return Group(Text(title, style="bold"), *far, table, Text(_notes(stages, lang), style="dim"))


def _notes(stages: set[str], lang: Lang) -> str:
    notes = [say(lang, "stage_of_all", stage=term(lang, "stage", stage)) for stage in stages if len(stages) == 1]
    return "\n".join([*notes, say(lang, "no_ranking")])


def _any_grade(rows: list[Json]) -> bool:
    return any(map(_graded, rows))


def _order(row: Json) -> tuple[str, int, str]:
    tier = _TIERS.index(row["tier"]) if row["tier"] in _TIERS else len(_TIERS)
    return _seat(row), tier, row["person"]


def _seat(row: Json) -> str:
    return row["section"] or ""


def _section(row: Json) -> str:
    return row["section_name"] or _seat(row)


def _tier(row: Json, lang: Lang) -> Text:
    return Text(term(lang, "tier", row["tier"]))


def _person(row: Json, _: Lang) -> Text:
    return Text(row["person"], style="dim")


def _least(column: str, rows: list[Json], lang: Lang) -> int | None:
    """So wide at least: ids whole, a section's name of six characters, a person's of three."""
    if column == "section":
        return min(max((cell_len(_section(row)) for row in rows), default=0), 2 * _NAME)
    if column == "person":
        return max((len(row[column]) for row in rows), default=0)
    if column == "grade":  # a word is whole, why it is so may be broken
        return min(max((cell_len(word) for row in rows for word in str(_grade(row, lang)).split()), default=0), _WORD)
    return _NAME if column == "name" else None


def _named(row: Json, found: Json, lang: Lang) -> str:
    """The name; where there is none, why."""
    return row["name"] or say(lang, "erased" if row["person"] in found.get("erased", ()) else "unnamed")


def _name(row: Json, _: Lang) -> Text:
    return Text(row["name"])


def _requirement(row: Json, lang: Lang) -> Text:
    met = row["requirement_met"]
    return Text(say(lang, "met" if met else "unmet"), style="green" if met else "dim")


def _stage(row: Json, lang: Lang) -> Text:
    return Text(term(lang, "stage", row["stage"]), style="dim")


def _graded(row: Json) -> str | None:
    grade: str | None = row["grade"] or row["proposed_grade"]
    return grade


def _grade(row: Json, lang: Lang) -> Text:
    """As it stands; as it is proposed until then. Institutions (事业编) call the same codes otherwise."""
    code = _graded(row)
    said = term(lang, "grade", code)
    if lang == "zh" and row["establishment"] == "institution":
        said = OF_INSTITUTIONS.get(code or "", said)
    if code in _WHY or row["reason"] == "refused":
        said = say(lang, "grade_why", grade=said, why=term(lang, "reason", row["reason"]))
    return Text(said) if row["grade"] or not code else Text(say(lang, "grade_proposed", grade=said), style="dim")


_CELLS: Final[dict[str, Cell]] = {
    "tier": _tier,
    "person": _person,
    "name": _name,
    "requirement": _requirement,
    "stage": _stage,
    "grade": _grade,
}
