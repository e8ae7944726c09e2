"""``recorder audit bundle``: the evidence behind an appraisal, in one file that anybody can check."""

import asyncio
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import typer

from services.common.commands import AUDITOR, AsJson, Home, Lang, Language, Words, settings_of, spoken
from services.common.settings import Settings
from services.recorder.audit import files
from services.recorder.audit.asking import Asked
from services.recorder.audit.bundle import packing
from services.recorder.audit.bundle.gathering import Whose
from services.recorder.audit.bundle.making import Bundle, Making
from services.recorder.audit.bundle.standing import standing
from services.recorder.audit.proving.commands import Archives, opened, tell
from services.recorder.cli_errors import said
from services.recorder.trust.keys import Keys

_WORDS: Final[Words] = {
    Lang.EN: {
        "made": "Wrote {file}: the appraisal of {person}, {year}, with the {events} events behind it and their proofs.",
        "office": "{office}: as of the first {size} events of shard {shard}.",
        "check": "Check it anywhere: python3 verify.py {file} --key '…' (verify.py is in it, README.txt too).",
        "waiting": "Waiting for the read models …",
    },
    Lang.ZH: {
        "made": "已写入 {file}：{person} {year} 年度考核，附所依据的 {events} 条事件及其证明。",
        "office": "{office}：截至分片 {shard} 的前 {size} 条事件。",
        "check": "可在任何地方核验：python3 verify.py {file} --key '…'（verify.py 与 README.txt 均在包内）。",
        "waiting": "等待读模型……",
    },
}
Person = Annotated[str, typer.Option(help="The person's id · 人员编号")]
Year = Annotated[int, typer.Option(min=1900, max=2200, help="The appraisal's calendar year · 考核年度")]
Office = Annotated[
    str | None,
    typer.Option(help="Whose file, where several know that id · 多个机关有此编号时，指明哪个机关的档案"),
]
Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE.zip", help="The file to write; an earlier bundle is replaced · 要写的文件，已有的证据包会被替换"
    ),
]


def bundle(
    *,
    person: Person,
    year: Year,
    out: Out,
    office: Office = None,
    source: Archives = None,
    home: Home = None,
    lang: Language = None,
    as_json: AsJson = False,
) -> None:
    """Put an appraisal's figures, events, proofs and verify.py into a zip (考核证据包：数字、事件、证明与核验程序)."""
    Asked(lang).ident(person)
    whose = Whose(person, year, office)
    words = _WORDS[spoken(lang)]
    with said(lang):
        files.check(out, packing.is_bundle)
        made = asyncio.run(_made(settings_of(home, lang, AUDITOR), whose, source or (), words["waiting"]))
        files.check(out, packing.is_bundle)  # what came there meanwhile
        files.write(out, made.content)
    told = {"file": str(out), "person": person, "year": year, "events": made.events}
    offices = [
        {"office": each["office"], "shard": each["shard"], "size": made.sizes[each["shard"]]} for each in made.figures
    ]
    lines = [words["made"].format(**told), *(words["office"].format(**office) for office in offices)]
    tell({**told, "offices": offices}, "\n".join([*lines, words["check"].format(**told)]), as_json=as_json)


async def _made(settings: Settings, whose: Whose, sources: Sequence[Path], waiting: str) -> Bundle:
    @cache
    def wait() -> None:
        typer.echo(waiting, err=True)

    async with opened(settings) as log:
        making = Making(log, lambda: Keys.load(settings.checkpoint_keys_file), lambda: standing(settings))
        return await making.make(whose, sources, wait)
