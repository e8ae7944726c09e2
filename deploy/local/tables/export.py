"""``office export``: a table of the read models, or all of them, as a workbook or CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from deploy.local.api import pages, reader, stack_settings
from deploy.local.commands.options import AsOfOption, HomeOption, LangOption, OfficeOption
from deploy.local.commands.show import check_as_of, known_office
from deploy.local.speaking.messages import Lang, language
from deploy.local.speaking.trouble import USAGE, CommandError, explained
from deploy.local.speaking.words import say
from deploy.local.tables.described import Resource, named, resources
from deploy.local.tables.files import opened
from services.common.telling.showing import Advance, growing

ALL: Final = "all"
# By which of its columns a row is of a year, where no parameter says so.
_OF_A_YEAR: Final = ("month", "period", "week", "on", "on_day", "starts_at", "due_on", "occurred_at")
Row = dict[str, Any]


def export(
    resource: Annotated[str, typer.Argument(help="A table, as the API calls it (work-outputs), or all · 表名或 all")],
    *,
    out: Annotated[Path, typer.Option(help="F.xlsx or F.csv · 输出文件")],
    office: OfficeOption = None,
    year: Annotated[int | None, typer.Option(min=1900, max=2200, help="Of that year only · 只要该年度")] = None,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """导出表格 · Export a table of the read models, or all of them, as a workbook or CSV."""
    speech = language(lang)
    check_as_of(speech, as_of)
    with explained(speech):
        _check_file(resource, out)
        with reader(stack_settings(home, speech)) as client:
            which = known_office(client, office)
            tables = list(resources(client).values()) if resource == ALL else [named(client, resource)]
            rows = _export(client, tables, out, _Wanted(which, year, as_of), speech)
    typer.echo(say(speech, "exported", rows=rows, tables=len(tables), out=out), err=True)


class _Wanted:
    """Of which office, which year, as of when."""

    def __init__(self, office: str, year: int | None, as_of: str | None) -> None:
        self.office, self.year = office, year
        self.of_year = year or datetime.now(UTC).year  # of tables that exist by year only
        self.params = {"as_of": as_of} if as_of else {}


def _check_file(resource: str, out: Path) -> None:
    if out.suffix not in {".xlsx", ".csv"}:
        raise CommandError("bad_ending", USAGE, out=out)
    if resource == ALL and out.suffix == ".csv":
        raise CommandError("all_in_one", USAGE, out=out)
    if not out.absolute().parent.is_dir():
        raise CommandError("no_out", out=out, reason=out.absolute().parent)


def _export(client: httpx.Client, tables: list[Resource], out: Path, wanted: _Wanted, lang: Lang) -> int:
    written = 0
    try:
        with opened(out) as file, growing(say(lang, "exporting")) as progress:
            for table in tables:
                file.sheet(table, lang)
                for row in _rows(client, table, wanted, progress):
                    file.row(row, lang)
                    written += 1
    except OSError as error:
        raise CommandError("no_out", out=out, reason=error.strerror or error) from error
    return written


def _rows(client: httpx.Client, table: Resource, wanted: _Wanted, progress: tuple[Advance, Advance]) -> Iterator[Row]:
    advance, add = progress
    params = dict(wanted.params)
    if wanted.year and "year" in table.narrowed_by:
        params["year"] = str(wanted.year)
    for page in pages(client, table.path(wanted.office, wanted.of_year), params):
        add(len(page["items"]))
        for row in page["items"]:
            if _of_the_year(table, row, wanted.year):
                yield row
        advance(len(page["items"]))


def _of_the_year(table: Resource, row: Row, year: int | None) -> bool:
    if year is None or table.of_a_year or "year" in table.narrowed_by:
        return True
    told = next((str(row[name]) for name in _OF_A_YEAR if row.get(name)), "")
    return told[:4] == str(year) if told else True
