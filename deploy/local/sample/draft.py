"""An action as it will be published, and the moment at which it is handed in (never before it happened)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from deploy.local.sample.days import ZONE

LATE_SHARE: Final = 0.03
_WITHOUT_REASON: Final = 0.08
_REASONS: Final = ("forgotten", "offline", "evidence-late")

Entry = Literal["hand", "machine"]
# The source of what is tried although the rules refuse it: its id begins with the refusal's code.
TRIED: Final = "/tried"


@dataclass(frozen=True, slots=True)
class Draft:
    """One action. ``handed_in`` orders the publication and is no part of it; nothing corrects a ``settled`` one."""

    source: str
    id: str
    type: str
    time: datetime
    actor: str
    data: dict[str, Any]
    entry: Entry
    handed_in: datetime
    settled: bool = False

    def envelope(self, office: str) -> dict[str, Any]:
        """The CloudEvent, structured mode."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time.isoformat(),
            "office": office,
            "actor": self.actor,
            "entry": self.entry,
            "datacontenttype": "application/json",
            "data": self.data,
        }


@dataclass(frozen=True, slots=True)
class HandIn:
    """When a fact is reported, and why so late if it is."""

    moment: datetime
    late: dict[str, str]


def year_end(year: int) -> datetime:
    """The last second of the year."""
    return datetime(year, 12, 31, 23, 59, 59, tzinfo=ZONE)


def hand_in(rng: random.Random, happened: datetime) -> HandIn:
    """Report within three days; a few come more than 30 days later, most of these with their reason."""
    end = year_end(happened.year)
    later = happened + timedelta(days=rng.randint(32, 56), minutes=rng.randrange(600))
    if rng.random() < LATE_SHARE and later < end:
        reason = {} if rng.random() < _WITHOUT_REASON else {"late_reason": rng.choice(_REASONS)}
        return HandIn(later, reason)
    return HandIn(min(happened + timedelta(minutes=rng.randint(5, 4000)), end), {})


def refusal_of(action: Mapping[str, Any]) -> str | None:
    """The code by which the recorder refuses what the sample only tries, the first time; None of all else."""
    return str(action["id"]).partition(":")[0] if action["source"] == TRIED else None
