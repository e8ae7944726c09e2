"""What rows became: an action that is ready to be sent, or what is wrong with it, in which column, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deploy.local.spreadsheets.files import Row
from deploy.local.spreadsheets.sheets import Sheet
from schemas.declared import KINDS, New

Json = dict[str, Any]
Words = Mapping[str, str]
Thing = tuple[str, str]  # its kind and id


class Fate(NamedTuple):
    """What became of a row, or of a cell of it."""

    sheet: str
    row: int
    column: str | None
    outcome: str
    code: str | None = None
    message: Words | None = None

    def told(self) -> Json:
        """As JSON."""
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows as an action: one, or several that follow each other, each with parts of the same.

    ``of_part``: for each member that lists parts the rows that they stand in.
    """

    rows: tuple[Row, ...]
    sheet: Sheet
    action: Json
    of_part: Mapping[str, list[Row]] = field(default_factory=dict)

    def fates(
        self, outcome: str, code: str | None = None, message: Words | None = None, pointer: str = ""
    ) -> Iterator[Fate]:
        """What became of its rows; ``pointer``: what of the action it is about, ``/data/targets/0/kind``."""
        found, column = self._row(pointer), self._column(pointer)
        for row in self.rows:
            here = column if found is None or found is row else None
            yield Fate(row.sheet, row.number, here, outcome, code, message)

    def things(self) -> Iterator[tuple[Thing, str, bool]]:
        """All that the action names, where, and whether it makes it."""
        for place in self.sheet.model.NAMES:
            pointer = "/data/" + "/".join(place.path)
            for ident in place.ids(self.action["data"]):
                for kind in place.mark.kinds:
                    yield (kind, ident), pointer, isinstance(place.mark, New)

    def missing(self, message: Words) -> tuple[Thing, str] | None:
        """Which of what it names such a sentence says isn't there, and where it is named."""
        for (kind, ident), pointer, _ in self.things():
            if f" {KINDS[kind].en} {ident} " in message["en"]:
                return (kind, ident), pointer
        return None

    def _row(self, pointer: str) -> Row | None:
        """The row of a part; None where all of them have it."""
        _, _, name, place, *_ = (*pointer.split("/"), "", "", "", "")
        rows = self.of_part.get(name, [])
        return rows[int(place)] if place.isdecimal() and int(place) < len(rows) else None

    def _column(self, pointer: str) -> str | None:
        way = tuple(part for part in pointer.removeprefix("/data/").split("/") if not part.isdecimal())
        exact = [column.zh for column in self.sheet.columns if column.path == way]
        near = [column.zh for column in self.sheet.columns if column.path[-1:] == way[-1:]]
        return next(iter(exact + near), None) if pointer else None
