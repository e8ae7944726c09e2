"""Sessions as convened last, at the time to which they were moved last, called off or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.integration.read_models.known import Known

_SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Met:
    """One session: as it was convened, and when it begins."""

    data: dict[str, Any]
    event_id: str
    starts_at: str
    cancelled: bool

    @property
    def at(self) -> datetime:
        """When it begins, in Shanghai."""
        return begins(self.starts_at)

    @property
    def expected(self) -> set[str]:
        """Who should come."""
        return set() if self.cancelled else set(self.data["expected"])


def sessions(known: Known) -> dict[str, Met]:
    """By their ids."""
    found = {}
    for fact in known.standing("learning.session-convened"):
        ident = fact.data["session"]
        moves = [f for f in known.standing("learning.session-rescheduled") if f.data["session"] == ident]
        moves.sort(key=lambda f: (f.at, f.event["sequence"]))
        off = any(f.data["session"] == ident for f in known.standing("learning.session-cancelled"))
        starts_at = moves[-1].data["starts_at"] if moves else fact.data["starts_at"]
        found[ident] = Met(fact.data, fact.event["id"], starts_at, off)
    return found


def begins(starts_at: str) -> datetime:
    """When that is in Shanghai."""
    return datetime.fromisoformat(starts_at).astimezone(_SHANGHAI)
