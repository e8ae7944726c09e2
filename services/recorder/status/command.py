"""The command ``recorder status``."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

import orjson
import typer
from rich.cells import cell_len
from rich.console import Console

from services.common.commands import (
    FAILED,
    NOT_RUNNING,
    AsJson,
    Home,
    Lang,
    Language,
    Words,
    settings_of,
    spoken,
)
from services.common.home import pasteable
from services.common.telling.showing import Whole, quiet
from services.recorder.cli_errors import said
from services.recorder.status.figures import Shard, Status
from services.recorder.status.figures import status as ask

_WORDS: Final[Words] = {
    Lang.EN: {
        "shard": "shard", "next": "events", "next_receipt": "receipts", "relayed": "events relayed",
        "relayed_receipts": "receipts relayed", "checkpoint": "checkpoint at", "mode": "mode", "writable": "writable",
        "read-only": "read-only", "folding": "folding {percent}%",
        "running": "running", "starting": "starting", "stopped": "stopped",
        "title": "recorder: {state}", "of": "shard {shard}: {told}",
        "no-kafka": "Kafka can't be reached at {kafka}: how many actions wait there is not known, and none is taken.",
        "foreign": "{count} records on {topic} were passed over, since no recorder wrote them; the last: {told}. "
        "Find out who can write there; `recorder republish --yes` clears them away.",
        "below": "ledger {ledger} · {lag} actions waiting on Kafka · {quarantined} in quarantine"
        " · {waiting} checkpoints on their way out",
    },
    Lang.ZH: {
        "shard": "分片", "next": "事件", "next_receipt": "回执", "relayed": "已发布事件",
        "relayed_receipts": "已发布回执", "checkpoint": "检查点",
        "mode": "状态", "writable": "可写", "read-only": "只读", "folding": "折叠中 {percent}%", "running": "运行中",
        "starting": "启动中", "stopped": "已停止", "title": "记录服务：{state}", "of": "分片 {shard}：{told}",
        "no-kafka": "无法连接 Kafka（{kafka}）：不知有多少操作待处理，也不会接收任何操作。",
        "foreign": "{topic} 中有 {count} 条消息不是记录服务所写，已略过；最后一条：{told}。"
        "请查明谁能写入；可用 `recorder republish --yes` 清除。",
        "below": "账本 {ledger} · Kafka 上待处理操作 {lag} 条 · 隔离 {quarantined} 条"
        " · 待送出检查点 {waiting} 个",
    },
}  # fmt: skip


def status(home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Say how far ledger, relay and intake have come, and which shards are read-only (账本、发布与接收的进度)."""
    quiet()
    settings, words = settings_of(home, lang), _WORDS[spoken(lang)]
    with said(lang):
        found = asyncio.run(ask(settings))
    if as_json:
        typer.echo(orjson.dumps(found.as_json()))
    else:
        _show(found, spoken(lang))
    if found.intake_lag is None:
        typer.echo(words["no-kafka"].format(kafka=settings.kafka), err=True)
    if found.state == "stopped":
        raise typer.Exit(NOT_RUNNING)
    if found.intake_lag is None or any(shard.reason or shard.unsigned for shard in found.shards):
        raise typer.Exit(FAILED)


def _show(found: Status, lang: Lang) -> None:
    words = _WORDS[lang]
    figures = ("shard", "next", "next_receipt", "relayed", "relayed_receipts", "checkpoint")
    table = Whole(title=words["title"].format(state=words[found.state]))
    for column in (*figures, "mode"):
        table.add_column(words[column], justify="right" if column in figures else "left", overflow="fold")
    # Where it is narrow, the mode at least is never broken.
    modes = [_mode(shard, words) for shard in found.shards]
    table.columns[-1].min_width = max(map(cell_len, modes), default=None)
    for shard, mode in zip(found.shards, modes, strict=True):
        row = ["–" if getattr(shard, column) is None else f"{getattr(shard, column)}" for column in figures]
        table.add_row(*row, mode)
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    for line in _reasons(found.shards, words, lang):
        console.print(pasteable(line), style="bold red", markup=False)
    for each in (each for shard in found.shards for each in shard.foreign):
        console.print(pasteable(words["foreign"].format(**asdict(each))), style="yellow", markup=False)
    lag = "?" if found.intake_lag is None else found.intake_lag
    console.print(
        words["below"].format(
            ledger=found.ledger, lag=lag, quarantined=found.quarantined, waiting=found.checkpoints_waiting
        )
    )


def _mode(shard: Shard, words: Mapping[str, str]) -> str:
    if shard.refold is None:
        return words[shard.mode]
    return words["folding"].format(percent=100 * shard.refold.folded // max(shard.refold.events, 1))


def _reasons(shards: Sequence[Shard], words: Mapping[str, str], lang: Lang) -> Iterator[str]:
    """Why shards take nothing, and why they aren't signed: once, where all of them say the same."""
    told = {shard.shard: list(_told(shard, lang)) for shard in shards}
    first = next(iter(told.values()), [])
    if len(told) > 1 and all(reasons == first for reasons in told.values()):
        yield from first
        return
    for shard, reasons in told.items():
        for each in reasons:
            yield words["of"].format(shard=shard, told=each)


def _told(shard: Shard, lang: Lang) -> Iterator[str]:
    for en, zh in ((shard.reason, shard.reason_zh), (shard.unsigned, shard.unsigned_zh)):
        if en:
            told = str(zh) if lang is Lang.ZH else en
            yield told.removeprefix(f"shard {shard.shard}: ").removeprefix(f"分片 {shard.shard}：")
