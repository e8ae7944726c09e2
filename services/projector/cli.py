"""The command ``projector``: serve, status, rebuild. Exit codes: 0 well, 1 failed or halted, 2 usage, 3 not running."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.common import log
from services.common.commands import (
    FAILED,
    AsJson,
    Home,
    Lang,
    Language,
    Words,
    failed,
    group,
    not_running,
    settings_of,
    spoken,
)
from services.common.grants import GrantsError
from services.common.settings import Settings
from services.projector import app as service
from services.projector.database import TRANSIENT
from services.projector.errors import NotRunning, ProjectorError
from services.projector.rebuild import rebuild as replay
from services.projector.status import Status
from services.projector.status import status as ask

_WORDS: Final[Words] = {
    Lang.EN: {
        "shard": "shard", "next": "applied up to", "end": "ledger's end",
        "lag": "behind by", "state": "state", "error": "error",
        "title": "read models", "live": "live", "halted": "halted", "replay": "replaying", "rate": "events/s",
        "done": "Rebuilt: {count} events applied.",
    },
    Lang.ZH: {
        "shard": "分片", "next": "已投影至", "end": "账本末尾", "lag": "落后", "state": "状态", "error": "错误",
        "title": "读模型", "live": "正常", "halted": "已停", "replay": "重放", "rate": "条/秒",
        "done": "重建完成：共 {count} 条事件。",
    },
}  # fmt: skip

cli = group(__doc__)


@cli.command()
def serve(home: Home = None) -> None:
    """Fold events into the read models and answer questions over HTTP, until stopped (投影并提供查询)."""
    try:
        service.serve(settings_of(home))
    except GrantsError as error:
        failed(None, str(error))


@cli.command()
def status(home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Say how far the read models are behind the ledger (读模型落后账本多少)."""
    try:
        found = asyncio.run(ask(settings_of(home)))
    except NotRunning as error:
        not_running(lang, str(error))
    except TRANSIENT as error:
        failed(lang, type(error).__name__)
    if as_json:
        typer.echo(orjson.dumps(asdict(found)))
    else:
        _show(found, _words(lang))
    if found.state == "halted":
        raise typer.Exit(FAILED)


@cli.command()
def rebuild(home: Home = None, lang: Language = None) -> None:
    """Empty the read models and replay every event into them (清空读模型并重放全部事件)."""
    log.configure("ERROR")  # the progress bar says the rest
    try:
        count = asyncio.run(_rebuild(settings_of(home), _words(lang)))
    except ProjectorError as error:
        failed(lang, str(error))
    except TRANSIENT as error:
        not_running(lang, type(error).__name__)
    typer.echo(_words(lang)["done"].format(count=count))


def main() -> None:
    """Run the command."""
    cli()


async def _rebuild(settings: Settings, words: Mapping[str, str]) -> int:
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} " + words["rate"]), TimeRemainingColumn(), console=Console(stderr=True),
    )  # fmt: skip
    count = 0
    with bar:
        task = bar.add_task(words["replay"], total=None, rate="–")
        async for done, count in replay(settings):
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=done, total=count, rate=f"{speed:,.0f}" if speed else "–")
    return count


def _show(found: Status, words: Mapping[str, str]) -> None:
    table = Table(title=f"{words['title']}: {words[found.state]}")
    for column in ("shard", "next", "end", "lag", "state", "error"):
        table.add_column(words[column], justify="right" if column in {"shard", "next", "end", "lag"} else "left")
    for shard in found.shards:
        figures = (shard.shard, shard.next, shard.end, shard.lag)
        table.add_row(*map(str, figures), words[shard.state], shard.error or "")
    Console().print(table)


def _words(lang: Lang | None) -> Mapping[str, str]:
    return _WORDS[spoken(lang)]


if __name__ == "__main__":
    main()
