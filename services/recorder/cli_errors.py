"""How the commands say what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.common.commands import Lang, failed, not_running, spoken
from services.recorder.errors import RecorderError, Unavailable


@contextmanager
def said(lang: Lang | None) -> Iterator[None]:
    """End the command with what went wrong, in words."""
    try:
        yield
    except Unavailable as error:
        not_running(lang, worded(error, lang))
    except RecorderError as error:
        failed(lang, worded(error, lang))


def worded(error: RecorderError, lang: Lang | None) -> str:
    """An error in the language asked for."""
    return error.zh if spoken(lang) is Lang.ZH else str(error)
