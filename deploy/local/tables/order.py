"""What comes first of a table on a terminal: what is open before what is done, what is near before what is far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import groupby
from typing import Any, Final, NamedTuple

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say

Row = dict[str, Any]


class Ordered(NamedTuple):
    """The rows that people look for, and the others."""

    first: list[Row]
    others: list[Row]

    @property
    def all(self) -> list[Row]:
        """One after the other."""
        return self.first + self.others


def ordered(table: str, rows: list[Row], today: str, lang: Lang) -> Ordered:
    """The rows of that table. ``today``: 2026-11-29."""
    return _ORDERS.get(table, _as_they_are)(rows, today, lang)


def _as_they_are(rows: list[Row], _: str, __: Lang) -> Ordered:
    return Ordered(rows, [])


def _of_today(rows: list[Row], today: str, _: Lang) -> Ordered:
    """Plan by plan the year, the month and the week that it is; where none is of it, the newest year that there is."""
    now = (today[:4], today[:7], f"{date.fromisoformat(today):%G-W%V}")
    if not any(row["period"] in now for row in rows):
        now = (max((row["period"][:4] for row in rows), default=""), "", "")
    current = sorted((row for row in rows if row["period"] in now), key=lambda row: now.index(row["period"]))
    return Ordered(current, [row for row in rows if row["period"] not in now])


def _open(rows: list[Row], today: str, _: Lang) -> Ordered:
    done = sorted((row for row in rows if row["done_on"]), key=lambda row: str(row["done_on"]))
    return Ordered(_soonest([row for row in rows if not row["done_on"]], today), done[::-1])


def _to_hold(rows: list[Row], today: str, _: Lang) -> Ordered:
    held = [row for row in rows if row["held"] >= row["needed"]]
    return Ordered(_soonest([row for row in rows if row["held"] < row["needed"]], today), held)


def _soonest(rows: list[Row], today: str) -> list[Row]:
    """What comes next; what is overdue, the latest first; what has no day."""
    dated = sorted((row for row in rows if row["due_on"]), key=lambda row: str(row["due_on"]))
    ahead = [row for row in dated if row["due_on"] >= today]
    overdue = [row for row in dated if row["due_on"] < today]
    return ahead + overdue[::-1] + [row for row in rows if not row["due_on"]]


def _side_by_side(rows: list[Row], today: str, lang: Lang) -> Ordered:
    """The newest month, then those before; sections as the table has them, never by figures, above the median."""
    months = [
        list(month)
        for _, month in groupby(sorted(rows, key=lambda row: str(row["month"])), key=lambda row: row["month"])
    ]
    boards = [board + _median(board, lang) for board in months if board[0]["month"] <= today[:7]][::-1]
    return Ordered(boards[0] if boards else [], [row for board in boards[1:] for row in board])


def _median(board: list[Row], lang: Lang) -> list[Row]:
    median = next((row["office_median"] for row in board if row["office_median"]), None)
    return [{"section_name": say(lang, "median"), "month": board[0]["month"]} | median] if median else []


def _as_it_happened(rows: list[Row], _: str, __: Lang) -> Ordered:
    """Change by change what it touches."""
    return Ordered(sorted(rows, key=lambda row: (row["from_on"], row["event_id"], row["occurred_at"])), [])


def _newest(rows: list[Row], _: str, __: Lang) -> Ordered:
    return Ordered(sorted(rows, key=lambda row: str(row["starts_at"]), reverse=True), [])


_ORDERS: Final[dict[str, Callable[[list[Row], str, Lang], Ordered]]] = {
    "plan-fulfilment": _of_today,
    "due": _open,
    "talk-due": _to_hold,
    "section-board": _side_by_side,
    "study-dossiers": _newest,
    "backdated": _as_it_happened,
}
