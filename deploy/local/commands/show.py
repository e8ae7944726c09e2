"""``office file``: what the read models say of a cadre, in the terminal; what other commands read with."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import httpx
import orjson
import typer
from rich.console import Console

from deploy.local.api import get, pages, reader, stack_settings
from deploy.local.commands.options import AsOfOption, HomeOption, JsonOption, LangOption
from deploy.local.speaking.messages import Lang, language
from deploy.local.speaking.trouble import USAGE, CommandError, explained
from deploy.local.speaking.words import say
from deploy.local.views.growth import growth_file
from schemas.base import ID
from services.common.telling.moments import last_of

Json = dict[str, Any]

SHOWN: Final = 25
_LISTED: Final = 20


def file(
    person: Annotated[str, typer.Argument(help="A person's id · 人员编号")],
    *,
    as_of: AsOfOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Every entry · 全部记录")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """查看成长档案 · Show a cadre's growth file."""
    speech = language(lang)
    check_as_of(speech, as_of)
    with explained(speech):
        with reader(stack_settings(home, speech)) as client:
            found = read_file(client, ident(person), as_of)
        if as_json:
            print_json(found)
        else:
            console().print(growth_file(found, speech, None if all_ else SHOWN))


def read_file(client: httpx.Client, person: str, as_of: str | None = None, at_least: str | None = None) -> Json:
    """A person's growth file with all its entries, as one answer. Raises CommandError."""
    params = {name: value for name, value in (("as_of", as_of), ("at_least", at_least)) if value}
    whole = joined(client, f"/people/{person}/growth-file", params, "entries")
    if whole is None:
        raise CommandError("no_person", person=person)
    return whole


def joined(client: httpx.Client, path: str, params: dict[str, str], items: str) -> Json | None:
    """All pages as one; None where there is nothing."""
    whole: Json | None = None
    for page in pages(client, path, params):
        if whole is None:
            whole = page
        else:
            whole[items] += page[items]
            whole["seen"] = page["seen"]
            if erased := {*whole.get("erased", ()), *page.get("erased", ())}:
                whole["erased"] = sorted(erased)
    if whole is not None:
        whole["next"] = None
    return whole


def _only_office(client: httpx.Client) -> str:
    """The one office that there is. Raises CommandError, with the first few, where there are more."""
    listed = get(client, "/offices", {"limit": str(_LISTED + 1)})
    offices = [str(item["office"]) for item in listed["items"]] if listed else []
    if not offices:
        raise CommandError("no_office")
    if len(offices) > 1:
        named = ", ".join([*offices[:_LISTED], *(["…"] if len(offices) > _LISTED else [])])
        raise CommandError("which_office", USAGE, offices=named)
    return offices[0]


def _offices(client: httpx.Client) -> set[str]:
    return {str(item["office"]) for page in pages(client, "/offices", {}) for item in page["items"]}


def ident(value: str) -> str:
    """Raises CommandError where it is none."""
    if not re.fullmatch(ID, value):
        raise CommandError("bad_id", USAGE, value=value)
    return value


def known_office(client: httpx.Client, office: str | None) -> str:
    """The office that is named, or the only one. Raises CommandError."""
    which = ident(office) if office else _only_office(client)
    if office and which not in _offices(client):
        raise CommandError("no_such_office", office=which)
    return which


def check_as_of(lang: Lang, as_of: str | None) -> None:
    """Raise BadParameter where it is neither a day nor an instant."""
    try:
        if as_of is not None:
            last_of(as_of)
    except (ValueError, OverflowError):
        raise typer.BadParameter(say(lang, "bad_moment", value=as_of)) from None


def console() -> Console:
    """Where tables are shown."""
    return Console(highlight=False)


def print_json(value: Json) -> None:
    """The answer, for programs."""
    typer.echo(orjson.dumps(value).decode())
