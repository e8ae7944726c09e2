"""``office appraisal``: how far a year's appraisal is, everybody's row, and the events behind a figure."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import typer
from rich.console import RenderableType

from deploy.local.api import pages, reader, stack_settings
from deploy.local.commands.options import AsOfOption, HomeOption, JsonOption, LangOption, OfficeOption
from deploy.local.commands.show import check_as_of, console, ident, joined, known_office, print_json
from deploy.local.speaking.messages import Lang, language
from deploy.local.speaking.trouble import CommandError, explained
from deploy.local.speaking.words import say
from deploy.local.tables.described import named
from deploy.local.views.appraisal import appraisal as appraisal_table
from deploy.local.views.behind import behind

Json = dict[str, Any]


ExplainOption = Annotated[
    tuple[str, str] | None,
    typer.Option(metavar="WHOSE FIGURE", help="The events behind somebody's figure · 某人某项数字的依据事件"),
]


def appraisal(
    year: Annotated[int, typer.Argument(min=1900, max=2200, help="Calendar year · 年份")],
    *,
    explain: ExplainOption = None,
    office: OfficeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """查看年度考核 · Show how far a year's appraisal is, seats, what is missing for whom, every row. No ranking."""
    speech = language(lang)
    check_as_of(speech, as_of)
    with explained(speech):
        with reader(stack_settings(home, speech)) as client:
            which = known_office(client, office)
            if explain:
                then = {"person": ident(explain[0])} | ({"as_of": as_of} if as_of else {})
                found = read_behind(client, f"/offices/{which}/appraisals/{year}", then, explain)
            else:
                found = read(client, which, year, as_of)
            shown = None if as_json else _shown(client, year, found, speech, as_of, explain)
        if shown is None:
            print_json(found)
        else:
            console().print(shown, markup=False)


def read(client: httpx.Client, office: str, year: int, as_of: str | None = None, at_least: str | None = None) -> Json:
    """An office's appraisals of a year, and its cycle's seats as ``quota``, as one answer. Raises CommandError."""
    then = {"as_of": as_of} if as_of else {}
    wait = {"at_least": at_least} if at_least else {}
    whole = joined(client, f"/offices/{office}/appraisals/{year}", then | wait, "items")
    found = whole or {"office": office, "items": [], "next": None, "seen": {}}
    cycles = {row.get("cycle") for row in found["items"]} - {None}
    seats = [row for page in pages(client, f"/offices/{office}/quota", then) for row in page["items"]]
    return found | {"quota": [row for row in seats if row["cycle"] in cycles]}


def read_behind(client: httpx.Client, path: str, asked: dict[str, str], explain: tuple[str, str]) -> Json:
    """A figure of a row with all events behind it. Raises CommandError, where there is no such row or figure too."""
    whose, figure = explain
    found = joined(client, path, asked | {"explain": figure}, "events")
    if found is None:
        raise CommandError("not_listed_there", whose=whose)
    return found


def _shown(  # noqa: PLR0917  # what it is told from
    client: httpx.Client, year: int, found: Json, lang: Lang, as_of: str | None, explain: tuple[str, str] | None
) -> RenderableType:
    if explain:
        return behind(named(client, "appraisals"), explain[0], found, lang)
    if found["items"]:
        return appraisal_table(year, found, lang, as_of)
    return say(lang, "not_by_then", day=as_of) if as_of else say(lang, "nobody", office=found["office"], year=year)
