"""What is told of each row: lines for people, or one JSON document, written as it comes."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Final, Self

import orjson
import typer

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say
from deploy.local.spreadsheets.fates import Fate

_WELL: Final = frozenset({"accepted", "repeated", "corrected", "would-pass", "depends", "skipped"})
_MOST: Final = 50  # lines of what is well are counted, of the others so many are told to people


class Teller:
    """Tells fates; counts them."""

    def __init__(self, lang: Lang, *, as_json: bool) -> None:
        self.lang: Lang = lang
        self._json = as_json
        self._counts: Counter[str] = Counter()
        self._told = 0

    @property
    def refused(self) -> int:
        """How many rows or cells aren't recorded as they stand."""
        return sum(count for outcome, count in self._counts.items() if outcome not in _WELL)

    @property
    def told(self) -> int:
        """Of how many rows or cells something was told; not of sheets that aren't read."""
        return sum(count for outcome, count in self._counts.items() if outcome != "skipped")

    def __enter__(self) -> Self:
        """Begin the document."""
        if self._json:
            sys.stdout.write("[")
        return self

    def __exit__(self, *trouble: object) -> None:
        """End it; people get a summary."""
        if self._json:
            sys.stdout.write("]\n")
        elif not any(trouble):
            counted = {name: self._counts[name] for name in _WELL}
            tried = self._counts["would-pass"] or self._counts["depends"]
            key = "would_import" if tried else "imported" if self.told else "no_row"
            told = {name.replace("-", "_"): count for name, count in counted.items()}
            typer.echo(say(self.lang, key, **told, refused=self.refused), err=True)

    def tell(self, *fates: Fate) -> None:
        """Tell them."""
        for fate in fates:
            self._one(fate)

    def _one(self, fate: Fate) -> None:
        self._counts[fate.outcome] += 1
        if self._json:
            first = sum(self._counts.values()) == 1
            sys.stdout.write(("" if first else ",\n") + orjson.dumps(fate.told()).decode())
        elif fate.message is not None and fate.outcome != "depends":
            self._told += 1
            if self._told <= _MOST:
                typer.echo(self._line(fate))
            elif self._told == _MOST + 1:
                typer.echo(say(self.lang, "more_fates"))

    def _line(self, fate: Fate) -> str:
        where = say(self.lang, "at_row", sheet=fate.sheet, row=fate.row)
        column = f" · {fate.column}" if fate.column else ""
        code = f"{fate.code}: " if fate.code else ""
        return f"{where}{column} · {code}{(fate.message or {}).get(self.lang, '')}"
