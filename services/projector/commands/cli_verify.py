"""The command ``projector verify``."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import orjson
import typer
from rich.console import Console

from services.common.collecting import collect_rarely
from services.common.commands import FAILED, AsJson, Home, Lang, Language, Words, settings_of, spoken
from services.common.settings import Settings
from services.common.telling import log
from services.common.telling.showing import quiet
from services.projector import read_models
from services.projector.commands.ending import SHOWN, ended, said, shown, table
from services.projector.rebuilding.verify import Verify

_WORDS: Final[Words] = {
    Lang.EN: {
        "replay": "replaying", "rate": "events/s", "title": "problems", "read_model": "read model", "key": "key",
        "place": "position", "expected": "a replay gives", "found": "found", "more": "{count} more",
        "replayed": "a replay of the events topic",
        "well": "The read models are what a replay gives: {rows} rows, {events} events.",
        "ill": "The read models are not what a replay gives: {count} problems listed; --json tells all of them.",
    },
    Lang.ZH: {
        "replay": "重放", "rate": "条/秒", "title": "问题", "read_model": "读模型", "key": "键",
        "place": "序号", "expected": "重放所得", "found": "现有", "more": "另有 {count} 处",
        "replayed": "重放 events 主题",
        "well": "读模型与重放所得一致：{rows} 行，{events} 条事件。",
        "ill": "读模型与重放所得不一致：列出 {count} 处问题；用 --json 查看全部。",
    },
}  # fmt: skip


def verify(*, home: Home = None, lang: Language = None, as_json: AsJson = False) -> None:
    """Hold the read models against a fresh replay of every event (将读模型与全部事件的重放结果逐行核对)."""
    log.configure("ERROR")
    quiet()
    collect_rarely()
    settings, words = settings_of(home, lang), _WORDS[spoken(lang)]
    with ended(lang):
        found = asyncio.run(_verify(settings, words))
    if as_json:
        typer.echo(orjson.dumps({"ok": not found.problems, "checked": found.checked, "problems": found.problems}))
    else:
        _show(found, words, lang)
    if found.problems:
        raise typer.Exit(FAILED)


async def _verify(settings: Settings, words: Mapping[str, str]) -> Verify:
    async with Verify(settings, read_models.load()) as work:
        await shown(work.run(), words)
    return work


def _show(found: Verify, words: Mapping[str, str], lang: Lang | None) -> None:
    if not found.problems:
        checked = found.checked
        typer.echo(words["well"].format(rows=checked["read_model_rows"], events=checked["read_model_events"]))
        return
    made = table(words, words["title"], ("read_model", "key", "place", "expected", "found"))
    rows = [_cells(problem, words) for problem in found.problems[:SHOWN]]
    if found.stopped is not None:  # the same in the reader's language
        rows = [("", "", "", words["replayed"], said(found.stopped, lang))]
    for row in rows:
        made.add_row(*row)
    Console().print(made)
    typer.echo(words["ill"].format(count=len(found.problems)))


def _cells(problem: Mapping[str, Any], words: Mapping[str, str]) -> tuple[str, ...]:
    place = "" if problem["position"] is None else f"{problem['shard']}:{problem['position']}"
    more = words["more"].format(count=problem["more"]) if "more" in problem else ""
    return (
        problem["read_model"] or "",
        " ".join(map(str, (problem["key"] or {}).values())),
        place,
        _cell(problem["expected"]),
        _cell(problem["found"]) or more,
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
