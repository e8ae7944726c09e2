"""``office import``: rows of a workbook or CSV as actions; each row's fate is told, nothing is sent before that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import typer

from deploy.local.api import headers, stack_settings
from deploy.local.commands.options import HomeOption, JsonOption, LangOption
from deploy.local.speaking.messages import language
from deploy.local.speaking.trouble import USAGE, CommandError, explained
from deploy.local.speaking.words import say
from deploy.local.spreadsheets.actions import read
from deploy.local.spreadsheets.fates import Fate, Ready
from deploy.local.spreadsheets.files import digest, rows
from deploy.local.spreadsheets.posting import Poster
from deploy.local.spreadsheets.sending import Sending
from deploy.local.spreadsheets.telling import Teller
from schemas.base import ID
from services.common.telling.showing import growing

_SECONDS = 60
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each row · 只试不发")]
_Correct = Annotated[bool, typer.Option("--correct", help="Record changed rows as corrections · 将改动的行作更正登记")]


def import_(
    file: Annotated[Path, typer.Argument(help="F.xlsx or F.csv, as `office template` has it · 要导入的文件")],
    *,
    office: Annotated[str, typer.Option(help="In which office · 机关编号")],
    dry_run: _DryRun = False,
    correct: _Correct = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """导入表格 · Record the rows of a workbook or CSV file; each row's fate with sheet, row and column."""
    speech = language(lang)
    with explained(speech):
        if not re.fullmatch(ID, office):
            raise CommandError("bad_id", USAGE, value=office)
        with Teller(speech, as_json=as_json) as teller:
            count = _readable(file, office, teller)
            try:
                _record(file, office, count, teller, home, dry_run=dry_run, correct=correct)
            except CommandError:
                if not teller.refused:  # what is wrong with the file is told without a stack, too
                    raise
    raise typer.Exit(1 if teller.refused else 0)


def _readable(file: Path, office: str, teller: Teller) -> int:
    """How many actions the rows make; what is wrong with the others is told."""
    count = 0
    with growing(say(teller.lang, "reading_rows")) as (advance, add):
        for each in read(rows(file), office):
            add(1)
            advance(1)
            if isinstance(each, Fate):
                teller.tell(each)
            else:
                count += 1
    return count


def _record(  # what the command was given
    file: Path, office: str, count: int, teller: Teller, home: Path | None, *, dry_run: bool, correct: bool
) -> None:
    """Try all of it; then, if nothing is refused, record it."""
    settings = stack_settings(home, teller.lang)
    publisher = headers(settings, "publisher")
    with httpx.Client(base_url=settings.recorder_url, headers=publisher, timeout=_SECONDS) as client:
        sending = Sending(Poster(client, office), teller, count, correct=correct)
        sending.try_all(_ready(file, office), last=dry_run)
        if not (dry_run or teller.refused):
            sending.declare(digest(file), count)
            sending.send_all(_ready(file, office))


def _ready(file: Path, office: str) -> Iterator[Ready]:
    """The rows as actions, read once more: none is kept."""
    return (each for each in read(rows(file), office) if not isinstance(each, Fate))
