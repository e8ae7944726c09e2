"""What the token file holds: an entry a name. Services know a token by its SHA-256, which gives a random one not away.

    {"publisher": "<token>", "reader": "<token>", "auditor": "<token>", "operator": "<token>",
     "study-platform": {"sha256": "…", "role": "publisher", "offices": ["o-1"], "sources": ["/study"],
                        "types": ["chengzhang.learning.*"], "expires": "2027-12-31"},
     "zhang": {"token": "…", "role": "cadre", "person": "p-1"}}

An organiser publishes as a publisher does. A cadre reads the own file, and proposes and disputes own entries only.

A bare token stands under its role's name and reaches all offices; an object narrows what it names. The token itself
stands there only for whoever runs commands on this machine.
"""

import hashlib
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from schemas.envelope import IDENTITY
from services.common.telling.both import Both
from services.common.telling.moments import last_of
from services.common.tokens.words import said

Role = Literal["publisher", "organiser", "cadre", "reader", "auditor", "operator"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
SHORTEST: Final = 22  # characters of base64url: 128 bits
_SHORTEST_OF: Final = ((re.compile(r"\d+"), 39), (re.compile(r"[0-9a-fA-F]+"), 32))  # with fewer bits a character
_FEWEST: Final = 8  # different characters; a random token of that length has more
_OTHERS: Final = 0o077  # what only its owner may
_NAME: Final = re.compile(IDENTITY)
_Names = frozenset[Annotated[str, Field(min_length=1)]]


class GrantsError(Exception):
    """The token file is not there or not as it should be: says what, in both languages, and never a token."""

    def __init__(self, why: Both) -> None:
        super().__init__(str(why))
        self.why = why


class Entry(BaseModel):
    """One value of the token file: exactly one of ``token`` and ``sha256`` (hexadecimal) is there."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: str | None = None
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    role: Role
    offices: _Names | None = None
    sources: _Names | None = None
    types: _Names | None = None
    person: str | None = Field(default=None, min_length=1)
    section: str | None = Field(default=None, min_length=1)
    expires: str | None = Field(default=None, description="the last day (Shanghai) or instant on which it holds")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.token is None) == (self.sha256 is None):
            raise ValueError("needs either token or sha256")
        if self.role not in {"publisher", "organiser"} and (self.sources is not None or self.types is not None):
            raise ValueError("sources and types narrow a publisher or organiser only")
        if self.role not in {"reader", "cadre"} and self.person is not None:
            raise ValueError("person narrows a reader or cadre only")
        if self.role != "reader" and self.section is not None:
            raise ValueError("section narrows a reader only")
        if self.section is not None and self.offices is None:
            raise ValueError("section needs offices: another office may have a section with the same id")
        return self

    @field_validator("expires")
    @classmethod
    def _moment(cls, value: str | None) -> str | None:
        if value is not None:
            last_of(value)
        return value

    @property
    def digest(self) -> bytes:
        """The token's SHA-256."""
        return digest(self.token) if self.token is not None else bytes.fromhex(str(self.sha256))

    @property
    def until(self) -> datetime | None:
        """The last instant on which it holds."""
        return None if self.expires is None else last_of(self.expires)


def digest(token: str) -> bytes:
    """What services know of a token. It is random, so nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def weak(token: str) -> bool:
    """Whether a token has certainly less than 128 bits: too short, of too few characters, or one piece again."""
    shortest = next((least for form, least in _SHORTEST_OF if form.fullmatch(token)), SHORTEST)
    return len(token) < shortest or len(set(token)) < _FEWEST or token in (token + token)[1:-1]


def read_file(path: Path) -> tuple[os.stat_result, bytes]:
    """A file that its owner alone may read, and how it stood then. Raises GrantsError."""
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            raw = file.read()
    except OSError as error:
        raise GrantsError(said("unread", path=path, reason=error.strerror)) from error
    if stat.st_mode & _OTHERS:
        raise GrantsError(said("others", path=path, mode=f"{stat.st_mode & 0o777:o}"))
    return stat, raw


def values_of(path: Path, raw: bytes) -> dict[str, Any]:
    """The file's object, its entries unchecked. Raises GrantsError."""

    def once(members: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, item in members:
            if name in found:
                raise GrantsError(said("twice", path=path, name=repr(name)))
            found[name] = item
        return found

    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise GrantsError(said("not-json", path=path, line=error.lineno, column=error.colno)) from None
    value = json.loads(raw, object_pairs_hook=once)  # again: orjson takes the last of two, and says nothing
    if not isinstance(value, dict) or not value:
        raise GrantsError(said("no-object", path=path))
    return value


def entries_of(path: Path, values: dict[str, Any]) -> dict[str, Entry]:
    """The entries by name: all of them as they should be. Raises GrantsError."""
    found = {name: _entry(path, name, item) for name, item in values.items()}
    names: dict[bytes, str] = {}
    for name, entry in found.items():
        first = names.setdefault(entry.digest, name)
        if first != name:
            raise GrantsError(said("same", path=path, name=name, first=first))
    return found


def _entry(path: Path, name: str, item: Any) -> Entry:  # noqa: ANN401 - anything that JSON holds
    if not _NAME.fullmatch(name):
        raise GrantsError(said("name", path=path, name=repr(name)))
    if isinstance(item, str) and name not in ROLES:
        raise GrantsError(said("no-role", path=path, name=name, roles=", ".join(ROLES)))
    try:
        entry = Entry.model_validate({"token": item, "role": name} if isinstance(item, str) else item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/".join((name, *map(str, first["loc"])))
        raise GrantsError(said("entry", path=path, where=where, what=first["msg"])) from None
    if entry.token is not None and weak(entry.token):
        raise GrantsError(said("weak", path=path, name=name))
    return entry
