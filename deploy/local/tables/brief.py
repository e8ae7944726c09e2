"""An office in brief: how its plans go, what is due and which talks, the sections side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
from rich import box
from rich.console import RenderableType
from rich.text import Text

from deploy.local.api import pages
from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say
from deploy.local.tables.described import resources
from deploy.local.tables.show import drawn

Row = dict[str, Any]
_MOST: Final = 7  # rows a table


def brief(client: httpx.Client, office: str, today: str, lang: Lang) -> Iterator[RenderableType]:
    """A few rows of each table, and how many more there are. ``today``: 2026-11-29. Raises CommandError."""
    tables = resources(client)
    for resource, (command, pick) in _PICKED.items():
        table = tables[resource]
        rows = [row for page in pages(client, table.path(office, None), {}) for row in page["items"]]
        if picked := pick(rows, today, lang):
            shown = drawn(table, office, picked[:_MOST], lang)
            shown.box, shown.show_edge = box.SIMPLE_HEAD, False  # one below the other: all of them alike
            yield shown
        if len(picked) > _MOST:
            more = say(lang, "more_brief", count=len(picked) - _MOST, command=command, office=office)
            yield Text(more, style="dim")


def _of_the_year(rows: list[Row], today: str, _: Lang) -> list[Row]:
    """A row a plan: months and weeks are left to the whole table."""
    return [row for row in rows if row["period"] == today[:4]]


def _open(rows: list[Row], today: str, _: Lang) -> list[Row]:
    return _soonest([row for row in rows if row["due_on"] and not row["done_on"]], today)


def _to_hold(rows: list[Row], today: str, _: Lang) -> list[Row]:
    return _soonest([row for row in rows if row["due_on"] and row["held"] < row["needed"]], today)


def _soonest(rows: list[Row], today: str) -> list[Row]:
    """What comes next first; what is overdue after that, the latest first."""
    ahead = sorted((row for row in rows if row["due_on"] >= today), key=lambda row: str(row["due_on"]))
    return ahead + sorted((row for row in rows if row["due_on"] < today), key=lambda row: str(row["due_on"]))[::-1]


def _newest_month(rows: list[Row], today: str, lang: Lang) -> list[Row]:
    """The sections in the order of the table, never by figures; the office's median below them."""
    newest = max((row["month"] for row in rows if row["month"] <= today[:7]), default=None)
    shown = [row for row in rows if row["month"] == newest]
    median = next((row["office_median"] for row in shown if row["office_median"]), None)
    return [*shown, {"section_name": say(lang, "median"), "month": newest} | median] if median else shown


# Of each table the command that shows all of it, and which rows come first.
_PICKED: Final[dict[str, tuple[str, Callable[[list[Row], str, Lang], list[Row]]]]] = {
    "plan-fulfilment": ("plan", _of_the_year),
    "due": ("due", _open),
    "talk-due": ("talks", _to_hold),
    "section-board": ("board", _newest_month),
}
