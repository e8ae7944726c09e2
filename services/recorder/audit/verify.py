"""``recorder audit verify``: all of history recomputed, and what is wrong with it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from services.common.commands import (
    FAILED,
    AsJson,
    Home,
    Lang,
    Language,
    Words,
    settings_of,
    spoken,
)
from services.common.showing import quiet
from services.recorder.audit.commands import said
from services.recorder.audit.note import VerifierKey
from services.recorder.audit.verifying.plan import Options
from services.recorder.audit.verifying.report import COUNTED, Report
from services.recorder.audit.verifying.report import verify as verified
from services.recorder.errors import Untrusted

_SHOWN: Final = 20  # problems, one a line; --json has all
_LONGEST: Final = 80  # characters of what was expected or found
_WORDS: Final[Words] = {
    Lang.EN: {
        "title": "verify", "ok": "Everything holds.", "partly": "What was checked holds.",
        "wrong": "{count:,} problems: {kinds}.", "part": "checked", "count": "number",
        "events": "events: hashes, tree, no gap", "receipts": "receipts ↔ events, no gap",
        "states": "states = fold of events", "tiles": "tiles", "checkpoints": "checkpoints: signed, consistent",
        "topic_events": "events on Kafka = ledger", "topic_receipts": "receipts on Kafka = ledger",
        "read_models": "rows of read models = a fresh replay",
        "lag": "Kafka is behind the ledger by {events} events and {receipts} receipts; that is normal.",
        "skipped": "Not checked: {part} ({reason}).", "more": "… and {count} more; --json lists them.",
        "expected": "expected", "found": "found", "rate": "{rate:,} events hashed a second; {seconds} s in all.",
    },
    Lang.ZH: {
        "title": "核验", "ok": "全部一致。", "partly": "已核验的部分一致。",
        "wrong": "发现 {count:,} 个问题：{kinds}。", "part": "核验内容", "count": "数量",
        "events": "事件：哈希、树、无缺号", "receipts": "回执 ↔ 事件，无缺号", "states": "状态 = 事件的折叠",
        "tiles": "瓦片", "checkpoints": "检查点：签名、一致", "topic_events": "Kafka 上的事件 = 账本",
        "topic_receipts": "Kafka 上的回执 = 账本", "read_models": "读模型的行 = 重新重放",
        "lag": "Kafka 落后账本 {events} 条事件、{receipts} 条回执，属正常情况。",
        "skipped": "未核验：{part}（{reason}）。", "more": "……另有 {count} 个，见 --json。",
        "expected": "应为", "found": "实为", "rate": "每秒哈希 {rate:,} 条事件，共 {seconds} 秒。",
    },
}  # fmt: skip

Shards = Annotated[list[int] | None, typer.Option("--shard", help="only these shards; may be given again")]
Files = Annotated[
    list[Path] | None,
    typer.Option("--checkpoints", help="a file of checkpoints that you kept, beside the installation's own; again"),
]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="trust this verifier key, as `recorder audit key` prints it, and no others; again"),
]
Source = Annotated[
    str,
    typer.Option("--source", metavar="ledger|FOLDER", help="FOLDER: an archive, to verify what left the ledger, too"),
]
WithoutKafka = Annotated[bool, typer.Option("--without-kafka", help="leave the topics out")]
WithoutModels = Annotated[bool, typer.Option("--without-read-models", help="leave the read models out")]


def verify(
    *,
    shard: Shards = None,
    checkpoints: Files = None,
    key: Keys = None,
    source: Source = "ledger",
    without_kafka: WithoutKafka = False,
    without_read_models: WithoutModels = False,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Recompute everything and say what is wrong and where; exit 1 where something is (重新计算并核验全部历史)."""
    words = _WORDS[spoken(lang)]
    try:
        keys = [VerifierKey.parse(text) for text in key or ()]
    except Untrusted as error:
        raise typer.BadParameter(str(error)) from None
    archive = None if source == "ledger" else Path(source)
    options = Options(shard or (), checkpoints or (), keys, archive, not without_kafka, not without_read_models)
    quiet()
    with said(lang), _interruptible():
        report = verified(settings_of(home), options, title=words["title"])
    if as_json:
        typer.echo(orjson.dumps(report.as_json()))
    else:
        _show(report, words)
    if not report.ok:
        raise typer.Exit(FAILED)


@contextmanager
def _interruptible() -> Iterator[None]:
    """To be stopped politely is to be interrupted: the processes end, too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(report: Report, words: Mapping[str, str]) -> None:
    checked = report.checked
    table = Table()
    table.add_column(words["part"])
    table.add_column(words["count"], justify="right")
    for name in COUNTED:
        if not (name.startswith("topic_") and "kafka" in report.skipped):
            table.add_row(words[name], f"{checked[name]:,}")
    if "read_models" in checked:
        table.add_row(words["read_models"], f"{checked['read_models'].get('read_model_rows', 0):,}")
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    for line in _lines(report, words):
        console.print(line, markup=False)
    counts = Counter(problem.kind.value for problem in report.problems) + Counter(report.unlisted)
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in counts.most_common())
    well = words["partly" if report.skipped else "ok"]
    told = well if report.ok else words["wrong"].format(count=counts.total(), kinds=kinds)
    console.print(told, style="bold green" if report.ok else "bold red", markup=False)


def _lines(report: Report, words: Mapping[str, str]) -> list[str]:
    checked = report.checked
    lag = {kind: checked.get(f"lag_{kind}", 0) for kind in ("events", "receipts")}
    lines = [words["rate"].format(rate=checked["hashed_per_s"], seconds=checked["seconds"])]
    lines += [words["lag"].format(**lag)] if any(lag.values()) else []
    lines += [words["skipped"].format(part=part, reason=reason) for part, reason in report.skipped.items()]
    lines += [_line(problem.as_json(), words) for problem in report.problems[:_SHOWN]]
    more = len(report.problems) - _SHOWN + sum(report.unlisted.values())
    return lines + ([words["more"].format(count=more)] if more > 0 else [])


def _line(problem: dict[str, Any], words: Mapping[str, str]) -> str:
    place = (problem.pop("shard"), problem.pop("position"))
    where = ":".join(str(number) for number in place if number is not None)
    told = [f"{problem.pop('kind')} {where}".rstrip()]
    told += [f"{words[name]} {_short(problem.pop(name))}" for name in ("expected", "found")]
    return " · ".join(told + [f"{name} {_short(value)}" for name, value in problem.items()])


def _short(value: object) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
