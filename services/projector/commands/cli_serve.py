"""The command ``projector serve``."""

from services.common.commands import CheckOnly, Home, Language, failed, settings_of, spoken
from services.common.http.serving import NoSuchAddress
from services.common.kafka.login import NoLogin
from services.common.tokens.grants import GrantsError
from services.projector import app


def serve(home: Home = None, lang: Language = None, check: CheckOnly = False) -> None:  # noqa: FBT002  # an option
    """Fold events into the read models and answer questions over HTTP, until stopped (投影并提供查询)."""
    try:
        app.serve(settings_of(home, lang), only_check=check)
    except GrantsError as error:
        failed(lang, error.why.spoken(spoken(lang)))
    except NoSuchAddress as error:
        failed(lang, str(error))
    except NoLogin as error:
        failed(lang, error.words[spoken(lang)])
