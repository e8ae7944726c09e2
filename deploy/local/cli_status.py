"""The command ``office status``."""

from __future__ import annotations

import json

import typer

from deploy.local.messages import language
from deploy.local.options import HomeOption, JsonOption, LangOption
from deploy.local.overview import EXIT_CODES, overview, table
from deploy.local.steps import at, explained, out


def status(home: HomeOption = None, lang: LangOption = None, *, as_json: JsonOption = False) -> None:
    """查看运行状态 · Tell what runs, and where."""
    speech = language(lang)
    with explained(speech):
        found = overview(at(home))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        out.print(table(found, speech))
    raise typer.Exit(EXIT_CODES[found["state"]])
