"""``office publish``: actions from a file, one CloudEvent a line, recorded through Kafka and HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import httpx
import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.api import headers, stack_settings
from deploy.local.commands.options import HomeOption, LangOption
from deploy.local.publishing.answers import Answers, Json
from deploy.local.publishing.poster import PATIENCE
from deploy.local.publishing.publisher import Publisher
from deploy.local.publishing.wire import connected
from deploy.local.speaking.messages import Lang, language
from deploy.local.speaking.trouble import FAILED, CommandError, explained
from deploy.local.speaking.words import say
from services.common.settings import Settings

_ADDRESS: Final = ("office", "source", "id", "type")
_STDIN: Final = Path("-")
_SECONDS: Final = 30
_REFRESH: Final = 0.1
_SHOWN: Final = 5


def publish(
    file: Annotated[Path, typer.Argument(help="One action a line, or - for standard input · 每行一个操作")] = _STDIN,
    home: HomeOption = None,
    lang: LangOption = None,
) -> None:
    """发布操作 · Publish actions as an app outside would: plain ones onto Kafka, those with sealed fields over HTTP."""
    speech = language(lang)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with explained(speech):
        with _opened(file) as stream:
            settings = stack_settings(home, speech)
            total = _count(stream) if file != _STDIN and stream.seekable() else None  # a pipe is read once
            name = say(speech, "stdin") if file == _STDIN else str(file)
            try:
                answers = asyncio.run(published(settings, _actions(stream, name), console, speech, total))
            except KeyboardInterrupt:  # what it came to is said already
                raise typer.Exit(FAILED) from None
        summarise(answers, console, speech)
        if answers.refused:
            raise typer.Exit(FAILED)


async def published(
    settings: Settings, actions: Iterable[Json], console: Console, lang: Lang, total: int | None
) -> Answers:
    """Publish with a progress bar; where it ends early, say how far it came. Raises CommandError."""
    async with recorder(settings) as http, connected(settings) as wire:
        publisher = Publisher(wire, http)
        with _bar(console) as bar:
            shown = asyncio.create_task(_follow(bar, publisher.answers, lang, total))
            try:
                return await publisher.publish(actions)
            except (CommandError, asyncio.CancelledError, KeyboardInterrupt):
                bar.console.print(_so_far(publisher.answers, lang), markup=False)
                raise
            finally:
                shown.cancel()
                _show(bar, publisher.answers, lang, total)


def summarise(answers: Answers, console: Console, lang: Lang) -> None:
    """Say what became of them, and why where something was refused."""
    rejected = answers.refused.total()
    line = say(
        lang, "published", actions=answers.done, accepted=answers.accepted, repeated=answers.repeated, rejected=rejected
    )
    console.print(line, markup=False)
    if answers.foreseen:
        codes = ", ".join(sorted(answers.foreseen))
        console.print(say(lang, "foreseen", count=answers.foreseen.total(), codes=codes), markup=False)
    for code, count in answers.refused.most_common(_SHOWN):
        message = (answers.examples[code].get("message") or {}).get(lang) or ""
        console.print(say(lang, "refused", count=count, code=code, message=message), style="red", markup=False)


def _so_far(answers: Answers, lang: Lang) -> str:
    return say(
        lang,
        "ended_early",
        accepted=answers.accepted,
        repeated=answers.repeated,
        rejected=answers.refused.total(),
        waiting=len(answers.waiting),
    )


@asynccontextmanager
async def recorder(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the recorder with the publisher's token."""
    identity = headers(settings, "publisher")
    async with httpx.AsyncClient(base_url=settings.recorder_url, headers=identity, timeout=_SECONDS) as http:
        yield http


def _opened(file: Path) -> nullcontext[BinaryIO] | BinaryIO:
    if file == _STDIN:
        return nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise CommandError("no_file", file=file, reason=error.strerror) from error


def _count(stream: BinaryIO) -> int:
    total = sum(1 for _ in stream)
    stream.seek(0)
    return total


def _actions(stream: BinaryIO, file: str) -> Iterator[Json]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            action = orjson.loads(line)
            addressed = isinstance(action, dict) and all(isinstance(action.get(name), str) for name in _ADDRESS)
        except ValueError:
            addressed = False
        if not addressed:
            raise CommandError("not_json", file=file, line=number)
        yield action


def _bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[recorded]}"),
        TimeElapsedColumn(),
    )  # fmt: skip
    return Progress(*columns, console=console)


async def _follow(bar: Progress, answers: Answers, lang: Lang, total: int | None) -> None:
    said = False
    while True:
        _show(bar, answers, lang, total)
        if answers.silent and not said:
            bar.console.print(say(lang, "silent", url=answers.silent, seconds=int(PATIENCE)), markup=False)
            said = True
        await asyncio.sleep(_REFRESH)


def _show(bar: Progress, answers: Answers, lang: Lang, total: int | None) -> None:
    recorded = say(lang, "recorded", accepted=answers.accepted + answers.repeated)
    if not bar.task_ids:
        bar.add_task(say(lang, "publishing"), total=total, recorded=recorded)
    bar.update(bar.task_ids[0], completed=answers.done, recorded=recorded)
