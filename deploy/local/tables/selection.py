"""``office selection``: who may be chosen, which condition fails where not, how it went; the events behind a figure."""

from __future__ import annotations

from typing import Annotated, Any

import httpx
import typer
from rich.console import Group, RenderableType
from rich.text import Text

from deploy.local.api import pages, reader, stack_settings
from deploy.local.commands.appraisal import ExplainOption, read_behind
from deploy.local.commands.options import AsOfOption, HomeOption, JsonOption, LangOption, OfficeOption
from deploy.local.commands.show import check_as_of, console, ident, known_office, print_json
from deploy.local.speaking.messages import Lang, language
from deploy.local.speaking.trouble import CommandError, explained
from deploy.local.speaking.words import say
from deploy.local.tables.described import Resource, named
from deploy.local.tables.show import drawn
from deploy.local.views.behind import behind

Row = dict[str, Any]
_TABLE = "selections"


def selection(
    which: Annotated[str, typer.Argument(metavar="ID", help="A selection's id · 评先编号")],
    *,
    explain: ExplainOption = None,
    office: OfficeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """查看评先 · Show who may be chosen, which condition fails where not, who is recommended, voted for and chosen."""
    speech = language(lang)
    check_as_of(speech, as_of)
    then = {"as_of": as_of} if as_of else {}
    with explained(speech):
        with reader(stack_settings(home, speech)) as client:
            where, key = known_office(client, office), {"selection": ident(which)}
            found: Row = {"office": where, "selection": which, "items": list(_rows(client, where, key | then))}
            if not found["items"]:
                raise CommandError("no_selection", selection=which, office=where)
            if explain:
                key |= {"subject": ident(explain[0])}
                found = read_behind(client, f"/offices/{where}/{_TABLE}", key | then, explain)
            table = named(client, _TABLE)
        if as_json:
            print_json(found)
        else:
            console().print(behind(table, explain[0], found, speech) if explain else _shown(table, found, speech))


def _rows(client: httpx.Client, office: str, asked: dict[str, str]) -> list[Row]:
    return [row for page in pages(client, f"/offices/{office}/{_TABLE}", asked) for row in page["items"]]


def _shown(table: Resource, found: Row, lang: Lang) -> RenderableType:
    """Candidates before all others, each in the order of the ids: votes rank nobody."""
    rows = [row | {"subject_name": row["subject_name"] or row["section_name"]} for row in found["items"]]
    title = say(lang, "selection", selection=found["selection"], honour=rows[0]["honour"], office=found["office"])
    shown = drawn(table, found["office"], sorted(rows, key=lambda row: not row["recommended"]), lang)
    shown.title = None
    return Group(Text(title, style="bold"), shown)
