"""What a rebuild changes, by person and figure: a file for whoever has to judge it, and a summary."""

import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

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
    return {"differences": found and asdict(found)}


def kept(noted: Mapping[str, Any] | None) -> Differences | None:
    """The same, back from there."""
    told = (noted or {}).get("differences")
    return None if told is None else TypeAdapter(Differences).validate_python(told)
