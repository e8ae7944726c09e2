"""Rows as people filled them in: under which heading each value stands, or what is wrong with a cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from openpyxl.utils import get_column_letter

from deploy.local.speaking.trouble import USAGE, CommandError
from deploy.local.speaking.words import both
from deploy.local.spreadsheets.cells import Unclear, empty, value_of
from deploy.local.spreadsheets.fates import Fate
from deploy.local.spreadsheets.files import Row
from deploy.local.spreadsheets.sheets import EXAMPLE, HELP, NOTE, Sheet, of

Json = dict[str, Any]
_INVALID: Final = "invalid-field"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a row says, member by member; of a list of parts the one that it has."""

    row: Row
    sheet: Sheet
    said: Json


def drafts(rows: Iterable[Row]) -> Iterator[Draft | Fate]:
    """Each row that is to be recorded, or what is wrong with it. Raises CommandError where no sheet is known."""
    name, page = "", None
    known = False
    for row in rows:
        if row.sheet != name:
            name, sheet = row.sheet, of(row.sheet)
            known = known or sheet is not None
            page = None if sheet is None else _Page(sheet, row)
            if page is not None:
                yield from page.wrong()
            elif name != HELP:
                yield Fate(name, row.number, None, "skipped", None, both("skipped_sheet", sheet=name))
        elif page is not None and not page.example(row):
            yield from page.read(row)
    if not known:
        raise CommandError("no_sheet", USAGE)


class _Page:
    """A sheet with the headings that it has."""

    def __init__(self, sheet: Sheet, headings: Row) -> None:
        self.sheet, self._headings = sheet, headings
        self._columns = [None if empty(cell) else sheet.found(str(cell)) for cell in headings.cells]

    def wrong(self) -> Iterator[Fate]:
        """Headings that are none, or there twice."""
        seen = set[tuple[str, ...]]()
        for column, cell in zip(self._columns, self._headings.cells, strict=True):
            if column is None and not empty(cell):
                yield self._fate(self._headings, str(cell), "unknown_heading", heading=cell, sheet=self.sheet.title)
            elif column is not None and column.path in seen:
                yield self._fate(self._headings, str(cell), "heading_twice", heading=cell, sheet=self.sheet.title)
            elif column is not None:
                seen.add(column.path)

    def example(self, row: Row) -> bool:
        """Whether the row is one that shows how to fill in."""
        pairs = zip(self._columns, row.cells, strict=False)
        noted = (cell for column, cell in pairs if column is not None and column.path == (NOTE,))
        return str(next(noted, "") or "").strip() == EXAMPLE

    def read(self, row: Row) -> Iterator[Draft | Fate]:
        """What the row says."""
        said: Json = {}
        wrong = False
        for place, cell in enumerate(row.cells):
            column = self._columns[place] if place < len(self._columns) else None
            if empty(cell) or (column is None and self._headed(place)) or (column and column.path == (NOTE,)):
                continue
            if column is None:
                wrong = True
                yield self._fate(row, get_column_letter(place + 1), "no_heading")
                continue
            try:
                _lay(said, column.path, value_of(column, cell))
            except Unclear as unclear:
                wrong = True
                yield self._fate(row, column.zh, unclear.key, **unclear.values)
        if said and not wrong:
            yield Draft(row, self.sheet, said)

    def _headed(self, place: int) -> bool:
        return place < len(self._headings.cells) and not empty(self._headings.cells[place])

    def _fate(self, row: Row, column: str, key: str, **values: object) -> Fate:
        return Fate(row.sheet, row.number, column, "refused", _INVALID, both(key, **values))


def _lay(said: Json, path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401  # JSON
    for part in path[:-1]:
        said = said.setdefault(part, {})
    said[path[-1]] = value
