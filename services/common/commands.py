"""What both services' commands share: options, languages, exit codes, how they fail."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from pydantic import ValidationError

from services.common.settings import Settings

FAILED: Final = 1
NOT_RUNNING: Final = 3


class Lang(StrEnum):
    """The language of what people read."""

    ZH = "zh"
    EN = "en"


Words = Mapping[Lang, Mapping[str, str]]
Home = Annotated[Path | None, typer.Option("--home", help="data folder, else CHENGZHANG_HOME, else .local")]
Language = Annotated[Lang | None, typer.Option("--lang", help="else LANG")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]

_WORDS: Final[Words] = {
    Lang.EN: {"not-running": "Not running: {reason} Start it with `office up`.", "failed": "Failed: {reason}"},
    Lang.ZH: {"not-running": "未运行：{reason} 请用 `office up` 启动。", "failed": "失败：{reason}"},
}


def settings_of(home: Path | None) -> Settings:
    """The settings of that home; exit 2 with what is wrong with them."""
    try:
        return Settings.load(home)
    except ValidationError as error:
        wrong = "; ".join(f"CHENGZHANG_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise typer.BadParameter(wrong) from None


def spoken(lang: Lang | None) -> Lang:
    """The language asked for, else the environment's."""
    return lang or (Lang.ZH if os.environ.get("LANG", "").startswith("zh") else Lang.EN)


def failed(lang: Lang | None, reason: str) -> NoReturn:
    """Exit 1: it did not work."""
    _exit(FAILED, "failed", lang, reason)


def not_running(lang: Lang | None, reason: str) -> NoReturn:
    """Exit 3: there is nothing to ask."""
    _exit(NOT_RUNNING, "not-running", lang, reason)


def _exit(code: int, word: str, lang: Lang | None, reason: str) -> NoReturn:
    typer.echo(_WORDS[spoken(lang)][word].format(reason=reason), err=True)
    raise typer.Exit(code)
