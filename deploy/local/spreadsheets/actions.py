"""Rows as actions, or what is wrong with them: in which column, and how to mend it. Nothing is sent here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from pydantic import ValidationError

from deploy.local.speaking.trouble import USAGE, CommandError
from deploy.local.speaking.words import both
from deploy.local.spreadsheets.cells import Unclear, instant_of, value_of
from deploy.local.spreadsheets.files import Row
from deploy.local.spreadsheets.sheets import EXAMPLE, NOTE, ROLL, TIME, Column, Sheet, day_of, of
from services.common.telling.explain import field_errors

SOURCE: Final = "/import"
Json = dict[str, Any]


class Fate(NamedTuple):
    """What became of a row, or of a cell of it."""

    sheet: str
    row: int
    column: str | None
    outcome: str
    code: str | None = None
    message: Mapping[str, str] | None = None

    def told(self) -> Json:
        """As JSON."""
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Ready:
    """A row as an action."""

    row: Row
    sheet: Sheet
    action: Json
    also: tuple[Row, ...] = ()  # further rows, each with a part of the same

    def column(self, pointer: str) -> str | None:
        """The heading of what a pointer into the action names."""
        way = tuple(part for part in pointer.removeprefix("/data/").split("/") if not part.isdecimal())
        return next((c.zh for c in self.sheet.columns if c.path == way or c.path[-1:] == way[-1:]), None)

    def fates(
        self, outcome: str, code: str | None = None, message: Mapping[str, str] | None = None, column: str | None = None
    ) -> list[Fate]:
        """What became of its rows."""
        return [Fate(row.sheet, row.number, column, outcome, code, message) for row in (self.row, *self.also)]


def read(rows: Iterable[Row], office: str) -> Iterator[Ready | Fate]:
    """Rows as actions, or why they aren't; rows that follow each other with parts of one thing are one action."""
    before: Ready | None = None
    for each in _each(rows, office):
        if isinstance(each, Ready) and before is not None and _one(before, each):
            part = str(each.sheet.part)
            before.action["data"][part] += each.action["data"][part]
            before = Ready(before.row, before.sheet, before.action, (*before.also, each.row))
            continue
        if before is not None:
            yield before
        before = each if isinstance(each, Ready) else None
        if isinstance(each, Fate):
            yield each
    if before is not None:
        yield before


def _one(before: Ready, each: Ready) -> bool:
    """Whether both have parts of the same: a line of a roll is a fact of its own."""
    part = each.sheet.part
    return part not in {None, ROLL} and before.sheet is each.sheet and before.action["id"] == each.action["id"]


def _each(rows: Iterable[Row], office: str) -> Iterator[Ready | Fate]:
    """Each row that is to be recorded as an action, or why not. Raises CommandError where no sheet is known."""
    sheet: Sheet | None = None
    columns: list[Column | None] = []
    name = ""
    known = False
    for row in rows:
        if row.sheet != name:
            name, sheet = row.sheet, of(row.sheet)
            known = known or sheet is not None
            if sheet is not None:
                columns = [sheet.found(str(cell or "")) for cell in row.cells]
                yield from _headings(sheet, columns, row)
            continue
        if sheet is not None and not _example(columns, row):
            yield from _row(sheet, columns, row, office)
    if not known:
        raise CommandError("no_sheet", USAGE)


def _headings(sheet: Sheet, columns: list[Column | None], row: Row) -> Iterator[Fate]:
    for column, cell in zip(columns, row.cells, strict=True):
        if column is None and str(cell or "").strip():
            message = both("unknown_heading", heading=cell, sheet=sheet.title)
            yield Fate(row.sheet, row.number, str(cell), "refused", "invalid-field", message)


def _example(columns: list[Column | None], row: Row) -> bool:
    noted = (cell for column, cell in zip(columns, row.cells, strict=False) if column and column.path == (NOTE,))
    return str(next(noted, "") or "").strip() == EXAMPLE


def _row(sheet: Sheet, columns: list[Column | None], row: Row, office: str) -> Iterator[Ready | Fate]:
    found: Json = {}
    wrong = False
    for column, cell in zip(columns, row.cells, strict=False):
        if column is None or column.path == (NOTE,):
            continue
        try:
            value = value_of(column, cell)
        except Unclear as unclear:
            wrong = True
            yield Fate(row.sheet, row.number, column.zh, "refused", "invalid-field", both(unclear.key))
            continue
        if value is not None:
            _lay(found, column.path, value)
    if wrong or not found:
        return
    yield from _action(sheet, row, found, office)


def _lay(found: Json, path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401  # JSON
    for part in path[:-1]:
        found = found.setdefault(part, {})
    found[path[-1]] = value


def _action(sheet: Sheet, row: Row, data: Json, office: str) -> Iterator[Ready | Fate]:
    time = data.pop(TIME, None)
    if time is None and (day := day_of(sheet)) and day in data:
        time = instant_of(data[day])
    if time is None:
        yield Fate(row.sheet, row.number, sheet.columns[1].zh, "refused", "invalid-field", both("no_time"))
        return
    if sheet.part is not None:
        data[sheet.part] = [data.pop(sheet.part, {})]
    try:
        sheet.model.model_validate(data)
    except ValidationError as error:
        yield from _invalid(sheet, row, data, error)
        return
    yield Ready(row, sheet, _envelope(sheet, data, time, office))


def _invalid(sheet: Sheet, row: Row, data: Json, error: ValidationError) -> Iterator[Fate]:
    ready = Ready(row, sheet, {})
    for each in field_errors(error.errors(include_url=False, include_input=False), data, "/data"):
        message = {"en": f"{each.en} ({each.fix_en})", "zh": f"{each.zh}（{each.fix_zh}）"}
        yield from ready.fates("refused", "invalid-field", message, ready.column(each.pointer))


def _envelope(sheet: Sheet, data: Json, time: str, office: str) -> Json:
    """Its id is the same whenever what the row is about is the same: sent again it is no second fact."""
    return {
        "specversion": "1.0", "id": _ident(sheet, data, time), "source": SOURCE, "type": sheet.model.TYPE, "time": time,
        "office": office, "actor": "import", "entry": "hand", "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def _ident(sheet: Sheet, data: Json, time: str) -> str:
    parts: list[Any] = [_at(data, name) for name in sheet.key]
    if not parts or any(part is None for part in parts):
        parts = [time, data]  # nothing tells it from another but what it says
    digest = hashlib.sha256(orjson.dumps([sheet.model.TYPE, parts], option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{sheet.model.TYPE.split('.')[2]}-{digest[:24]}"


def _at(data: Json, name: str) -> Any:  # noqa: ANN401  # JSON
    found: Any = data
    for part in name.split("."):
        if isinstance(found, list):
            found = found[0] if found else {}
        found = found.get(part) if isinstance(found, dict) else None
    return found
