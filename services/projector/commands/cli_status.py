"""The command ``projector status``."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

import orjson
import typer
from rich.cells import cell_len
from rich.console import Console

from services.common.commands import FAILED, AsJson, Home, Lang, Language, Words, failed, settings_of, spoken
from services.common.home import pasteable
from services.projector.commands.ending import ended, table
from services.projector.versioning.status import Status
from services.projector.versioning.status import status as ask

_WORDS: Final[Words] = {
    Lang.EN: {
        "shard": "shard", "next": "applied up to", "end": "ledger's end",
        "lag": "behind by", "state": "state", "error": "error",
        "title": "read models: {state}", "live": "live", "halted": "halted",
        "foreign": "Shard {shard}: {foreign} records were passed over, since no recorder wrote them; the last: "
        "{foreign_last}. `recorder republish --yes` clears them away.",
        "other": "Version {version} was made by other folds than this program has: `projector rebuild` renews it.",
        "building": "Version {building} is being built: {done} events applied.",
        "old": "Kept: {old}. `projector rebuild --drop-old` drops it.",
    },
    Lang.ZH: {
        "shard": "分片", "next": "已投影至", "end": "账本末尾", "lag": "落后", "state": "状态", "error": "错误",
        "title": "读模型：{state}", "live": "正常", "halted": "已停",
        "foreign": "分片 {shard}：有 {foreign} 条消息不是记录服务所写，已略过；最后一条：{foreign_last}。"
        "可用 `recorder republish --yes` 清除。",
        "other": "版本 {version} 由另一套汇总规则生成：可用 `projector rebuild` 更新。",
        "building": "正在构建版本 {building}：已投影 {done} 条事件。",
        "old": "保留的旧版：{old}。可用 `projector rebuild --drop-old` 删除。",
    },
}  # fmt: skip


def status(home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """Say how far the read models are behind the ledger (读模型落后账本多少)."""
    with ended(lang, away=failed):
        found = asyncio.run(ask(settings_of(home, lang)))
    if as_json:
        typer.echo(orjson.dumps(asdict(found)))
    else:
        _show(found, _words(lang))
    if found.state == "halted":
        raise typer.Exit(FAILED)


def _show(found: Status, words: Mapping[str, str]) -> None:
    figures = ("shard", "next", "end", "lag")
    made = table(words, words["title"].format(state=words[found.state]), (*figures, "state", "error"), figures)
    # Where it is narrow, the state at least is never broken.
    made.columns[4].min_width = max((cell_len(words[shard.state]) for shard in found.shards), default=None)
    for shard in found.shards:
        made.add_row(*(str(getattr(shard, name)) for name in figures), words[shard.state], shard.error or "")
    Console().print(made)
    for shard in found.shards:
        if shard.foreign:
            typer.echo(pasteable(words["foreign"].format(**asdict(shard))))
    if not found.current:
        typer.echo(pasteable(words["other"].format(version=found.version)))
    if found.building is not None:
        typer.echo(words["building"].format(building=found.building.version, done=found.building.next))
    if found.old:
        names = ", ".join(f"office_v{number}" for number in found.old)
        typer.echo(pasteable(words["old"].format(old=names)))


def _words(lang: Lang | None) -> Mapping[str, str]:
    return _WORDS[spoken(lang)]
