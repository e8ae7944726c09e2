"""The events behind a figure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from rich import box
from rich.console import Group
from rich.text import Text

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say, term
from deploy.local.tables.described import Resource
from services.common.telling.moments import minute_of
from services.common.telling.showing import Whole

Json = dict[str, Any]
_DAY: Final = len("2026-03-02")


def behind(table: Resource, whose: str, found: Json, lang: Lang) -> Group:
    """The figure, its value, each event with what it counts."""
    name, _, part = found["figure"].partition(".")
    heading = next((column.heading(lang) for column in table.columns if column.name == name), name)
    code = name.removeprefix("evidence_by_").replace("group", "entry_group")
    figure = say(lang, "part_of", figure=heading, part=term(lang, code, part)) if part else heading
    title = say(lang, "behind", whose=whose, figure=figure, value=_said(name, found["value"], lang))
    events = Whole(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading in ("date", "what", "counts", "event_id"):
        events.add_column(say(lang, heading), overflow="fold", justify="right" if heading == "counts" else "left")
    for event in found["events"]:
        day = minute_of(datetime.fromisoformat(event["occurred_at"]))[:_DAY]
        events.add_row(day, term(lang, "event", event["event"]), str(event["counts"]), event["event_id"])
    told = events if found["events"] else Text(say(lang, "nothing_behind"), style="dim")
    rule = term(lang, "rule", found.get("rule") or "sum")
    return Group(Text(title, style="bold"), told, Text(rule, style="dim"))


def _said(name: str, value: object, lang: Lang) -> str:
    if isinstance(value, bool):
        return say(lang, "yes" if value else "no")
    if isinstance(value, list):
        return say(lang, "count", count=len(value))
    return "—" if value is None else term(lang, name, str(value))
