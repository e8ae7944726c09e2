"""One cadre's growth file (成长档案): who, the years in figures, the entries; what is revoked is struck through."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.words import say, term
from schemas.base import Guide
from schemas.declared import choices

Json = dict[str, Any]

_ZONE: Final = timezone(timedelta(hours=8))
_BAR: Final = 10
_COLOURS: Final = {"learning": "cyan", "talk": "magenta", "work": "green"}
# Field of the year's summary and how its codes are called.
_FIGURES: Final = (
    ("by_group", "entry_group"), ("outputs_by_effect", "effect"), ("by_session_kind", "kinds"),
    ("by_carrier", "carriers"), ("by_guide", "guide"),
)  # fmt: skip


def growth_file(file: Json, lang: Lang, most: int | None) -> Group:
    """The whole page; ``most``: how many entries."""
    entries = sorted(file["entries"], key=lambda entry: (entry["occurred_at"], entry["position"]), reverse=True)
    parts: list[RenderableType] = [_header(file, entries, lang)]
    parts += [_year(year, lang) for year in sorted(file["years"], key=lambda year: year["year"], reverse=True)]
    parts.append(_entries(entries[:most], lang) if entries else Text(_nothing(file, lang), style="dim"))
    if most is not None and len(entries) > most:
        parts.append(Text(say(lang, "more", count=len(entries) - most), style="dim"))
    return Group(*parts)


def _nothing(file: Json, lang: Lang) -> str:
    return say(lang, "not_by_then", day=file["as_of"]) if file["as_of"] else say(lang, "no_entries")


def _header(file: Json, entries: list[Json], lang: Lang) -> Panel:
    line = Text.assemble((file["name"] or say(lang, "erased" if file.get("erased") else "unnamed"), "bold"))
    # Where the newest entry found the person; a revoked one may have been wrong about that too.
    for entry in [entry for entry in entries if not entry["revoked_at"]][:1]:
        section = entry["section_name"] or entry["section"]
        place = " · ".join(filter(None, (entry["office"], section, term(lang, "tier", entry["tier"]))))
        line.append(f"   {place}")
    line.append(f"   {file['person']}", style="dim")
    subtitle = say(lang, "as_of", day=file["as_of"]) if file["as_of"] else None
    title = f"成长档案 · {say('en', 'growth_file')}" if lang == "en" else say(lang, "growth_file")
    return Panel(line, title=title, title_align="left", subtitle=subtitle, border_style="cyan", expand=False)


def _year(year: Json, lang: Lang) -> Group:
    figures = [_figure(field, year[field], kind, lang) for field, kind in _FIGURES if year[field]]
    title = Text(f"{year['year']}  ", style="bold").append(year["office"], style="dim")
    return Group(title, Columns(figures, padding=(0, 3)), "")


def _figure(field: str, counts: dict[str, int], kind: str, lang: Lang) -> Table:
    table = Table(box=None, show_header=False, title=say(lang, field), title_style="dim", title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    for code, count in _in_order(field, counts):
        bar = "▇" * max(count > 0, round(_BAR * count / max(counts.values())))
        table.add_row(term(lang, kind, code), Text(bar, style=_COLOURS.get(code, "blue")), str(count))
    return table


def _in_order(field: str, counts: dict[str, int]) -> list[tuple[str, int]]:
    """The most first; but the six guide words (六个方面) are a profile: all of them, in the order of the spirit."""
    if field == "by_guide":
        return [(word, counts.get(word, 0)) for word in choices(Guide)]
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _entries(entries: list[Json], lang: Lang) -> Table:
    table = Table(title=say(lang, "entries"), title_justify="left", title_style="bold", box=None, header_style="dim")
    table.add_column(say(lang, "date"), no_wrap=True)
    table.add_column(say(lang, "group"), no_wrap=True)
    table.add_column(say(lang, "what"), overflow="fold")
    table.add_column(say(lang, "guide"), no_wrap=True)
    before = ""
    for entry in entries:
        day = _day(entry["occurred_at"])
        table.add_row("" if day == before else day, *_cells(entry, lang), style="dim" if entry["revoked_at"] else None)
        before = day
    return table


def _cells(entry: Json, lang: Lang) -> Iterator[Text]:
    group = entry["entry_group"]
    yield Text(term(lang, "entry_group", group), style=_COLOURS.get(group, ""))
    yield _what(entry, lang)
    yield Text(term(lang, "guide", entry["guide"]), style="yellow")


def _what(entry: Json, lang: Lang) -> Text:
    kind = term(lang, "event", entry["event"])
    what = Text(entry["title"] or kind, style="strike" if entry["revoked_at"] else "")
    if entry["title"]:
        what.append(f"  {kind}", style="dim")
    if entry["centi_xueshi"]:
        what.append(f" {_study_hours(entry['centi_xueshi'])}", style="dim")
    if entry["state"] != "verified":
        what.append(f"  {term(lang, 'state', entry['state'])}", style="yellow")
    if entry["revoked_at"]:
        what.append(f"  {say(lang, 'revoked', day=_day(entry['revoked_at']))}", style="not strike red")
    return what


def _study_hours(centi_xueshi: int) -> str:
    return f"{centi_xueshi / 100:g}"


def _day(instant: str) -> str:
    """The office's day of an instant."""
    return datetime.fromisoformat(instant).astimezone(_ZONE).date().isoformat()
