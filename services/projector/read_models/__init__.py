"""One ``.sql`` file a read model; nothing else knows their names.

A file's first lines say which question it answers. A line ``-- base:`` there puts it before the others. Its sections:

    table       creates the table, which has the file's name; run at every start
    staging     creates temporary tables, once a connection
    fold_<n>_…  run in this order in each batch's transaction
    view        creates the public view in the schema ``office``

Any other section is a query of the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiosql

FOLDER: Final = Path(__file__).parent
_OWN: Final = ("table", "staging", "view")


@dataclass(frozen=True, slots=True)
class ReadModel:
    """One file, loaded."""

    name: str
    base: bool
    table: str
    staging: str | None
    view: str | None
    folds: tuple[str, ...]
    queries: Any

    @classmethod
    def load(cls, path: Path) -> ReadModel:
        """Read one file."""
        text = path.read_text(encoding="utf-8")
        queries = aiosql.from_str(text, "asyncpg")
        names = sorted(name for name in queries.available_queries if not name.endswith("_cursor"))
        own = {name: getattr(queries, name).sql for name in _OWN if name in names}
        folds = tuple(getattr(queries, name).sql for name in names if name.startswith("fold_"))
        base = "\n-- base:" in text.partition("\n\n")[0]
        return cls(path.stem, base, own["table"], own.get("staging"), own.get("view"), folds, queries)


def load(folder: Path = FOLDER) -> tuple[ReadModel, ...]:
    """All read models, base ones first."""
    return tuple(sorted(map(ReadModel.load, folder.glob("*.sql")), key=lambda model: (not model.base, model.name)))
