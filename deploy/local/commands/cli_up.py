"""The command ``office up``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from deploy.local.commands.options import HomeOption, LangOption
from deploy.local.commands.welcome import welcome
from deploy.local.running import stack
from deploy.local.speaking.messages import language, text
from deploy.local.speaking.steps import at, out, steps
from services.common.commands import valid_settings
from services.common.settings import Settings


def up(
    home: HomeOption = None,
    lang: LangOption = None,
    *,
    bare: Annotated[bool, typer.Option("--no-sample", help="Without the sample year · 不发布样例年度")] = False,
) -> None:
    """启动全部服务 · Start whatever is missing, wait until it is ready, show a sample office year."""
    speech, folder = language(lang), at(home)
    valid_settings(folder.root)  # before anything is started that would only end with the same words in its log
    with steps(speech) as say:
        stack.up(folder, say=say)
    out.print(text(speech, "up"), markup=False)
    if not bare:
        raise typer.Exit(asyncio.run(welcome(Settings.load(folder.root), out, speech)))
