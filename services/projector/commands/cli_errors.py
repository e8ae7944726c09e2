"""How the commands say what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.common.commands import Lang, spoken
from services.projector.errors import ProjectorError, Told

_AWAY: Final[Mapping[Lang, str]] = {
    Lang.EN: "the database can't be asked ({error}).",
    Lang.ZH: "无法查询数据库（{error}）。",
}


def away(error: BaseException, lang: Lang | None) -> str:
    """What keeps the database from answering."""
    return _AWAY[spoken(lang)].format(error=type(error).__name__)


def said(error: ProjectorError, lang: Lang | None) -> str:
    """An error in the language asked for, as far as it knows it."""
    return error.zh if isinstance(error, Told) and spoken(lang) is Lang.ZH else str(error)
