"""``recorder archive``: old years leave the ledger for files; with ``--bring-back`` they come back."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.common.commands import AsJson, Home, Language, confirm, settings_of, spoken
from services.common.settings import Settings
from services.common.telling.showing import progress
from services.recorder.archive import returning
from services.recorder.archive.folder import Folder
from services.recorder.archive.held import QUERIES
from services.recorder.archive.leaving import Leaving, Plan, this_year
from services.recorder.archive.words import WORDS, refused
from services.recorder.cli_errors import said
from services.recorder.ledger import database
from services.recorder.ledger.database import Ledger, Pool, ledger_of

Before = Annotated[
    int | None, typer.Option(metavar="YEAR", help="Years before this one leave; years are UTC · 移出此前的年度（UTC）")
]
Out = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="The archive's folder; made where it is missing · 归档目录")
]
Back = Annotated[
    Path | None,
    typer.Option("--bring-back", metavar="FOLDER", help="Put what left for it back · 调回移出到该目录的内容"),
]
Year = Annotated[int | None, typer.Option(help="With --bring-back: this year only · 只调回该年度")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask · 不再询问")]
Json = dict[str, Any]


def archive(
    *,
    before: Before = None,
    out: Out = None,
    bring_back: Back = None,
    year: Year = None,
    yes: Yes = False,
    as_json: AsJson = False,
    home: Home = None,
    lang: Language = None,
) -> None:
    """Move old years out of the ledger into files with their proofs, or back (旧年度移出账本归档，或调回)."""
    words = WORDS[spoken(lang)]
    settings = settings_of(home, lang)
    if bring_back is not None and before is None and out is None:
        with said(lang):
            asyncio.run(_brought_back(settings, _Saying(words, as_json), bring_back, year))
    elif before is not None and out is not None and bring_back is None and year is None:
        if before > this_year():
            raise typer.BadParameter(words["over"].format(before=before, this=this_year()))
        with said(lang):
            asyncio.run(_archived(settings, _Saying(words, as_json), Folder(out), before, yes=yes))
    else:
        raise typer.BadParameter(words["either"])


class _Saying:
    """What the command says: to people, or to programs."""

    def __init__(self, words: Mapping[str, str], as_json: bool) -> None:  # noqa: FBT001  # as the option is
        self.words = words
        self._as_json = as_json

    def end(self, word: str, result: Json, years: Iterable[int] = (), **values: object) -> None:
        """What came of it."""
        if self._as_json:
            typer.echo(orjson.dumps({"ok": True, **result}))
        else:
            typer.echo(self.words[word].format(years=_listed(years), **values))

    def ask(self, plan: Plan, folder: Folder) -> None:
        """Whether to go on; exit 1 where not, 2 where nobody can be asked."""
        events = sum(part.events for parts in plan.values() for part in parts)
        confirm(self.words, self.words["plan"].format(events=events, years=_listed(plan), folder=folder.path))


async def _archived(settings: Settings, saying: _Saying, folder: Folder, before: int, *, yes: bool) -> None:
    async with _at_work(settings) as (pool, ledger):
        leaving = Leaving(pool, ledger, settings, folder)
        plan = await leaving.plan(before)
        if not plan:
            saying.end("nothing", {"out": str(folder.path), "years": []}, before=before)
            return
        await leaving.check(plan)
        if not yes:
            saying.ask(plan, folder)
        events = sum(part.events for parts in plan.values() for part in parts)
        with progress(saying.words["archive"], 2 * events) as advance:  # written, and read back
            manifests = await leaving.leave(plan, advance)
    files = [file for manifest in manifests for file in manifest.files]
    saying.end(
        "done",
        {"out": str(folder.path), "years": [_year(year, plan) for year in sorted(plan)]},
        plan,
        events=events,
        folder=folder.path,
        files=len(files),
        bytes=sum(file.bytes for file in files),
    )


async def _brought_back(settings: Settings, saying: _Saying, folder: Path, year: int | None) -> None:
    async with _at_work(settings) as (pool, _):
        plan = await returning.left(pool, folder, year)
        events = sum(held.last - held.first + 1 for files in plan.values() for held in files)
        with progress(saying.words["bring-back"], events) as advance:
            await returning.bring_back(pool, plan, advance)
    saying.end("back" if plan else "none-left", {"years": sorted(plan), "events": events}, plan, events=events)


@asynccontextmanager
async def _at_work(settings: Settings) -> AsyncIterator[tuple[Pool, Ledger]]:
    """The ledger, with nobody else archiving. Raises Unavailable, NotArchived."""
    pool = await database.connect(settings.database_url, largest=3)
    try:
        ledger = await ledger_of(pool)
        with database.reached():
            async with pool.acquire(timeout=10) as connection:
                if not await QUERIES.lock(connection):
                    raise refused("busy")
                yield pool, ledger
    finally:
        pool.terminate()


def _year(year: int, plan: Plan) -> Json:
    shards = [{"shard": part.shard, "first": part.first, "last": part.last} for part in plan[year]]
    return {"year": year, "events": sum(part.events for part in plan[year]), "shards": shards}


def _listed(years: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(years)))
