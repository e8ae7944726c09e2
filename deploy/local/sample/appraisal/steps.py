"""On which workday of the cycle what is handed in, and by whom."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any, Final

from deploy.local.sample.days import at, workdays
from deploy.local.sample.draft import TRIED, Draft
from deploy.local.sample.staff import Office
from schemas.base import ActionData

SOURCE: Final = "/appraisal"
MONTH: Final = 11  # the cycle's: by then most of the year's record is in
_LONGEST: Final = 42
# Workdays from the opening on, counted from 0.
OPENED, APPROVED, REVIEWED, ASSESSED, ADMITTED, VERIFIED, PROPOSED, DECIDED = 0, 1, 2, 6, 7, 8, 10, 12
POSTED, OBJECTED, SETTLED, TOLD, SIGNED, ASKED, ARCHIVED = 13, 15, 17, 18, 19, 21, 24
ANSWERED, SUPPLEMENTED, APPEALED, TALKED, ANSWERED_AGAIN, CLOSED, COMMENDED = 26, 29, 30, 32, 34, 36, 38
POSTING: Final = 5  # workdays


@cache
def _days(year: int) -> list[date]:
    return workdays(date(year, MONTH, 2), _LONGEST)


def day(office: Office, step: int) -> str:
    """The day of a step."""
    return _days(office.year)[step].isoformat()


def step(  # noqa: PLR0917  # what it is told from
    office: Office, model: type[ActionData], ident: str, on: int, place: int, data: dict[str, Any], actor: str = ""
) -> Draft:
    """An action on that workday; ``place`` sets apart what is handed in on the same one."""
    moment = at(_days(office.year)[on], 9) + timedelta(minutes=place)
    actor = actor or office.leaders[0].id
    return Draft(SOURCE, ident, model.TYPE, moment, actor, data, "hand", moment, settled=True)


def tried(code: str, draft: Draft) -> Draft:
    """The same as one that is only tried: the rules refuse it by that code."""
    return Draft(
        TRIED, f"{code}:{draft.id}", draft.type, draft.time, draft.actor, draft.data, "hand", draft.handed_in,
        settled=True,
    )  # fmt: skip


def cycle(office: Office) -> str:
    """The id of the year's."""
    return f"appraisal-{office.id}-{office.year}"
