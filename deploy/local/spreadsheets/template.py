"""``office template``: the workbook to fill in: a sheet an action, pick lists, an example row, a page of help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from rich.cells import cell_len

from deploy.local.commands.options import LangOption
from deploy.local.speaking.messages import language
from deploy.local.speaking.trouble import USAGE, CommandError, explained
from deploy.local.speaking.words import say
from deploy.local.spreadsheets.sheets import EXAMPLE, HELP, NOTE, TIME, Column, Sheet, sheets

_ROWS: Final = 50_001  # for which pick lists are offered
_MOST: Final = 250  # characters of a pick list
_EXAMPLES: Final = {
    "day": "2026-03-02", "instant": "2026-03-02 09:00", "month": "2026-03", "whole": 1, "yes": "是",
    "counts": "优秀 3、称职 5",
}  # fmt: skip


def template(
    file: Annotated[Path, typer.Argument(help="F.xlsx · 输出文件")],
    *,
    lang: LangOption = None,
) -> None:
    """导入模板 · Write the workbook to fill in and import: a sheet an action, pick lists, an example, help."""
    speech = language(lang)
    with explained(speech):
        if file.suffix != ".xlsx":
            raise CommandError("template_ending", USAGE, file=file)
        try:
            _book().save(file)
        except OSError as error:
            raise CommandError("no_out", out=file, reason=error.strerror) from error
    typer.echo(say(speech, "template_written", file=file, sheets=len(sheets())), err=True)


def _book() -> Workbook:
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    _help(page)
    for sheet in sheets().values():
        _sheet(book.create_sheet(sheet.title), sheet)
    return book


def _help(page: Worksheet) -> None:
    page.title = HELP
    page.column_dimensions["A"].width = 100
    for line in say("zh", "template_help").splitlines():
        page.append([line])
    page["A1"].font = Font(bold=True, size=14)
    for (cell,) in page.iter_rows():
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _sheet(page: Worksheet, sheet: Sheet) -> None:
    page.freeze_panes = "A2"
    page.append([f"{column.zh}*" if column.required else column.zh for column in sheet.columns])
    page.append([_example(column) for column in sheet.columns])
    for place, column in enumerate(sheet.columns, 1):
        letter = get_column_letter(place)
        head = page[f"{letter}1"]
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="DDEBF7")
        head.comment = Comment(_said(column), "成长")
        page[f"{letter}2"].font = Font(italic=True, color="888888")
        page.column_dimensions[letter].width = max(12, cell_len(column.zh) + 4)
        if column.form in {"id", "month"} or column.many:
            page.column_dimensions[letter].number_format = "@"
        _choices(page, column, letter)


def _choices(page: Worksheet, column: Column, letter: str) -> None:
    listed = ",".join(each.zh for each in column.values.values())
    if column.values and not column.many and len(listed) <= _MOST:
        choice = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
        page.add_data_validation(choice)
        choice.add(f"{letter}2:{letter}{_ROWS}")


def _example(column: Column) -> Any:  # noqa: ANN401  # what cells hold
    if column.path == (NOTE,):
        return EXAMPLE
    if column.path == (TIME,):
        return _EXAMPLES["instant"]
    if column.values:
        return next(iter(column.values.values())).zh
    if column.form == "id":
        return f"{column.kind[:1]}-1"
    return _EXAMPLES.get(column.form, "…")


def _said(column: Column) -> str:
    several = "；可填多项，用顿号分开" if column.many else ""
    return f"{column.name} · {column.en}{several}"
