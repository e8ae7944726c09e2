"""``recorder audit verify``: all of history recomputed, and what is wrong with it."""

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
    AUDITOR,
    FAILED,
    AsJson,
    Home,
    Lang,
    Language,
    Words,
    settings_of,
    spoken,
)
from services.common.telling.showing import quiet
from services.recorder.audit.source import folders_of
from services.recorder.audit.verifying.plan import Options
from services.recorder.audit.verifying.report import COUNTED, Report
from services.recorder.audit.verifying.report import verify as verified
from services.recorder.cli_errors import said, worded
from services.recorder.errors import Untrusted
from services.recorder.trust.note import VerifierKey

_SHOWN: Final = 20  # problems, one a line; --json has all
_LONGEST: Final = 80  # characters of what was expected or found
_WORDS: Final[Words] = {
    Lang.EN: {
        "title": "verify", "ok": "Everything holds.", "partly": "What was checked holds.",
        "incomplete": " The check is incomplete: see above what was not checked ({count}), and how to have it checked.",
        "wrong": "{count:,} problems: {kinds}.", "part": "checked", "count": "number",
        "events": "events: hashes, tree, no gap", "receipts": "receipts ↔ events, no gap",
        "states": "states = fold of events", "tiles": "tiles", "checkpoints": "checkpoints: signed, consistent",
        "topic_events": "events on Kafka = ledger", "topic_receipts": "receipts on Kafka = ledger",
        "read_models": "rows of read models = a fresh replay",
        "lag": "Kafka is behind the ledger by {events} events and {receipts} receipts; that is normal.",
        "skipped": "Not checked: {part}; {why}.", "more": "… and {count} more; --json lists them.",
        "expected": "expected", "found": "found", "rate": "{rate:,} events hashed a second; {seconds} s in all.",
    },
    Lang.ZH: {
        "title": "核验", "ok": "全部一致。", "partly": "已核验的部分一致。",
        "incomplete": "但核验不完整：未核验的内容（{count} 项）及如何补全见上。",
        "wrong": "发现 {count:,} 个问题：{kinds}。", "part": "核验内容", "count": "数量",
        "events": "事件：哈希、树、无缺号", "receipts": "回执 ↔ 事件，无缺号", "states": "状态 = 事件的折叠",
        "tiles": "瓦片", "checkpoints": "检查点：签名、一致", "topic_events": "Kafka 上的事件 = 账本",
        "topic_receipts": "Kafka 上的回执 = 账本", "read_models": "读模型的行 = 重新重放",
        "lag": "Kafka 落后账本 {events} 条事件、{receipts} 条回执，属正常情况。",
        "skipped": "未核验：{part}；{why}。", "more": "……另有 {count} 个，见 --json。",
        "expected": "应为", "found": "实为", "rate": "每秒哈希 {rate:,} 条事件，共 {seconds} 秒。",
    },
}  # fmt: skip

Shards = Annotated[
    list[int] | None, typer.Option("--shard", help="Only this shard; may be given again · 只核验该分片，可多次给出")
]
Offices = Annotated[
    list[str] | None,
    typer.Option("--office", help="Only this office's shard; may be given again · 只核验该机关所在分片，可多次给出"),
]
Files = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoints",
        help="A file of checkpoints that you kept, beside the installation's own; may be given again "
        "· 另存的检查点文件，可多次给出",
    ),
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        help="Trust this verifier key, as recorder audit key prints it, and no others; may be given again "
        "· 只信任此公钥，可多次给出",
    ),
]
Source = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="ledger|FOLDER",
        help="FOLDER: an archive, to verify what left the ledger, too; may be given again · 归档目录，可多次给出",
    ),
]
WithoutKafka = Annotated[bool, typer.Option("--without-kafka", help="Leave the topics out · 不核验 Kafka")]
WithoutModels = Annotated[bool, typer.Option("--without-read-models", help="Leave the read models out · 不核验读模型")]
Complete = Annotated[
    bool, typer.Option("--complete", help="Exit 1 where anything was not checked, too · 有未核验的内容也以 1 退出")
]


def verify(
    *,
    shard: Shards = None,
    office: Offices = None,
    checkpoints: Files = None,
    key: Keys = None,
    source: Source = None,
    without_kafka: WithoutKafka = False,
    without_read_models: WithoutModels = False,
    complete: Complete = False,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Recompute everything and say what is wrong and where; exit 1 where something is (重新计算并核验全部历史)."""
    words = _WORDS[spoken(lang)]
    try:
        keys = [VerifierKey.parse(text) for text in key or ()]
    except Untrusted as error:
        raise typer.BadParameter(worded(error, lang)) from None
    archives = folders_of(source or ())
    named, stores = (shard or (), office or ()), (not without_kafka, not without_read_models)
    options = Options(*named, checkpoints or (), keys, archives, *stores)
    quiet()
    with said(lang), _interruptible():
        report = verified(settings_of(home, lang, AUDITOR), options, title=words["title"])
    if as_json:
        typer.echo(orjson.dumps(report.as_json()))
    else:
        _show(report, spoken(lang), complete=complete)
    if not report.ok or (complete and not report.complete):
        raise typer.Exit(FAILED)


@contextmanager
def _interruptible() -> Iterator[None]:
    """To be stopped politely is to be interrupted: the processes end, too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(report: Report, lang: Lang, *, complete: bool = False) -> None:
    """To people. ``complete``: as good as wrong is what was not checked."""
    checked, words = report.checked, _WORDS[lang]
    table = Table()
    table.add_column(words["part"])
    table.add_column(words["count"], justify="right")
    without_kafka = any(each.name == "kafka" for each in report.skipped)
    for name in COUNTED:
        if not (name.startswith("topic_") and without_kafka):
            table.add_row(words[name], f"{checked[name]:,}")
    if "read_models" in checked:
        table.add_row(words["read_models"], f"{checked['read_models'].get('read_model_rows', 0):,}")
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    for line in _lines(report, lang):
        console.print(line, markup=False)
    colour = "green" if report.ok and report.complete else "red" if complete or not report.ok else "yellow"
    console.print(_conclusion(report, words), style=f"bold {colour}", markup=False)


def _conclusion(report: Report, words: Mapping[str, str]) -> str:
    """What came of it; who reads only this must not take a part for the whole."""
    if report.ok and report.complete:
        return words["ok"]
    counts = Counter(problem.kind.value for problem in report.problems) + Counter(report.unlisted)
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in counts.most_common())
    told = words["partly"] if report.ok else words["wrong"].format(count=counts.total(), kinds=kinds)
    return told if report.complete else told + words["incomplete"].format(count=len(report.skipped))


def _lines(report: Report, lang: Lang) -> list[str]:
    checked, words = report.checked, _WORDS[lang]
    lag = {kind: checked.get(f"lag_{kind}", 0) for kind in ("events", "receipts")}
    lines = [words["rate"].format(rate=checked["hashed_per_s"], seconds=checked["seconds"])]
    lines += [words["lag"].format(**lag)] if any(lag.values()) else []
    lines += [
        words["skipped"].format(part=each.part.spoken(lang), why=each.why.spoken(lang)) for each in report.skipped
    ]
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
