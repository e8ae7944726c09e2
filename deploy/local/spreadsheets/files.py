"""The rows of a workbook or CSV file, as they stand: a sheet at a time, merged cells filled, CSV in UTF-8 or GBK."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from deploy.local.speaking.trouble import USAGE, CommandError

_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_DELIMITERS: Final = (",", ";", "\t")
_AT_ONCE: Final = 1 << 20


class Row(NamedTuple):
    """Where it stands, from 1 on, and what is in it."""

    sheet: str
    number: int
    cells: list[Any]


def rows(file: Path) -> Iterator[Row]:
    """All rows that hold anything, headings first. Raises CommandError where the file can't be read."""
    try:
        yield from _of_csv(file) if file.suffix.lower() == ".csv" else _of_workbook(file)
    except (OSError, CalamineError, csv.Error) as error:
        raise CommandError("no_file", USAGE, file=file, reason=getattr(error, "strerror", None) or error) from error


def digest(file: Path) -> str:
    """Its SHA-256. Raises CommandError."""
    found = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while part := opened.read(_AT_ONCE):
                found.update(part)
    except OSError as error:
        raise CommandError("no_file", USAGE, file=file, reason=error.strerror) from error
    return found.hexdigest()


def _of_workbook(file: Path) -> Iterator[Row]:
    book = CalamineWorkbook.from_path(str(file))
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        left = (sheet.start or (0, 0))[1]  # rows begin there, and at the very first one
        merged: dict[int, list[tuple[int, int, int]]] = {}  # by their first row: the last one, the columns
        for (row, column), (last, until) in sheet.merged_cell_ranges or ():
            merged.setdefault(row, []).append((last, column - left, until - left))
        covering: dict[int, tuple[int, Any]] = {}  # of a column its merged cell's last row, and what stands in it
        for number, cells in enumerate(sheet.iter_rows()):
            for last, column, until in merged.get(number, ()):
                covering |= dict.fromkeys(range(column, until + 1), (last, cells[column]))
            for column in [column for column, (last, _) in covering.items() if last < number]:
                del covering[column]
            for column, (_, value) in covering.items():
                if column < len(cells) and cells[column] == "":
                    cells[column] = value
            if any(cell != "" for cell in cells):
                yield Row(name, number + 1, [""] * left + cells)


def _of_csv(file: Path) -> Iterator[Row]:
    with file.open(encoding=_encoding(file), newline="") as opened:
        headings = opened.readline()
        opened.seek(0)
        by = max(_DELIMITERS, key=headings.count)
        for number, cells in enumerate(csv.reader(opened, delimiter=by), 1):
            if any(cell.strip() for cell in cells):
                yield Row(file.stem, number, [cell.removeprefix("'") for cell in cells])


def _encoding(file: Path) -> str:
    """UTF-8 where all of it is; else what spreadsheets write in China. Raises CommandError."""
    with file.open("rb") as raw:
        marked = raw.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}  # what Excel calls Unicode text
    for encoding in ("utf-16",) if marked else _ENCODINGS:
        try:
            with file.open(encoding=encoding) as opened:
                while opened.read(_AT_ONCE):
                    pass
        except UnicodeError:
            continue
        return encoding
    raise CommandError("bad_encoding", USAGE, file=file)
