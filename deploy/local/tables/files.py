"""Workbooks and CSV, written row by row: typed cells, frozen headings, nothing that a spreadsheet would calculate."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any, Final, Protocol

import orjson
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from rich.cells import cell_len

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import term
from deploy.local.tables.described import Column, Resource

Row = dict[str, Any]
_ZONE: Final = timezone(timedelta(hours=8))
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_NARROW, _WIDE, _ROOM = 8, 42, 2
_OF_FORM: Final = {"date": 12, "date-time": 20, "integer": 10, "boolean": 8}
_LONGEST_TITLE: Final = 31  # of a sheet


class Sheets(Protocol):
    """Where tables are written to."""

    def sheet(self, resource: Resource, lang: Lang) -> None:
        """Begin a table."""

    def row(self, row: Row, lang: Lang) -> None:
        """Write a row of it."""


@contextmanager
def opened(out: Path) -> Iterator[Sheets]:
    """A workbook or a CSV file, by its ending; it is there once it is whole."""
    partial = out.with_name(f".{out.name}.part")
    try:
        if out.suffix == ".xlsx":
            book = Book()
            yield book
            book.workbook.save(partial)
        else:
            with partial.open("w", encoding="utf-8-sig", newline="") as file:  # with a mark by which Excel knows it
                yield Lines(file)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


class Book:
    """A workbook: a sheet a table, each row out of memory once it is written."""

    def __init__(self) -> None:
        self.workbook = Workbook(write_only=True)
        self._columns: tuple[Column, ...] = ()

    def sheet(self, resource: Resource, lang: Lang) -> None:
        """Begin a table."""
        self._columns = resource.columns
        title = (resource.zh if lang == "zh" else resource.key)[:_LONGEST_TITLE]
        self._sheet = self.workbook.create_sheet(title.replace("/", "-"))
        self._sheet.freeze_panes = "A2"
        headings = [column.heading(lang) for column in self._columns]
        for place, (column, heading) in enumerate(zip(self._columns, headings, strict=True), 1):
            wide = max(_OF_FORM.get(column.form, _NARROW + 4), cell_len(heading) + _ROOM)
            self._sheet.column_dimensions[get_column_letter(place)].width = min(wide, _WIDE)
        self._sheet.append([self._cell(heading, bold=True) for heading in headings])

    def row(self, row: Row, lang: Lang) -> None:
        """Write a row."""
        self._sheet.append([self._cell(typed(column, row.get(column.name), lang)) for column in self._columns])

    def _cell(self, value: Any, *, bold: bool = False) -> Any:  # noqa: ANN401  # a cell, or what makes one
        if isinstance(value, str) and (bold or value.startswith(_FORMULA)):
            cell = WriteOnlyCell(self._sheet, value)
            cell.data_type = "s"  # a text, whatever it begins with
            cell.quotePrefix = not bold
            if bold:
                cell.font = Font(bold=True)
            return cell
        return value


class Lines:
    """A CSV file; one table."""

    def __init__(self, file: IO[str]) -> None:
        self._writer = csv.writer(file)
        self._columns: tuple[Column, ...] = ()

    def sheet(self, resource: Resource, lang: Lang) -> None:
        """Begin a table."""
        self._columns = resource.columns
        self._writer.writerow(column.heading(lang) for column in self._columns)

    def row(self, row: Row, lang: Lang) -> None:
        """Write a row; what a spreadsheet would calculate begins with an apostrophe."""
        self._writer.writerow(map(_plain, (typed(c, row.get(c.name), lang) for c in self._columns)))


def typed(column: Column, value: Any, lang: Lang) -> Any:  # noqa: ANN401  # JSON, and what cells hold
    """A value as a cell has it: days and instants (of Shanghai) as such, counts in words, codes as they are."""
    match value:
        case str() if column.form == "date":
            return date.fromisoformat(value)
        case str() if column.form == "date-time":
            return datetime.fromisoformat(value).astimezone(_ZONE).replace(tzinfo=None, microsecond=0)
        case None | bool() | int() | str():
            return value
        case dict() if all(isinstance(number, int) for number in value.values()):
            return "；".join(f"{_word(column, code, lang)} {number}" for code, number in value.items())
        case list() if all(isinstance(each, str) for each in value):
            return "；".join(value)
    return orjson.dumps(value).decode()


# What the counts of a column are counts of, where its name doesn't say it.
_COUNTED: Final = {
    "by_session_kind": "kinds",
    "by_carrier": "carriers",
    "outputs_by_effect": "effect",
    "by_group": "entry_group",
    "evidence_by_group": "entry_group",
    "evidence_by_guide": "guide",
}


def _word(column: Column, code: str, lang: Lang) -> str:
    return term(lang, _COUNTED.get(column.name, column.name.removeprefix("by_")), code)


def _plain(value: Any) -> Any:  # noqa: ANN401  # what cells hold
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
