"""The states that one batch works on: loaded once, changed in memory, written once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from services.recorder.domain.core import Changes, Key, NotLoaded, S, State


class Row:
    """One state: its stored JSON until somebody looks, the stream's version where the key is a stream's."""

    __slots__ = ("changed", "raw", "state", "version")

    def __init__(self, raw: str | None, version: int) -> None:
        """Not looked at yet."""
        self.raw = raw
        self.version = version
        self.state: State | None = None
        self.changed = False

    def dump(self) -> str | None:
        """The state as JSON, only what differs from empty."""
        return self.raw if self.state is None else self.state.model_dump_json(exclude_defaults=True)


class Working:
    """The loaded states by key; an absent one is loaded too, as empty."""

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self._rows: dict[Key, Row] = {}

    def missing(self, keys: Iterable[Key]) -> set[Key]:
        """Those of these keys that are not loaded."""
        return set(keys).difference(self._rows)

    def load(self, keys: Iterable[Key], found: Iterable[Any]) -> None:
        """Take in what the ledger holds of these keys (records of kind, key, version, state)."""
        for key in keys:
            self._rows[key] = Row(None, 0)
        for record in found:
            self._rows[record["kind"], record["key"]] = Row(record["state"], record["version"])

    def of(self, kind: type[S], key: Key) -> S:
        """The state of that key. Raises NotLoaded."""
        row = self._rows.get(key)
        if row is None:
            raise NotLoaded(key)
        if row.state is None:
            row.state = kind() if row.raw is None else kind.model_validate_json(row.raw)
        return cast("S", row.state)

    def version(self, key: Key) -> int:
        """The version of the stream with that key: 0 before its first event. Raises NotLoaded."""
        row = self._rows.get(key)
        if row is None:
            raise NotLoaded(key)
        return row.version

    def advance(self, key: Key, version: int) -> None:
        """The stream with that key has this version now."""
        row = self._rows[key]
        row.version = version
        row.changed = True

    def apply(self, changes: Changes) -> None:
        """Take changed states on. Raises NotLoaded before anything is changed."""
        for key in changes:
            if key not in self._rows:
                raise NotLoaded(key)
        for key, state in changes.items():
            row = self._rows[key]
            row.state = state
            row.changed = True

    def changed(self) -> list[tuple[str, str, int, str | None]]:
        """Kind, key, version and JSON of every changed state, in the order of the keys."""
        rows = sorted(((key, row) for key, row in self._rows.items() if row.changed), key=lambda item: item[0])
        return [(kind, key, row.version, row.dump()) for (kind, key), row in rows]
