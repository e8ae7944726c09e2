"""The command ``projector rebuild``: its bar, its question, what it says at the end."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console

from services.common.collecting import collect_rarely
from services.common.commands import AsJson, Home, Lang, Language, Words, failed, settings_of, spoken
from services.common.home import pasteable
from services.common.settings import Settings
from services.common.telling import log
from services.common.telling.showing import quiet
from services.projector import read_models
from services.projector.commands.ending import SHOWN, ended, shown, table
from services.projector.rebuilding import differences
from services.projector.rebuilding.differences import Differences
from services.projector.rebuilding.rebuild import Rebuild
from services.projector.settings import consumer_name
from services.projector.versioning import making

_WORDS: Final[Words] = {
    Lang.EN: {
        "replay": "replaying", "rate": "events/s", "compare": "comparing", "switch": "switching",
        "resumed": "Going on with office_v{number}, which an earlier rebuild began.",
        "done": "Rebuilt: {count} events applied. office_v{number} is live; "
                "`projector rebuild --drop-old` drops what was before.",
        "dropped": "Dropped: {names}.", "none": "There is no old version.",
        "begun": "office_v{number} is live and empty; running projectors fill it.",
        "empties": "Readers see nothing until projectors have replayed everything. Begin with empty read models?",
        "stays": "Not begun anew: readers would see nothing for a while. "
                 "`projector rebuild --start-over --yes` does it all the same.",
        "differs": "{rows} rows differ from the live ones. Each figure is in {file}.",
        "title": "what would change", "read_model": "read model", "figure": "figure", "rows": "rows",
        "people": "people",
        "gone": "no longer there: {names}", "ask": "Switch to the new figures?",
        "waits": "Not switched: figures would change. Look at {file}; then `projector rebuild --yes` switches. "
                 "The new version is kept.",
    },
    Lang.ZH: {
        "replay": "重放", "rate": "条/秒", "compare": "比对", "switch": "切换",
        "resumed": "继续上次未完成的 office_v{number}。",
        "done": "重建完成：共 {count} 条事件，现用 office_v{number}；旧版可用 `projector rebuild --drop-old` 删除。",
        "dropped": "已删除：{names}。", "none": "没有旧版。",
        "begun": "现用 office_v{number}，尚为空；运行中的投影服务会重新填入。",
        "empties": "在全部事件重放之前，查询将得不到任何内容。是否从空的读模型开始？",
        "stays": "未清空：查询会有一段时间得不到内容。确认后用 `projector rebuild --start-over --yes`。",
        "differs": "有 {rows} 行与现用的不同，逐项列于 {file}。",
        "title": "将会改变的数字", "read_model": "读模型", "figure": "项目", "rows": "行数", "people": "人数",
        "gone": "不再有：{names}", "ask": "切换到新的数字？",
        "waits": "未切换：数字会改变。请查看 {file}，确认后用 `projector rebuild --yes` 切换。新版已保留。",
    },
}  # fmt: skip

Yes = Annotated[
    bool, typer.Option("--yes", help="Don't ask: switch even where figures change · 不再询问，数字有变也切换")
]
DropOld = Annotated[
    bool, typer.Option("--drop-old", help="Drop the versions before the live one, nothing else · 只删除旧版")
]
StartOver = Annotated[
    bool,
    typer.Option("--start-over", help="Begin with nothing: the live ones follow a history that is lost · 清空重来"),
]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it; ``differences`` is null where no figure changes."""

    version: int
    events: int
    switched: bool
    differences: Differences | None


def rebuild(
    *,
    yes: Yes = False,
    drop_old: DropOld = False,
    start_over: StartOver = False,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Replay every event beside the live read models, compare, switch (在旁重放全部事件，比对后切换)."""
    log.configure("ERROR")  # the progress bar says the rest
    quiet()
    settings, words = settings_of(home, lang), _WORDS[spoken(lang)]
    with ended(lang):
        if drop_old:
            return _say_dropped(asyncio.run(making.drop_old(settings.database_url)), words, as_json=as_json)
        if start_over:
            if not (yes or _confirmed(words["empties"])):
                failed(lang, words["stays"])
            number = asyncio.run(_start_over(settings))
            return typer.echo(orjson.dumps({"version": number}) if as_json else words["begun"].format(number=number))
        collect_rarely()
        found = asyncio.run(_rebuild(settings, words, yes=yes, as_json=as_json))
    if as_json:
        typer.echo(orjson.dumps(asdict(found)))
    if not found.switched:
        failed(lang, words["waits"].format(file=found.differences and found.differences.file))
    if not as_json:
        typer.echo(pasteable(words["done"].format(count=found.events, number=found.version)))
    return None


async def _start_over(settings: Settings) -> int:
    models = read_models.load()
    return await making.start_over(settings.database_url, consumer_name(settings), models, settings.shards)


async def _rebuild(settings: Settings, words: Mapping[str, str], *, yes: bool, as_json: bool) -> Rebuilt:
    async with Rebuild(settings, read_models.load()) as work:
        number = work.version.number
        if work.resumed:
            typer.echo(words["resumed"].format(number=number), err=True)
        count = await shown(work.replay(), words)
        found = differences.kept(work.version.compared)
        if not (yes and work.version.compared):  # told to go on, after it was looked at
            found = await _compared(work, settings, words)
            if found is not None and not as_json:
                _show(found, words)
        if found is not None and not yes:
            if not await asyncio.to_thread(_confirmed, words["ask"]):
                return Rebuilt(number, count, switched=False, differences=found)
            count = await shown(work.replay(), words)  # what came while it was looked at
        typer.echo(words["switch"], err=True)
        await work.switch()
        return Rebuilt(number, count, switched=True, differences=found)


async def _compared(work: Rebuild, settings: Settings, words: Mapping[str, str]) -> Differences | None:
    typer.echo(words["compare"], err=True)
    found = None
    async with work.compared() as comparison:
        if not comparison.equal:
            file = settings.home / f"rebuild-office_v{work.version.number}-differences.csv"
            found = await differences.write(comparison, file)
    await work.note(differences.as_kept(found))
    return found


def _confirmed(question: str) -> bool:
    """The user's yes; nobody can say it where there is no terminal."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)


def _show(found: Differences, words: Mapping[str, str]) -> None:
    console = Console(stderr=True)
    made = table(words, words["title"], ("read_model", "figure", "rows", "people"), {"rows", "people"})
    for figure in found.figures[:SHOWN]:
        made.add_row(figure.read_model, figure.figure, str(figure.rows), str(figure.people))
    if len(found.figures) > SHOWN:
        made.add_row("…", f"+ {len(found.figures) - SHOWN}")
    console.print(made)
    if found.gone:
        console.print(words["gone"].format(names=", ".join(found.gone)))
    console.print(words["differs"].format(rows=found.rows, file=found.file), soft_wrap=True)


def _say_dropped(numbers: list[int], words: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps({"dropped": numbers}))
    elif numbers:
        typer.echo(words["dropped"].format(names=", ".join(f"office_v{number}" for number in numbers)))
    else:
        typer.echo(words["none"])
