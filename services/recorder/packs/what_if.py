"""``recorder what-if``: a year decided again under another rule pack; told as a table, JSON or a workbook."""

import asyncio
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from rich.console import Console

from schemas.packs import BadPack, Pack, load, packs
from schemas.trust.identity import shard_of
from services.common.commands import AUDITOR, AsJson, Home, Lang, Language, failed, settings_of, spoken
from services.common.settings import Settings
from services.common.telling.showing import Whole, progress
from services.recorder.audit import files, source
from services.recorder.cli_errors import said
from services.recorder.ledger.rows import recorded
from services.recorder.packs.commands import reason
from services.recorder.packs.supposing import Difference, Supposing
from services.recorder.packs.told import WORDS, Told, sure

_HEADS: Final = ("office", "person", "type", "was", "would", "why", "event")
_BOOK: Final = b"PK"


def what_if(
    *,
    pack: Annotated[str, typer.Option(help="national-2026, …, or a pack's file · 规则包或其文件")],
    year: Annotated[int, typer.Option(min=1900, max=2200, help="The calendar year · 年度")],
    office: Annotated[str | None, typer.Option(help="This office alone · 仅此机关")] = None,
    out: Annotated[Path | None, typer.Option(metavar="F.xlsx", help="Write a workbook, too · 另写入工作簿")] = None,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Decide a year again under another rule pack, and say what would differ; changes nothing (假设采用另一规则包)."""
    words, supposed = WORDS[spoken(lang)], _pack(pack, lang)
    if out is not None:
        with said(lang):
            files.check(out, _is_book)
    with said(lang):
        found = asyncio.run(
            _differences(settings_of(home, lang, AUDITOR), Supposing(supposed, year, office), words["title"])
        )
        telling = Told(spoken(lang))
        rows = [telling.row(each) for each in found]
        if out is not None:
            files.check(out, _is_book)
            files.write(out, _workbook([words[head] for head in _HEADS], rows))
    if as_json:
        typer.echo(orjson.dumps({"pack": supposed.pack, "year": year, "offices": _by_office(found)}))
        return
    if rows:
        table = Whole(*(words[head] for head in _HEADS[:-1]))
        for row in telling.together(rows):
            table.add_row(*row)
        Console(highlight=False, markup=False, emoji=False).print(table)
    typer.echo(words["count" if rows else "nothing"].format(pack=supposed.pack, year=year, count=len(rows)), err=True)
    typer.echo(words["sealed"], err=True)
    if out is not None:
        typer.echo(words["written"].format(file=out), err=True)


def _pack(name: str, lang: Lang | None) -> Pack:
    """An installed one, or that of a file; exit 1 where it is none."""
    if name in packs():
        return packs()[name]
    if not (path := Path(name)).suffix:
        failed(lang, WORDS[spoken(lang)]["unknown"].format(pack=name, there=", ".join(packs())))
    try:
        return load(path)
    except BadPack as error:
        failed(lang, f"{error.path}:{error.line}: {reason(error)[spoken(lang).value]}")


async def _differences(settings: Settings, supposing: Supposing, title: str) -> list[Difference]:
    async with source.opened(settings, "ledger") as ledger:
        shards = range(ledger.shards)
        if supposing.office is not None:
            shards = range(shard := shard_of(supposing.office, ledger.shards), shard + 1)
        with progress(title, sum(ledger.left(shard, 0) for shard in shards)) as advance:
            for shard in shards:
                async for chunk in ledger.chunks(shard):
                    for body in chunk.bodies:
                        supposing.take(recorded(body).event)
                    advance(len(chunk.bodies))
    return list(supposing.differences())


# --- as it is told ---


def _by_office(found: Iterable[Difference]) -> list[dict[str, Any]]:
    offices: dict[str, list[dict[str, Any]]] = {}
    for each in found:
        told = each._asdict() | {"figures": [figure._asdict() | {"sure": sure(figure)} for figure in each.figures]}
        offices.setdefault(told.pop("office"), []).append(told)
    return [{"office": office, "differences": told} for office, told in sorted(offices.items())]


def _workbook(heads: list[str], rows: list[list[str]]) -> bytes:
    book, content = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for number, row in enumerate([heads, *rows]):
        cells = [WriteOnlyCell(sheet, text) for text in row]
        for cell in cells:
            cell.data_type = "s"  # never a formula
            cell.font = Font(bold=number == 0)
        sheet.append(cells)
    book.save(content)
    return content.getvalue()


def _is_book(file: Path) -> bool:
    with file.open("rb") as there:
        return there.read(len(_BOOK)) == _BOOK
