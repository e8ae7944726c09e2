"""The commands ``recorder restore``, ``recover`` and ``republish``."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from services.common.commands import (
    FAILED,
    AsJson,
    Home,
    Lang,
    Language,
    Words,
    failed,
    not_running,
    settings_of,
    spoken,
)
from services.common.home import pasteable
from services.common.telling.showing import Advance, growing, quiet
from services.recorder.cli_errors import said
from services.recorder.ledger.database import NOT_OURS, TRANSIENT, allowed
from services.recorder.recovery.refilling.recover import recover as recover_
from services.recorder.recovery.refilling.restore import restore as restore_
from services.recorder.recovery.refilling.telling import Report
from services.recorder.recovery.republishing.republish import KINDS, Consent, needed
from services.recorder.recovery.republishing.republish import republish as republish_

R = TypeVar("R")
Shards = Annotated[
    list[int] | None, typer.Option("--shard", help="This one only; may be given again · 只处理该分片，可多次给出")
]
_WORDS: Final[Words] = {
    Lang.EN: {
        "events": "events", "records": "records",
        "shard": "shard {shard}: {events} events and {receipts} receipts came back; it has {size} events, "
        "{next_receipt} receipts now",
        "restored": "The ledger {ledger} is back. Start the recorder.",
        "not-restored": "The ledger {ledger} is back as far as it can be had. See above what is missing.",
        "recovered": "Nothing is missing any more. A running recorder takes up the shards within seconds.",
        "nothing": "Nothing is missing: every shard has what its topics have.",
        "not-recovered": "Not everything could be brought back. See above.",
        "behind": "{kind}, shard {shard}: had {next} of {size} records",
        "damaged": "{kind}, shard {shard}: was damaged: {why} Emptied and filled again, {size} records",
        "ahead": "{kind}, shard {shard}: {why} Emptied and filled again, {size} records",
        "republished": "{count} records were published; the topics hold what the ledger holds, byte for byte.",
        "complete": "Nothing is missing: the topics hold what the ledger holds, byte for byte.",
        "away": "Kafka or the database went away ({error}). Nothing is lost: run the command again.",
        "interrupted": "Interrupted. Nothing is lost: run the command again, it goes on where it was.",
        "of": "shard {shard}: {told}",
    },
    Lang.ZH: {
        "events": "事件", "records": "消息", "shard": "分片 {shard}：恢复事件 {events} 个、回执 {receipts} 份；"
        "现有事件 {size} 个、回执 {next_receipt} 份",
        "restored": "账本 {ledger} 已恢复。请启动记录服务。",
        "not-restored": "账本 {ledger} 已尽可能恢复。缺失部分见上。",
        "recovered": "已无缺失。运行中的记录服务将在数秒内恢复这些分片。",
        "nothing": "没有缺失：各分片与主题一致。",
        "not-recovered": "未能全部恢复，见上。",
        "behind": "{kind}，分片 {shard}：原有 {next} 条，共 {size} 条",
        "damaged": "{kind}，分片 {shard}：已损坏：{why_zh}已清空并重新发布 {size} 条",
        "ahead": "{kind}，分片 {shard}：{why_zh}已清空并重新发布 {size} 条",
        "republished": "已发布 {count} 条；主题与账本逐字节一致。",
        "complete": "没有缺失：主题与账本逐字节一致。",
        "away": "Kafka 或数据库中断（{error}）。没有丢失任何内容，请重新执行该命令。",
        "interrupted": "已中断。没有丢失任何内容：请再执行一次该命令，将从中断处继续。",
        "of": "分片 {shard}：{told}",
    },
}  # fmt: skip


class Which(StrEnum):
    """Which topics."""

    EVENTS = "events"
    RECEIPTS = "receipts"
    ALL = "all"


class Store(StrEnum):
    """What a lost ledger is rebuilt from."""

    KAFKA = "kafka"


def restore(
    from_: Annotated[Store, typer.Option("--from", help="kafka: the topics events and receipts · 由 Kafka 主题重建")],
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Rebuild a lost ledger in an empty database; killed, it goes on when run again (由主题重建丢失的账本)."""
    del from_
    settings = settings_of(home, lang)
    report = _run(lang, "events", lambda told, add: restore_(settings, told, add))
    _tell(report, lang, "restored" if report.ok else "not-restored", as_json=as_json)


def recover(
    shard: Shards = None,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Bring back from the topics what the ledger lacks, or say where the two part (找回账本缺失的内容)."""
    settings = settings_of(home, lang)
    report = _run(lang, "events", lambda told, add: recover_(settings, shard or (), told, add))
    came = any(each.events or each.receipts for each in report.shards)
    word = ("recovered" if came else "nothing") if report.ok else "not-recovered"
    _tell(report, lang, word, as_json=as_json)


def republish(  # noqa: PLR0917  # a command's options
    topic: Annotated[Which, typer.Option("--topic", help="Which topic · 哪个主题")] = Which.ALL,
    shard: Shards = None,
    yes: Annotated[  # noqa: FBT002
        bool, typer.Option("--yes", help="Empty what is damaged, and fill it again · 清空已损坏的并重新发布")
    ] = False,
    discard_newer: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--discard-newer",
            help="With --yes: even what holds something that the ledger lacks · 连账本没有的内容也清空",
        ),
    ] = False,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Fill lost or damaged topics again from the ledger, byte for byte; recorders may run (由账本重新发布主题)."""
    settings, consent = settings_of(home, lang), Consent(yes, yes and discard_newer)
    kinds = [kind for kind in KINDS if topic in {Which.ALL, kind}]
    done = _run(lang, "records", lambda told, add: republish_(settings, kinds, shard or (), consent, told, add))
    if as_json:
        typer.echo(orjson.dumps(asdict(done)))
        return
    words, console = _WORDS[spoken(lang)], Console(soft_wrap=True, highlight=False)
    for each in needed(done.found):
        console.print(pasteable(words[each.state].format(**asdict(each))), markup=False)
    console.print(words["republished" if done.published else "complete"].format(count=done.published))


def _run(lang: Lang | None, title: str, work: Callable[[Advance, Advance], Coroutine[Any, Any, R]]) -> R:
    quiet()
    with said(lang), growing(_WORDS[spoken(lang)][title]) as (advance, add), allowed():
        try:
            return asyncio.run(work(advance, add))
        except (KafkaError, *TRANSIENT, *NOT_OURS) as error:
            not_running(lang, _WORDS[spoken(lang)]["away"].format(error=type(error).__name__))
        except (KeyboardInterrupt, asyncio.CancelledError):
            failed(lang, _WORDS[spoken(lang)]["interrupted"])


def _tell(report: Report, lang: Lang | None, word: str, *, as_json: bool) -> None:
    words, console = _WORDS[spoken(lang)], Console(soft_wrap=True, highlight=False)
    if as_json:
        typer.echo(orjson.dumps(asdict(report)))
    else:
        for shard in report.shards:
            if shard.events or shard.receipts:
                console.print(words["shard"].format(**asdict(shard)))
        for remark in report.remarks:
            told = remark.zh if spoken(lang) is Lang.ZH else remark.en
            line = told if remark.shard is None else words["of"].format(shard=remark.shard, told=told)
            console.print(pasteable(line), style="bold red" if remark.grave == "loss" else None, markup=False)
        console.print(pasteable(words[word].format(ledger=report.ledger)))
    if not report.ok:
        raise typer.Exit(FAILED)
