"""How the commands say what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.common.commands import Lang, failed, not_running, spoken
from services.recorder.errors import RecorderError, Told, Unavailable


@contextmanager
def said(lang: Lang | None) -> Iterator[None]:
    """End the command with what went wrong, in words."""
    try:
        yield
    except Unavailable as error:
        not_running(lang, str(error))
    except Told as error:
        failed(lang, error.zh if spoken(lang) is Lang.ZH else str(error))
    except RecorderError as error:
        failed(lang, str(error))
