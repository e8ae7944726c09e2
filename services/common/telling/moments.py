"""Days and instants as people give them to commands and queries. A day is one of Shanghai, from its start to its end.

Instants are RFC 3339 with an offset. ValueError where a text is neither.
"""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from schemas.base import instant

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_TICK: Final = timedelta(microseconds=1)


def first_of(text: str) -> datetime:
    """The first instant that counts: a day's start, or the instant itself."""
    return instant(text) if "t" in text.lower() else _start(date.fromisoformat(text))


def last_of(text: str) -> datetime:
    """The last instant that counts: a day's end, or the instant itself. OverflowError after the last day there is."""
    return instant(text) if "t" in text.lower() else _start(date.fromisoformat(text) + timedelta(days=1)) - _TICK


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def minute_of(moment: datetime) -> str:
    """An instant as people read it: day and time of day in Shanghai."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
