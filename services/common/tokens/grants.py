"""Who may do what: grants by bearer token, read from the token file (``services.common.tokens``)."""

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Self

import structlog

from schemas.entries.taking import DisputeEntry, ProposeEntry
from schemas.people.erasure import IRREVOCABLE
from services.common.telling.both import Both
from services.common.tokens.entries import GrantsError, Role, digest, entries_of, read_file, values_of
from services.common.tokens.uses import Uses

__all__ = ["Grant", "Grants", "GrantsError", "Role"]
NOT_YOURS: Final = "not-yours"  # the code of what a grant doesn't reach
OWN: Final = frozenset({ProposeEntry.TYPE, DisputeEntry.TYPE})  # what a cadre says
_SETTLED: Final = 100_000_000  # nanoseconds: a file written since may be written again without looking changed
_Mark = tuple[int, int, int, int]
_log = structlog.get_logger(__name__)


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
        """Whether this is a publisher of that source, office and action type; what can't be undone it must name."""
        if self.role == "cadre":
            return self.in_office(office) and type_ in OWN
        named = type_ not in IRREVOCABLE or (self.types is not None and type_ in self.types)
        return named and self.reaches(office, source, type_)

    def reaches(self, office: str, source: str, type_: str) -> bool:
        """Whether what such an action recorded is this publisher's (types may end in ``*``)."""
        return self.owns(office, source) and (self.types is None or any(fnmatchcase(type_, t) for t in self.types))

    def owns(self, office: str, source: str) -> bool:
        """Whether this is a publisher of that source in that office: it may see the receipts."""
        publishing = self.role in {"publisher", "organiser"}
        return publishing and self.in_office(office) and (self.sources is None or source in self.sources)

    def sees(self, by: str, code: str | None) -> bool:
        """Whether a receipt of what it owns is shown to it: its own; of sources that it names also what others sent.

        What was refused since it isn't the sender's is nobody's but the sender's. A role's own token sees all.
        """
        return self.name in {by, self.role} or (self.sources is not None and code != NOT_YOURS)

    def own(self, actor: str) -> str | None:
        """Whose entries alone a cadre proposes and disputes: the token's person, else who acts; None for all others."""
        return (self.person or actor) if self.role == "cadre" else None

    @property
    def names(self) -> bool:
        """Whether it may know names: a reader, or a cadre of the own file."""
        return self.role == "reader" or (self.role == "cadre" and self.person is not None)

    @property
    def narrowed(self) -> bool:
        """Whether a reader's grant is less than every office."""
        return any(limit is not None for limit in (self.offices, self.person, self.section))


@dataclass(slots=True)
class Grants:
    """The grants of one token file, read again when the file changes. ``uses``: where uses are noted.

    As long as the file isn't as it should be, nobody is let in: what it said before may be what it was to end.
    """

    path: Path
    uses: Uses | None = None
    _by_digest: dict[bytes, tuple[Grant, datetime | None]] = field(default_factory=dict)
    _mark: _Mark | None = None
    _trouble: Both | None = None

    @classmethod
    def load(cls, path: Path, uses: Path | None = None) -> Self:
        """Read the file. GrantsError where it can't be read or is not as it should be."""
        grants = cls(path, None if uses is None else Uses(uses))
        grants._read()
        return grants

    def of(self, token: str) -> Grant | None:
        """The token's grant. Looked up by SHA-256, so the time it takes says nothing of how near a guess came."""
        self._renew()
        found = self._by_digest.get(digest(token))
        if found is None:
            return None
        (grant, until), now = found, datetime.now(UTC)
        if until is not None and now > until:
            _log.warning("token-expired", grant=grant.name)
            return None
        if self.uses is not None:
            self.uses.note(grant.name, now)
        return grant

    def named(self, name: str) -> Grant | None:
        """The grant of that name, whoever proved it; None where there is none, or no longer.

        Raises GrantsError where the file isn't as it should be.
        """
        if why := self.trouble():
            raise GrantsError(why)
        found = (each for each in self._by_digest.values() if each[0].name == name)
        grant, until = next(found, (None, None))
        return None if until is not None and datetime.now(UTC) > until else grant

    def trouble(self) -> Both | None:
        """Why nobody is let in, if so; looked at now."""
        self._renew()
        return self._trouble

    def _renew(self) -> None:
        try:
            if self._changed() and self._read():
                _log.info("grants-renewed", grants=len(self._by_digest))
        except GrantsError as error:
            self._by_digest = {}
            if self._trouble != error.why:
                _log.error("grants-refused", reason=error.why.en, reason_zh=error.why.zh)
            self._trouble = error.why

    def _changed(self) -> bool:
        try:
            return self._mark is None or self._mark != _mark_of(self.path.stat())
        except OSError:
            return True

    def _read(self) -> bool:
        """Read the file; whether it says something else than before. Raises GrantsError."""
        self._mark = None  # what can't be read is looked at again, whatever it looks like
        stat, raw = read_file(self.path)
        read = {
            entry.digest: (Grant(name=name, **entry.model_dump(exclude={"token", "sha256", "expires"})), entry.until)
            for name, entry in entries_of(self.path, values_of(self.path, raw)).items()
        }
        if time.time_ns() - stat.st_mtime_ns > _SETTLED:
            self._mark = _mark_of(stat)
        other = read != self._by_digest
        self._by_digest, self._trouble = read, None
        return other


def _mark_of(stat: os.stat_result) -> _Mark:
    return stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_mode
