"""Who may do what: grants by bearer token, read from ``tokens.json``.

    {"publisher": "<token>", "reader": "<token>", "auditor": "<token>", "operator": "<token>",
     "study-platform": {"token": "…", "role": "publisher", "offices": ["o-1"], "sources": ["/study"],
                        "types": ["chengzhang.learning.*"]},
     "zhang": {"token": "…", "role": "reader", "person": "p-1"}}

A bare token stands under its role's name and reaches all offices; an object narrows what it names.
"""

import hashlib
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.envelope import IDENTITY

Role = Literal["publisher", "reader", "auditor", "operator"]
_ROLES: Final = frozenset(get_args(Role))
_Names = frozenset[Annotated[str, Field(min_length=1)]]
_NAME: Final = re.compile(IDENTITY)
_log = structlog.get_logger(__name__)


class GrantsError(Exception):
    """The token file is not there or not as it should be: says what, never a token."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one token allows. ``None`` where nothing narrows."""

    name: str
    role: Role
    offices: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    types: frozenset[str] | None = None
    person: str | None = None
    section: str | None = None

    def in_office(self, office: str) -> bool:
        """Whether the grant reaches this office."""
        return self.offices is None or office in self.offices

    def may_publish(self, office: str, source: str, type_: str) -> bool:
        """Whether this is a publisher of that source, office and action type (types may end in ``*``)."""
        return self.owns(office, source) and (self.types is None or any(fnmatchcase(type_, t) for t in self.types))

    def owns(self, office: str, source: str) -> bool:
        """Whether this is a publisher of that source in that office: it may see the receipts."""
        return self.role == "publisher" and self.in_office(office) and (self.sources is None or source in self.sources)

    @property
    def narrowed(self) -> bool:
        """Whether a reader's grant is less than every office."""
        return any(limit is not None for limit in (self.offices, self.person, self.section))


class _Entry(BaseModel):
    """One value of the token file."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: str = Field(min_length=8)
    role: Role
    offices: _Names | None = None
    sources: _Names | None = None
    types: _Names | None = None
    person: str | None = Field(default=None, min_length=1)
    section: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.role != "publisher" and (self.sources is not None or self.types is not None):
            raise ValueError("sources and types narrow a publisher only")
        if self.role != "reader" and (self.person is not None or self.section is not None):
            raise ValueError("person and section narrow a reader only")
        if self.section is not None and self.offices is None:
            raise ValueError("section needs offices: another office may have a section with the same id")
        return self


@dataclass(slots=True)
class Grants:
    """The grants of one token file, read again when the file changes."""

    path: Path
    _by_digest: dict[bytes, Grant] = field(default_factory=dict)
    _mark: tuple[int, int, int] | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file. GrantsError where it can't be read or is not as it should be."""
        grants = cls(path)
        grants._read()
        return grants

    def of(self, token: str) -> Grant | None:
        """The token's grant. Looked up by SHA-256, so the time it takes says nothing of how near a guess came."""
        try:
            if self._read():
                _log.info("grants-renewed", grants=len(self._by_digest))
        except GrantsError as error:
            # A half-written file must not lock everyone out: the last good grants hold until the file is mended.
            _log.error("grants-not-renewed", reason=str(error))
        return self._by_digest.get(_digest(token))

    def _read(self) -> bool:
        """Read the file, if it has changed; whether it has."""
        try:
            stat = self.path.stat()
            mark = stat.st_mtime_ns, stat.st_size, stat.st_ino
            if mark == self._mark:
                return False
            self._mark, raw = mark, self.path.read_bytes()
        except OSError as error:
            told = f"{self.path}: can't be read ({error.strerror}). CHENGZHANG_TOKENS names the file."
            raise GrantsError(told) from error
        self._by_digest = _parse(self.path, raw)
        return True


def _parse(path: Path, raw: bytes) -> dict[bytes, Grant]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise GrantsError(f"{path}: not JSON at line {error.lineno}, column {error.colno}.") from None
    if not isinstance(value, dict) or not value:
        raise GrantsError(f'{path}: not a JSON object of grants, such as {{"publisher": "<token>"}}.')
    found: dict[bytes, Grant] = {}
    for name, item in value.items():
        entry = _entry(path, name, item)
        digest = _digest(entry.token)
        if digest in found:
            raise GrantsError(f"{path}: {name} and {found[digest].name} have the same token; give each its own.")
        found[digest] = Grant(name=name, **entry.model_dump(exclude={"token"}))
    return found


def _entry(path: Path, name: str, item: Any) -> _Entry:  # noqa: ANN401 - anything that JSON holds
    if not _NAME.fullmatch(name):
        raise GrantsError(
            f"{path}: {name!r} is no name for a token: letters and digits, behind the first also . _ @ : / + -, "
            "at most 64. It stands in every event that the token sends: name an app or a role, never a person."
        )
    if isinstance(item, str) and name not in _ROLES:
        raise GrantsError(
            f"{path}: {name} is no role ({', '.join(sorted(_ROLES))}), so it needs an object with token and role."
        )
    try:
        return _Entry.model_validate({"token": item, "role": name} if isinstance(item, str) else item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/".join((name, *map(str, first["loc"])))
        raise GrantsError(f"{path}: {where}: {first['msg']}.") from None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
