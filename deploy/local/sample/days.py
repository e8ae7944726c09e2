"""The office's days: its zone, its holidays as far as they fall on known days, and the slots of its study sessions."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from schemas.learning import Carrier

ZONE: Final = timezone(timedelta(hours=8))  # Asia/Shanghai: no summer time since 1991
SESSIONS_A_MONTH: Final = 4

# The first day of the lunar year. Other years have no spring holiday here: this is a sample, not a calendar.
_LUNAR_NEW_YEAR: Final = {
    2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
}  # fmt: skip
_FIXED: Final = {1: range(1, 4), 5: range(1, 6), 10: range(1, 8)}

# One weekday a carrier, and a person is in at most one group of each: nobody is ever in two places at once.
_WEEKDAY: Final[dict[Carrier, int]] = {"section": 0, "branch": 2, "youth-group": 3, "central-group": 4}
_MORNING, _AFTERNOON = time(8, 30), time(14, 0)


def spring(year: int) -> date:
    """The first day of the lunar year, or where unknown a day near it."""
    return date(year, *_LUNAR_NEW_YEAR.get(year, (2, 5)))


def holiday(day: date) -> bool:
    """New Year, the spring festival week, May Day or the National Day week."""
    return day.day in _FIXED.get(day.month, ()) or -1 <= (day - spring(day.year)).days <= 6  # noqa: PLR2004


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """An instant of that day, office time."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE)


def workday(day: date) -> date:
    """That day, or the next on which the office works."""
    while day.weekday() > calendar.FRIDAY or holiday(day):
        day += timedelta(days=1)
    return day


def starts(carrier: Carrier, year: int, month: int) -> list[datetime]:
    """The four sessions of a carrier in a month: mornings, and afternoons too where holidays take weeks away."""
    days = [
        day
        for week in calendar.Calendar().monthdatescalendar(year, month)
        if (day := week[_WEEKDAY[carrier]]).month == month and not holiday(day)
    ]
    slots = [datetime.combine(day, hour, ZONE) for hour in (_MORNING, _AFTERNOON) for day in days]
    return sorted(slots[:SESSIONS_A_MONTH])
