"""The command ``recorder``: serve, status. Exit codes: 0 well, 1 failed or read-only, 2 usage, 3 not running."""

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
from rich.table import Table

from services.common.grants import GrantsError
from services.common.settings import Settings
from services.recorder import app as service
from services.recorder.errors import RecorderError, Unavailable
from services.recorder.status import Status
from services.recorder.status import status as ask

FAILED: Final = 1
NOT_RUNNING: Final = 3


class Lang(StrEnum):
    """The language of what people read."""

    ZH = "zh"
    EN = "en"


_WORDS: Final = {
    Lang.EN: {
        "shard": "shard", "next": "events", "next_receipt": "receipts", "relayed": "events relayed",
        "relayed_receipts": "receipts relayed", "mode": "mode", "reason": "reason", "writable": "writable",
        "read-only": "read-only", "running": "running", "starting": "starting", "stopped": "stopped",
        "title": "recorder",
        "below": "ledger {ledger} · {lag} actions waiting on Kafka · {quarantined} in quarantine",
        "not-running": "Not running: {reason} Start it with `office up`.", "failed": "Failed: {reason}",
    },
    Lang.ZH: {
        "shard": "分片", "next": "事件", "next_receipt": "回执", "relayed": "已发布事件",
        "relayed_receipts": "已发布回执",
        "mode": "状态", "reason": "原因", "writable": "可写", "read-only": "只读", "running": "运行中",
        "starting": "启动中", "stopped": "已停止", "title": "记录服务",
        "below": "账本 {ledger} · Kafka 上待处理操作 {lag} 条 · 隔离 {quarantined} 条",
        "not-running": "未运行：{reason} 请用 `office up` 启动。", "failed": "失败：{reason}",
    },
}  # fmt: skip

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Home = Annotated[Path | None, typer.Option("--home", help="data folder, else CHENGZHANG_HOME, else .local")]
Language = Annotated[Lang | None, typer.Option("--lang", help="else LANG")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


@cli.command()
def serve(home: Home = None, lang: Language = None) -> None:
    """Take actions from Kafka and over HTTP, append them, relay the events, until stopped · 接收、记录并发布."""
    try:
        service.serve(_settings(home))
    except (GrantsError, RecorderError) as error:
        _fail(FAILED, "failed", lang, str(error))


@cli.command()
def status(home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Say how far ledger, relay and intake have come, and which shards are read-only · 账本、发布与接收的进度."""
    try:
        found = asyncio.run(ask(_settings(home)))
    except Unavailable as error:
        _fail(NOT_RUNNING, "not-running", lang, str(error))
    if as_json:
        typer.echo(orjson.dumps(asdict(found)))
    else:
        _show(found, _words(lang))
    if found.state == "stopped":
        raise typer.Exit(NOT_RUNNING)
    if any(shard.reason for shard in found.shards):
        raise typer.Exit(FAILED)


def main() -> None:
    """Run the command."""
    cli()


def _show(found: Status, words: dict[str, str]) -> None:
    figures = ("shard", "next", "next_receipt", "relayed", "relayed_receipts")
    table = Table(title=f"{words['title']}: {words[found.state]}")
    for column in (*figures, "mode", "reason"):
        table.add_column(words[column], justify="right" if column in figures else "left")
    for shard in found.shards:
        row = [f"{getattr(shard, column)}" for column in figures]
        table.add_row(*row, words[shard.mode], shard.reason or "")
    console = Console()
    console.print(table)
    lag = "?" if found.intake_lag is None else found.intake_lag
    console.print(words["below"].format(ledger=found.ledger, lag=lag, quarantined=found.quarantined))


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
