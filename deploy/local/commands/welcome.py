"""The end of ``office up``: a sample office year published as an outside app would, then what a reader sees of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

import typer
from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table

from deploy.local.api import reader
from deploy.local.commands import appraisal, marker, show
from deploy.local.commands.marker import Marker
from deploy.local.commands.publish import published, recorder, summarise
from deploy.local.publishing.answers import Answers, Json
from deploy.local.publishing.poster import Poster
from deploy.local.sample import year
from deploy.local.sample.cadres.people import SOURCE, first_id
from deploy.local.sample.days import LAST_YEAR, ZONE
from deploy.local.sample.draft import year_end
from deploy.local.speaking.messages import Lang
from deploy.local.speaking.trouble import CommandError, explained
from deploy.local.speaking.words import say
from deploy.local.tables.brief import brief
from deploy.local.views.appraisal import appraisal as appraisal_table
from deploy.local.views.growth import growth_file
from services.common.home import home_option
from services.common.settings import Settings

CADRES: Final = 24
SEED: Final = 7
# A prefix of its own: `office sample` beside it makes other offices.
PREFIX: Final = "o-w"
_OFFICE: Final = f"{PREFIX}1"
_ENTRIES: Final = 6
_FULL_ENOUGH: Final = 4  # before April the last year tells more than this one


class _Found(NamedTuple):
    """What a reader sees: the office's appraisals, one growth file, and a few rows of its tables."""

    office: Json
    file: Json
    tables: list[RenderableType]


async def welcome(settings: Settings, console: Console, lang: Lang) -> int:
    """Publish where that is not done yet, then show. Returns the exit code."""
    try:
        with explained(lang):
            sample = await _recorded(settings, console, lang)
            console.print(say(lang, "waiting"), markup=False)
            found = await asyncio.to_thread(_read, settings, sample, lang)
            _show(sample, found, console, lang)
            _point(settings, sample, found.file["person"], console, lang)
    except typer.Exit as ended:
        return ended.exit_code
    return 1 if sample.rejected else 0


async def _recorded(settings: Settings, console: Console, lang: Lang) -> Marker:
    sample = marker.load(settings.home) or _new()
    if sample.at_least and await _still_there(settings, sample):
        console.print(say(lang, "again", office=sample.office), markup=False)
        return sample
    # Noted before it is published: a start that was cut short goes on with the very same actions.
    marker.save(settings.home, sample)
    console.print(say(lang, "welcome"), markup=False)
    answers = await _publish(settings, sample, console, lang)
    sample = replace(sample, at_least=_position(answers), rejected=answers.refused.total())
    marker.save(settings.home, sample)
    return sample


def _new() -> Marker:
    now = datetime.now(ZONE)
    this = now.year if now.month >= _FULL_ENOUGH else now.year - 1
    this = min(this, LAST_YEAR)
    return Marker(_OFFICE, this, min(now, year_end(this)).isoformat(timespec="seconds"))


async def _still_there(settings: Settings, sample: Marker) -> bool:
    """Whether this ledger has it: the folder may have been pointed at another database."""
    async with recorder(settings) as http:
        return await Poster(http, Answers()).receipt((sample.office, SOURCE, first_id())) is not None


async def _publish(settings: Settings, sample: Marker, console: Console, lang: Lang) -> Answers:
    size = year.Size(sample.year, 1, CADRES, SEED, PREFIX, datetime.fromisoformat(sample.until))
    actions = list(year.actions(size))
    answers = await published(settings, actions, console, lang, len(actions))
    summarise(answers, console, lang)
    return answers


def _position(answers: Answers) -> str | None:
    """One office is one shard, so there is one position."""
    return next((f"{shard}:{position}" for shard, position in answers.at_least.items()), None)


def _read(settings: Settings, sample: Marker, lang: Lang) -> _Found:
    """Appraisals, one growth file, the office in brief: from read models that have seen the last accepted receipt."""
    with reader(settings) as client:
        office = appraisal.read(client, sample.office, sample.year, at_least=sample.at_least)
        if not office["items"]:
            raise CommandError("too_slow")
        file = show.read_file(client, _someone(office["items"]))
        return _Found(office, file, list(brief(client, sample.office, sample.until[:10], lang)))


def _show(sample: Marker, found: _Found, console: Console, lang: Lang) -> None:
    console.print(Rule(style="dim"))
    console.print(growth_file(found.file, lang, _ENTRIES))
    console.print(Rule(style="dim"))
    console.print(Group(*found.tables))
    console.print(Rule(style="dim"))
    console.print(appraisal_table(sample.year, found.office, lang))


def _point(settings: Settings, sample: Marker, person: str, console: Console, lang: Lang) -> None:
    """Where things are, and what to try."""
    console.print(_places(settings, lang))
    console.print(f"\n{say(lang, 'next')}", style="bold", markup=False)
    for command in _commands(settings, sample, person):
        console.print(f"  {command}", markup=False, soft_wrap=True)  # whole lines, to be copied


def _someone(rows: list[Json]) -> str:
    """Whoever of the staff comes first: not the head of the office."""
    staff = [row["person"] for row in rows if row["tier"] == "staff"] or [row["person"] for row in rows]
    return str(min(staff))


def _places(settings: Settings, lang: Lang) -> Table:
    table = Table(title=say(lang, "where"), title_justify="left", title_style="bold", box=None, show_header=False)
    table.add_row(say(lang, "recorder"), f"{settings.recorder_url}/docs")
    table.add_row(say(lang, "projector"), f"{settings.projector_url}/docs")
    table.add_row(say(lang, "kafka"), f"{settings.kafka}  {settings.topic('actions')}")
    table.add_row(say(lang, "database"), settings.database_url.rpartition("@")[2].partition("?")[0])
    table.add_row(say(lang, "tokens"), str(settings.tokens))
    return table


def _commands(settings: Settings, sample: Marker, person: str) -> list[str]:
    header = settings.home / "reader.header"
    token = f'import json; print("Authorization: Bearer", json.load(open("{settings.tokens}"))["reader"])'
    home = home_option(settings.home)
    return [
        f".venv/bin/office file {person} --all{home}",
        f".venv/bin/office appraisal {sample.year} --office {sample.office}{home}",
        f"(umask 077; .venv/bin/python -c '{token}' > {header})",  # a token in curl's arguments is everybody's to see
        f"curl -H @{header} {settings.projector_url}/people/{person}/growth-file",
        f".venv/bin/office sample --year {sample.year - 1} --offices 5 --cadres 40 | .venv/bin/office publish{home}",
    ]
