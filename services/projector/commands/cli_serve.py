"""The command ``projector serve``."""

from services.common.commands import Home, Language, failed, settings_of
from services.common.grants import GrantsError
from services.projector import app


def serve(home: Home = None, lang: Language = None) -> None:
    """Fold events into the read models and answer questions over HTTP, until stopped (投影并提供查询)."""
    try:
        app.serve(settings_of(home, lang))
    except GrantsError as error:
        failed(lang, str(error))
