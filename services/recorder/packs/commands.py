"""The commands ``recorder packs list``, ``show`` and ``check``."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from schemas.packs import BadPack, Pack, load, packs
from services.common.commands import FAILED, AsJson, Lang, Language, Words, failed, spoken
from services.common.telling.explain import said

_WORDS: Final[Words] = {
    Lang.EN: {
        "pack": "pack", "name": "name", "version": "version", "rests_on": "rests on", "figures": "figures",
        "figure": "figure", "value": "value", "certainty": "certainty", "source": "source", "nothing": "nothing",
        "good": "{file}: a pack, {pack}, with {figures} figures",
        "unknown": "there is no pack {pack}; there are: {there}",
    },
    Lang.ZH: {
        "pack": "规则包", "name": "名称", "version": "版次", "rests_on": "依据", "figures": "项数",
        "figure": "规定", "value": "数值", "certainty": "可信程度", "source": "出处", "nothing": "无",
        "good": "{file}：有效的规则包 {pack}，共 {figures} 项", "unknown": "没有规则包 {pack}；现有：{there}",
    },
}  # fmt: skip
CERTAINTIES: Final[Words] = {
    Lang.EN: {
        "sure": "sure", "seen-twice": "seen twice", "seen-once": "seen once", "inferred": "inferred",
        "unverified": "unverified",
    },
    Lang.ZH: {
        "sure": "已核原文", "seen-twice": "见过两次", "seen-once": "见过一次", "inferred": "推断",
        "unverified": "未核实",
    },
}  # fmt: skip
_WIDE: Final = 100  # columns, where what is written to isn't a terminal


def listed(lang: Language = None, as_json: AsJson = False) -> None:  # noqa: FBT002  # an option
    """List the rule packs that are installed (列出已安装的规则包)."""
    found = list(packs().values())
    if as_json:
        typer.echo(orjson.dumps([_head(pack) for pack in found]))
        return
    words = _WORDS[spoken(lang)]
    rows = [
        (pack.pack, pack.name[spoken(lang).value], str(pack.version), pack.rests_on or words["nothing"],
         str(len(list(pack.figures()))))
        for pack in found
    ]  # fmt: skip
    _table([words[name] for name in ("pack", "name", "version", "rests_on", "figures")], rows)


def show(
    pack: Annotated[str, typer.Argument(help="national-2026, … · 规则包")],
    lang: Language = None,
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Show every figure of a pack, its source and how sure it is (查看规则包的每项规定、出处与可信程度)."""
    found, words = packs().get(pack), _WORDS[spoken(lang)]
    if found is None:
        failed(lang, words["unknown"].format(pack=pack, there=", ".join(packs())))
    figures = [
        {"figure": name, "value": plain(figure.value), "certainty": figure.certainty, "source": figure.source}
        for name, figure in found.figures()
    ]
    if as_json:
        typer.echo(orjson.dumps(_head(found) | {"figures": figures}))
        return
    rows = [
        (each["figure"], _said(each["value"]), CERTAINTIES[spoken(lang)][each["certainty"]], each["source"])
        for each in figures
    ]
    _table([words[name] for name in ("figure", "value", "certainty", "source")], rows)


def check(
    file: Annotated[Path, typer.Argument(help="A pack's YAML file · 规则包文件")],
    lang: Language = None,
    as_json: AsJson = False,  # noqa: FBT002  # an option
) -> None:
    """Check a pack's file; exit 1 with file, line and reason where it is none (检查规则包文件)."""
    try:
        pack = load(file)
    except BadPack as error:
        why = reason(error)
        if not as_json:
            failed(lang, f"{error.path}:{error.line}: {why[spoken(lang).value]}")
        typer.echo(orjson.dumps({"file": str(file), "good": False, "line": error.line, "reason": why}))
        raise typer.Exit(FAILED) from None
    figures = len(list(pack.figures()))
    if as_json:
        typer.echo(orjson.dumps({"file": str(file), "good": True, "pack": pack.pack, "figures": figures}))
    else:
        typer.echo(_WORDS[spoken(lang)]["good"].format(file=file, pack=pack.pack, figures=figures))


def reason(error: BadPack) -> Mapping[str, str]:
    """What is wrong, in both languages; what pydantic found in the words of every other wrong field."""
    if error.field is None:
        return {"en": error.en, "zh": error.zh}
    told = said(error.field["type"], "", error.field.get("ctx"))
    where = ".".join(map(str, error.way))
    return {"en": f"{where} {told.en}: {told.fix_en}", "zh": f"{where} {told.zh}：{told.fix_zh}"}


def plain(value: Any) -> Any:  # noqa: ANN401  # a figure's value, as JSON has it
    """A value as JSON: shares as they are written, parts as objects."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump()
    return [plain(each) for each in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def _said(value: Any) -> str:  # noqa: ANN401  # the same, for people
    if isinstance(value, list):
        return "; ".join(map(_said, value))
    return ", ".join(f"{name} {each}" for name, each in value.items()) if isinstance(value, dict) else str(value)


def _head(pack: Pack) -> dict[str, Any]:
    names = ("pack", "region", "year", "version", "issued_on", "name", "rests_on")
    return {name: getattr(pack, name) for name in names}


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*row)
    wide = None if sys.stdout.isatty() else _WIDE
    Console(highlight=False, markup=False, emoji=False, width=wide).print(table)
