"""Options that the commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[
    Path | None, typer.Option("--home", envvar="CHENGZHANG_HOME", help="Data folder, by default .local · 数据目录")
]
LangOption = Annotated[str | None, typer.Option("--lang", help="zh | en, else by LANG · 语言")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs · 供程序使用")]
