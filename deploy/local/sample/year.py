"""The whole sample in the order in which it is handed in: office by office a stream, all of them merged by time.

Memory holds about a month of each office, whatever the size. Each office draws on its own stream of chance, so its
year is the same however many offices stand beside it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, count, takewhile
from typing import Any, Final

import orjson

from deploy.local.sample import corrections, staff
from deploy.local.sample.appraisal import year as appraisal
from deploy.local.sample.appraisal.during import Record
from deploy.local.sample.cadres import goals, own, people, personnel
from deploy.local.sample.days import at
from deploy.local.sample.draft import Draft, year_end
from deploy.local.sample.staff import Office
from deploy.local.sample.study import courses, plans
from deploy.local.sample.study.sessions import Sessions
from deploy.local.sample.together import office_wide, spirit, talk, teams, welfare, work

# The earliest that something of a month is handed in before it begins: a session is convened some days ahead.
_AHEAD: Final = timedelta(days=8)
_MONTHS: Final = range(1, 13)

_HAPPENINGS: Final = (
    talk.month, work.month, office_wide.month, goals.month, teams.month, welfare.month, spirit.month, own.month,
)  # fmt: skip

_Waiting = list[tuple[datetime, int, Draft]]


@dataclass(frozen=True, slots=True)
class Size:
    """What to make. ``until``: what is handed in later is left out, so that nothing lies in the future."""

    year: int
    offices: int = 1
    cadres: int = 24
    seed: int = 7
    prefix: str = "o-"
    until: datetime | None = None


def actions(size: Size) -> Iterator[dict[str, Any]]:
    """The actions as CloudEvents. Raises ValueError for an office below the least size."""
    if size.cadres < staff.LEAST:
        raise ValueError(size.cadres)
    streams = [_stream(size, number) for number in range(1, size.offices + 1)]
    for _, _, office, draft in heapq.merge(*streams, key=lambda item: item[:2]):
        yield draft.envelope(office)


def lines(size: Size) -> Iterator[bytes]:
    """The actions as JSON, one a line."""
    for action in actions(size):
        yield orjson.dumps(action) + b"\n"


def _stream(size: Size, number: int) -> Iterator[tuple[datetime, int, str, Draft]]:
    ident = f"{size.prefix}{number}"
    until = size.until or year_end(size.year)
    # A text as seed goes through SHA-512: the same on every machine and in every process.
    rng = random.Random(f"{size.seed}/{size.year}/{ident}/{size.cadres}")  # noqa: S311  # made-up data, no secret
    office = staff.found(ident, size.year, size.cadres, rng)
    drafts = takewhile(lambda draft: draft.handed_in <= until, _in_order(office))
    return ((draft.handed_in, number, ident, draft) for draft in drafts)


def _in_order(office: Office) -> Iterator[Draft]:
    """One office's year by the moment of handing in; what is handed in together stays in the order of writing."""
    waiting: _Waiting = []
    order = count()
    sessions, record = Sessions(), Record()
    for month in _MONTHS:
        for draft in chain(_month(office, sessions, month), appraisal.month(office, month, record)):
            record.note(office, draft)
            heapq.heappush(waiting, (draft.handed_in, next(order), draft))
        yield from _due(waiting, _settled(office.year, month))
    yield from _due(waiting, None)


def _month(office: Office, sessions: Sessions, month: int) -> Iterator[Draft]:
    if month == _MONTHS[0]:
        yield from people.beginning(office)
        yield from personnel.beginning(office)
        yield from plans.members(office)
    yield from people.month(office, month)
    yield from personnel.month(office, month)
    yield from courses.month(office, month)
    if month == _MONTHS[-1]:
        yield from plans.leaves(office)
    for happening in (sessions.month, *_HAPPENINGS):
        for draft in happening(office, month):
            yield draft
            yield from corrections.of(office, draft)


def _settled(year: int, month: int) -> datetime | None:
    """Until when everything of this month and those before it is written."""
    return None if month == _MONTHS[-1] else at(date(year, month + 1, 1), 0) - _AHEAD


def _due(waiting: _Waiting, until: datetime | None) -> Iterator[Draft]:
    while waiting and (until is None or waiting[0][0] < until):
        yield heapq.heappop(waiting)[2]
