"""What a rebuild changes, by person and figure: a file for whoever has to judge it, and a summary."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from services.projector.rebuilding.compare import SQL, Comparison

_HEADER: Final = ("office", "person", "read_model", "key", "figure", "before", "after")
_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of a read model: in how many rows, and of how many people, it differs."""

    read_model: str
    figure: str
    rows: int
    people: int


@dataclass(frozen=True, slots=True)
class Differences:
    """All of it. ``file`` lists each; ``gone`` are read models and columns that the new version lacks."""

    rows: int
    figures: list[Figure]
    gone: list[str]
    file: str


async def write(found: Comparison, file: Path) -> Differences:
    """Write the file (CSV, UTF-8, values as JSON) and sum it up."""
    connection = found.connection
    await connection.execute(SQL.figures.sql)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(_HEADER)
        async with connection.transaction():
            cursor = await connection.cursor(SQL.listed.sql)
            while rows := await cursor.fetch(_AT_ONCE):
                writer.writerows(rows)
    figures = [Figure(**dict(row)) async for row in SQL.summary(connection)]
    return Differences(sum(found.differing.values()), figures, found.removed, str(file))


def as_kept(found: Differences | None) -> dict[str, object]:
    """What is noted with the version, as JSON."""
    return {"differences": None} if found is None else {"differences": orjson.loads(orjson.dumps(found))}


def kept(noted: object) -> Differences | None:
    """The same, back from there."""
    if not isinstance(noted, dict) or noted.get("differences") is None:
        return None
    told = noted["differences"]
    return Differences(told["rows"], [Figure(**one) for one in told["figures"]], told["gone"], told["file"])
