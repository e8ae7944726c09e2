"""An office in brief: how its plans go, what is due and which talks, the sections side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import httpx
from rich.console import RenderableType
from rich.text import Text

from deploy.local.api import pages
from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say
from deploy.local.tables.described import resources
from deploy.local.tables.order import ordered
from deploy.local.tables.show import drawn

Row = dict[str, Any]
_MOST: Final = 7  # rows a table
# Of each table the command that shows all of it, and which of what comes first is told here.
_TABLES: Final = {"plan-fulfilment": "plan", "due": "due", "talk-due": "talks", "section-board": "board"}


def brief(client: httpx.Client, office: str, today: str, lang: Lang) -> Iterator[RenderableType]:
    """A few rows of each table, and how many more there are. ``today``: 2026-11-29. Raises CommandError."""
    tables = resources(client)
    for resource, command in _TABLES.items():
        table = tables[resource]
        rows = [row for page in pages(client, table.path(office, None), {}) for row in page["items"]]
        first = [row for row in ordered(resource, rows, today, lang).first if _told(row, today)]
        if first:
            yield drawn(table, office, first[:_MOST], lang)
        if len(first) > _MOST:
            more = say(lang, "more_brief", count=len(first) - _MOST, command=command, office=office)
            yield Text(more, style="dim")


def _told(row: Row, today: str) -> bool:
    """Of the plans the year; of what is due what has a day."""
    if "period" in row and "plan" in row:
        return bool(row["period"] == today[:4])
    return row.get("due_on", today) is not None
