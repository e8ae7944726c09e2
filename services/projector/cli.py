"""The command ``projector``: serve, status, rebuild. Exit codes: 0 well, 1 failed or halted, 2 usage, 3 not running."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.common import log
from services.common.grants import GrantsError
from services.common.settings import Settings
from services.projector import app as service
from services.projector.database import TRANSIENT
from services.projector.errors import NotRunning, ProjectorError
from services.projector.rebuild import rebuild as replay
from services.projector.status import Status
from services.projector.status import status as ask

FAILED: Final = 1
NOT_RUNNING: Final = 3


class Lang(StrEnum):
    """The language of what people read."""

    ZH = "zh"
    EN = "en"


_WORDS: Final = {
    Lang.EN: {
        "shard": "shard", "next": "applied up to", "end": "ledger's end",
        "lag": "behind by", "state": "state", "error": "error",
        "title": "read models", "live": "live", "halted": "halted", "replay": "replaying", "rate": "events/s",
        "done": "Rebuilt: {count} events applied.", "not-running": "Not running: {reason} Start it with `office up`.",
        "failed": "Failed: {reason}",
    },
    Lang.ZH: {
        "shard": "分片", "next": "已投影至", "end": "账本末尾", "lag": "落后", "state": "状态", "error": "错误",
        "title": "读模型", "live": "正常", "halted": "已停", "replay": "重放", "rate": "条/秒",
        "done": "重建完成：共 {count} 条事件。", "not-running": "未运行：{reason} 请用 `office up` 启动。",
        "failed": "失败：{reason}",
    },
}  # fmt: skip

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Home = Annotated[Path | None, typer.Option("--home", help="data folder, else CHENGZHANG_HOME, else .local")]
Language = Annotated[Lang | None, typer.Option("--lang", help="else LANG")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@cli.command()
def serve(home: Home = None) -> None:
    """Fold events into the read models and answer questions over HTTP, until stopped (投影并提供查询)."""
    try:
        service.serve(_settings(home))
    except GrantsError as error:
        _fail(FAILED, "failed", None, str(error))


@cli.command()
def status(home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Say how far the read models are behind the ledger (读模型落后账本多少)."""
    try:
        found = asyncio.run(ask(_settings(home)))
    except NotRunning as error:
        _fail(NOT_RUNNING, "not-running", lang, str(error))
    except TRANSIENT as error:
        _fail(FAILED, "failed", lang, type(error).__name__)
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
        count = asyncio.run(_rebuild(_settings(home), _words(lang)))
    except ProjectorError as error:
        _fail(FAILED, "failed", lang, str(error))
    except TRANSIENT as error:
        _fail(NOT_RUNNING, "not-running", lang, type(error).__name__)
    typer.echo(_words(lang)["done"].format(count=count))


def main() -> None:
    """Run the command."""
    cli()


async def _rebuild(settings: Settings, words: dict[str, str]) -> int:
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


def _show(found: Status, words: dict[str, str]) -> None:
    table = Table(title=f"{words['title']}: {words[found.state]}")
    for column in ("shard", "next", "end", "lag", "state", "error"):
        table.add_column(words[column], justify="right" if column in {"shard", "next", "end", "lag"} else "left")
    for shard in found.shards:
        figures = (shard.shard, shard.next, shard.end, shard.lag)
        table.add_row(*map(str, figures), words[shard.state], shard.error or "")
    Console().print(table)


def _settings(home: Path | None) -> Settings:
    try:
        return Settings.load(home)
    except ValidationError as error:
        wrong = "; ".join(f"CHENGZHANG_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise typer.BadParameter(wrong) from None


def _words(lang: Lang | None) -> dict[str, str]:
    return _WORDS[lang or (Lang.ZH if os.environ.get("LANG", "").startswith("zh") else Lang.EN)]


def _fail(code: int, word: str, lang: Lang | None, reason: str) -> NoReturn:
    typer.echo(_words(lang)[word].format(reason=reason), err=True)
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
