"""The office's days: its zone, its workdays as they were announced, and the slots of its study sessions."""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final

import chinese_calendar
from chinese_calendar import constants

from schemas.learning.sessions import Carrier

ZONE: Final = timezone(timedelta(hours=8))  # Asia/Shanghai: no summer time since 1991
SESSIONS_A_MONTH: Final = 4
_HOLIDAYS: Final[dict[date, Any]] = constants.holidays
# The years whose holidays were announced: a posting's workdays are counted in no other.
FIRST_YEAR, LAST_YEAR = min(_HOLIDAYS).year, max(_HOLIDAYS).year

# One weekday a carrier, and a person is in at most one group of each: nobody is ever in two places at once.
_WEEKDAY: Final[dict[Carrier, int]] = {"section": 0, "branch": 2, "youth-group": 3, "central-group": 4}
_MORNING, _AFTERNOON = time(8, 30), time(14, 0)


def spring(year: int) -> date:
    """The first free day of the spring festival."""
    named = chinese_calendar.Holiday.spring_festival.value
    return min(day for day, name in _HOLIDAYS.items() if day.year == year and name == named)


def works(day: date) -> bool:
    """Whether the office works on that day; after the last year that is known, on every weekday."""
    return bool(chinese_calendar.is_workday(day)) if day.year <= LAST_YEAR else day.weekday() <= calendar.FRIDAY


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """An instant of that day, office time."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE)


def workday(day: date) -> date:
    """That day, or the next on which the office works."""
    while not works(day):
        day += timedelta(days=1)
    return day


def workdays(first: date, count: int) -> list[date]:
    """So many days on which the office works, from that one on."""
    found = [workday(first)]
    while len(found) < count:
        found.append(workday(found[-1] + timedelta(days=1)))
    return found


def starts(carrier: Carrier, year: int, month: int) -> list[datetime]:
    """The four sessions of a carrier in a month: mornings, and afternoons too where holidays take weeks away."""
    days = [
        day
        for week in calendar.Calendar().monthdatescalendar(year, month)
        if (day := week[_WEEKDAY[carrier]]).month == month and works(day)
    ]
    slots = [datetime.combine(day, hour, ZONE) for hour in (_MORNING, _AFTERNOON) for day in days]
    return sorted(slots[:SESSIONS_A_MONTH])
