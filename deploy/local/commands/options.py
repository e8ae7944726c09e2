"""Options that the commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.local.speaking.messages import Lang

HomeOption = Annotated[
    Path | None, typer.Option("--home", envvar="CHENGZHANG_HOME", help="Data folder, by default .local · 数据目录")
]
LangOption = Annotated[Lang | None, typer.Option("--lang", help="Else by LANG · 语言")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs · 供程序使用")]
OfficeOption = Annotated[str | None, typer.Option("--office", help="By default the only one there is · 机关编号")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="A day or an instant, by recorded time · 截至")]
