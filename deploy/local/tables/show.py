"""Tables on the terminal: what is due, who is where, what the plan came to, in the words of the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
import typer
from rich import box
from rich.console import Console

from deploy.local.api import pages, reader, stack_settings
from deploy.local.commands.options import AsOfOption, HomeOption, JsonOption, LangOption, OfficeOption
from deploy.local.commands.show import check_as_of, known_office
from deploy.local.speaking.messages import Lang, language
from deploy.local.speaking.trouble import explained
from deploy.local.speaking.words import say, term
from deploy.local.tables.described import Column, Resource, named
from deploy.local.tables.order import Ordered, ordered
from services.common.telling.moments import SHANGHAI, minute_of
from services.common.telling.showing import Whole

Row = dict[str, Any]
SHOWN: Final = 25
_WHOLE: Final = {"date": len("2026-03-02"), "date-time": len("2026-03-02 09:00")}  # no day is broken
# Of each table what fits into 80 columns; the API, SQL and `office export` have all of it.
SHORT: Final[dict[str, tuple[str, ...]]] = {
    "plan-fulfilment": ("plan", "period", "carrier", "planned", "held", "late", "expected", "attended"),
    "due": ("due_on", "duty", "id", "owner_name", "section_name", "done_on"),
    "talk-due": ("name_a", "name_b", "duty", "period", "needed", "held", "due_on"),
    "section-board": ("section_name", "month", "sessions", "attended", "outputs_in_effect", "decisions", "exchanges"),
    "roster": ("name", "section_name", "tier", "rank", "party_role", "away", "since"),
    "selections": ("subject", "subject_name", "recommended", "votes", "chosen", "eligible", "fails"),
    "study-dossiers": ("starts_at", "title", "carrier", "roll", "missing"),
    "backdated": ("name", "from_on", "event", "occurred_at", "touched_event", "section_name"),
}


def _showing(resource: str, zh: str, en: str) -> Callable[..., None]:
    """The command that shows a table."""

    def show(
        *,
        office: OfficeOption = None,
        person: Annotated[str | None, typer.Option(help="Only this person's · 只看此人")] = None,
        section: Annotated[str | None, typer.Option(help="Only this section's · 只看该科室")] = None,
        as_of: AsOfOption = None,
        all_: Annotated[bool, typer.Option("--all", help="Every row · 全部")] = False,
        as_json: JsonOption = False,
        home: HomeOption = None,
        lang: LangOption = None,
    ) -> None:
        speech = language(lang)
        check_as_of(speech, as_of)
        params = {"as_of": as_of, "person": person, "section": section}
        with explained(speech):
            with reader(stack_settings(home, speech)) as client:
                which, table = known_office(client, office), named(client, resource)
                given = {name: value for name, value in params.items() if value}
                rows = [row for page in pages(client, table.path(which, None), given) for row in page["items"]]
            if as_json:
                typer.echo(orjson.dumps({"office": which, "items": rows}).decode())
            elif not rows:
                typer.echo(
                    say(speech, "none_asked_for" if given else "no_rows", table=table.called(speech), office=which)
                )
            else:
                found = ordered(resource, rows, as_of[:10] if as_of else f"{datetime.now(SHANGHAI):%Y-%m-%d}", speech)
                _print(table, which, found, speech, all_=all_)

    show.__doc__ = f"{zh} · {en}"
    return show


plan: Final = _showing("plan-fulfilment", "计划执行", "Show what became of the plans: planned, held, late, attended.")
due: Final = _showing("due", "待办事项", "Show who owes what by when, and what is done.")
talks: Final = _showing("talk-due", "应谈未谈", "Show which heart-to-heart talks are due, and which were held.")
board: Final = _showing("section-board", "比学赶帮超", "Show the sections side by side, month by month.")
roster: Final = _showing("roster", "人员名册", "Show who is where: section, post, rank, party role, away.")
dossier: Final = _showing("study-dossiers", "学习档案", "Show each session's dossier, and what it lacks.")
backdated: Final = _showing("backdated", "补记变动", "Show which facts a change of post touches that came after them.")


def _print(table: Resource, office: str, rows: Ordered, lang: Lang, *, all_: bool) -> None:
    console = Console(highlight=False)
    shown = rows.all if all_ else rows.first[:SHOWN]
    if shown:
        console.print(drawn(table, office, shown, lang))
    else:
        console.print(say(lang, "none_open", table=table.called(lang), office=office), markup=False)
    if more := len(rows.all) - len(shown):
        console.print(say(lang, "more_rows", count=more), style="dim", markup=False)


def drawn(table: Resource, of: str, rows: list[Row], lang: Lang) -> Whole:
    """The table, with what fits of its columns; ``of`` is said in its title."""
    by_name = {column.name: column for column in table.columns}
    columns = [by_name[name] for name in SHORT[table.key] if name in by_name] or list(table.columns)
    title = f"{table.called(lang)} · {of}"
    shown = Whole(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for column in columns:
        side: Literal["left", "right"] = "right" if column.form == "integer" else "left"
        shown.add_column(column.heading(lang), justify=side, overflow="fold", min_width=_WHOLE.get(column.form))
    for row in rows:
        shown.add_row(*(_cell(column, row, lang) for column in columns))
    return shown


def _cell(column: Column, row: Row, lang: Lang) -> str:
    value = row.get(column.name)
    if value is None and column.name.endswith("name"):  # by its id where the name may not be known
        value = row.get(column.name.replace("name", "person")) or row.get(column.name.removesuffix("_name"))
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "✓" if value else "—"
    if isinstance(value, list):
        return ("、" if lang == "zh" else ", ").join(term(lang, column.name, str(each)) for each in value)
    if column.form == "date-time":
        return minute_of(datetime.fromisoformat(value))
    return term(lang, column.name, str(value))
