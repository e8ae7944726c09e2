"""The command ``office status``."""

from __future__ import annotations

import json

import typer

from deploy.local.commands.options import HomeOption, JsonOption, LangOption
from deploy.local.running.overview import EXIT_CODES, advice, overview, refused, table
from deploy.local.speaking.messages import language, text
from deploy.local.speaking.steps import at, err, explained, out


def status(home: HomeOption = None, lang: LangOption = None, *, as_json: JsonOption = False) -> None:
    """查看运行状态 · Tell what runs, and where."""
    speech, folder = language(lang), at(home)
    with explained(speech):
        found = overview(folder)
        mend = advice(folder, found)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        out.print(table(found, speech))
    if mend:
        err.print(text(speech, mend, file=folder.stack_json), markup=False)
    if why := refused(found, speech):
        err.print(why, style="bold red", markup=False)
    raise typer.Exit(EXIT_CODES[found["state"]])
