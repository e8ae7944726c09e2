"""The command ``recorder serve``."""

from __future__ import annotations

from services.common.commands import Home, Language, failed, settings_of
from services.common.grants import GrantsError
from services.recorder import app
from services.recorder.cli_errors import worded
from services.recorder.errors import RecorderError


def serve(home: Home = None, lang: Language = None) -> None:
    """Take actions from Kafka and over HTTP, append them, relay the events, until stopped (接收、记录并发布)."""
    try:
        app.serve(settings_of(home, lang))
    except GrantsError as error:
        failed(lang, str(error))
    except RecorderError as error:
        failed(lang, worded(error, lang))
