"""Workdays (工作日) as the State Council announces them year by year; nothing is guessed of years to come."""

from datetime import date, timedelta

import chinese_calendar

from services.recorder.domain.deciding.core import Rejection


def nth(from_on: str, workdays: int) -> str | Rejection:
    """The last of so many workdays, of which the first may be that day itself."""
    day, left = date.fromisoformat(from_on), workdays
    try:
        while left := left - chinese_calendar.is_workday(day):
            day += timedelta(days=1)
    except NotImplementedError:
        return _unknown(day.year)
    return day.isoformat()


def _unknown(year: int) -> Rejection:
    return Rejection(
        "workdays-unknown",
        f"The holidays of {year} aren't in the calendar that is installed. "
        "Once they are announced, renew the package chinesecalendar, then send this again.",
        f"已安装的日历没有 {year} 年的放假安排。安排公布后请更新 chinesecalendar，再重新发送。",
    )


def later(on: str, days: int) -> str:
    """The day that so many days later is."""
    return (date.fromisoformat(on) + timedelta(days=days)).isoformat()
