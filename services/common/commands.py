"""What both services' commands share: options, languages, exit codes, how they fail."""

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from pydantic import ValidationError

from services.common.home import pasteable
from services.common.settings import Settings

FAILED: Final = 1
NOT_RUNNING: Final = 3
AUDITOR: Final = "auditor"  # who they that only check are on Kafka


class Lang(StrEnum):
    """The language of what people read."""

    ZH = "zh"
    EN = "en"


Words = Mapping[Lang, Mapping[str, str]]
Home = Annotated[Path | None, typer.Option("--home", help="Data folder, else CHENGZHANG_HOME, else .local · 数据目录")]
Language = Annotated[Lang | None, typer.Option("--lang", help="Else by LANG · 语言")]
CheckOnly = Annotated[bool, typer.Option("--check", help="Only check settings and files · 只检查设置与文件，不启动")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs · 供程序使用")]

_WORDS: Final[Words] = {
    Lang.EN: {
        "not-running": "Not running: {reason} Start it with `office up`.", "failed": "Failed: {reason}",
        "no-stack": "There is no stack in {reason}. Name the folder of the one that is meant with --home or "
        "CHENGZHANG_HOME, or start one with `office up`.",
    },
    Lang.ZH: {
        "not-running": "未运行：{reason} 请用 `office up` 启动。", "failed": "失败：{reason}",
        "no-stack": "{reason} 中没有系统。请用 --home 或 CHENGZHANG_HOME 指定其数据目录，或用 `office up` 启动一个。",
    },
}  # fmt: skip
# Follows from another setting's error: the files' places are not asked for once one setting is wrong.
_FOLLOWS: Final = "default_factory_not_called"


def settings_of(home: Path | None, lang: Lang | None = None, kafka_user: str = "") -> Settings:
    """The settings of that home's stack; exit 2 with what is wrong with them, exit 3 where there is no stack.

    ``kafka_user``: who this command is on Kafka, unless they say; by default its program.
    """
    settings = valid_settings(home)
    if kafka_user and not settings.kafka_user:
        settings = settings.model_copy(update={"kafka_user": kafka_user})
    if not settings.addressed:  # never another installation's instead, which may run at the default addresses
        _exit(NOT_RUNNING, "no-stack", lang, str(settings.home.absolute()))
    return settings


def valid_settings(home: Path | None) -> Settings:
    """The settings of that home, a stack in it or not; exit 2 with what is wrong with them."""
    try:
        return Settings.load(home)
    except ValidationError as error:
        told = [
            f"CHENGZHANG_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
            for each in error.errors()
            if each["type"] != _FOLLOWS
        ]
        raise typer.BadParameter("; ".join(told)) from None


def spoken(lang: Lang | None) -> Lang:
    """The language asked for, else the environment's."""
    return lang or (Lang.ZH if os.environ.get("LANG", "").startswith("zh") else Lang.EN)


def failed(lang: Lang | None, reason: str) -> NoReturn:
    """Exit 1: it did not work."""
    _exit(FAILED, "failed", lang, reason)


def not_running(lang: Lang | None, reason: str) -> NoReturn:
    """Exit 3: there is nothing to ask."""
    _exit(NOT_RUNNING, "not-running", lang, reason)


def confirm(words: Mapping[str, str], question: str) -> None:
    """Go on only where the user says so: exit 1 where not (``stopped``), 2 where nobody can be asked (``ask``)."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(words["ask"])
    if not typer.confirm(question, err=True):
        typer.echo(words["stopped"], err=True)
        raise typer.Exit(FAILED)


def _exit(code: int, word: str, lang: Lang | None, reason: str) -> NoReturn:
    said = pasteable(_WORDS[spoken(lang)][word].format(reason=reason))
    typer.echo(said.replace("。 ", "。"), err=True)  # after a Chinese full stop there is no blank
    raise typer.Exit(code)
