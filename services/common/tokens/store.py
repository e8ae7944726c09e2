"""The token file, changed: a token is told once, when it is made, and only its SHA-256 stays."""

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from services.common.durable import write_whole
from services.common.tokens.entries import Entry, GrantsError, digest, entries_of, read_file, values_of
from services.common.tokens.words import said

_BYTES: Final = 32  # of chance in a token


class Store:
    """Whoever changes the file holds a lock beside it. Every method raises GrantsError, or OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> dict[str, Entry]:
        """All that stand there, by name."""
        return entries_of(self._path, self._values())

    def add(self, name: str, grant: Mapping[str, Any]) -> str:
        """Add an entry (``role`` and what narrows it, as in the file); its new token."""
        token = secrets.token_urlsafe(_BYTES)
        with self._changing() as values:
            if name in values:
                raise GrantsError(said("there", path=self._path, name=name))
            values[name] = {"sha256": digest(token).hex(), **grant}
        return token

    def rotate(self, name: str) -> str:
        """Give an entry a new token; the old one ends at once. Where the token itself stood there, it does again."""
        token = secrets.token_urlsafe(_BYTES)
        with self._changing() as values:
            entry = self._there(values, name)
            if isinstance(entry, str):
                values[name] = token
            else:
                plain = "token" in entry
                kept = {key: value for key, value in entry.items() if key not in {"token", "sha256"}}
                values[name] = {"token": token, **kept} if plain else {"sha256": digest(token).hex(), **kept}
        return token

    def revoke(self, name: str) -> None:
        """Take an entry out; its token ends at once."""
        with self._changing() as values:
            self._there(values, name)
            if len(values) == 1:
                raise GrantsError(said("last", path=self._path, name=name))
            del values[name]

    def _there(self, values: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - anything that JSON holds
        if name not in values:
            raise GrantsError(said("absent", path=self._path, name=name))
        return values[name]

    def _values(self) -> dict[str, Any]:
        return values_of(self._path, read_file(self._path)[1])

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The file's entries, to be changed; written back whole, where they are as they should be then."""
        lock = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            values = self._values()
            yield values
            entries_of(self._path, values)
            write_whole(self._path, orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n", anew=False)
        finally:
            os.close(lock)
