"""The services' HTTP API as any reader uses it: bearer token, pages followed, refusals as ``CommandError``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import httpx

from deploy.local.speaking.messages import Lang
from deploy.local.speaking.trouble import NOT_RUNNING, CommandError
from deploy.local.speaking.words import both
from services.common.commands import Lang as Spoken
from services.common.commands import settings_of
from services.common.settings import Settings
from services.common.telling.visible import all_visible

_SECONDS = 30  # a read may wait 10 s for ``at_least``
_PAGE = 500
_TRIES = 5
_PAUSE = 0.5

Json = dict[str, Any]


def stack_settings(home: Path | None, lang: Lang) -> Settings:
    """The settings of the stack there; exit 2 with what is wrong with them, exit 3 where there is no stack."""
    return settings_of(home, Spoken(lang))


def headers(settings: Settings, role: str) -> dict[str, str]:
    """What identifies a caller in that role. Raises CommandError where there is no token for it."""
    try:
        entry = _tokens(settings.tokens)[role]
        token = entry if isinstance(entry, str) else entry["token"]
    except (LookupError, TypeError):
        raise CommandError("no_token_for", file=settings.tokens, role=role) from None
    return {"authorization": f"Bearer {token}"}


def _tokens(file: Path) -> Any:  # noqa: ANN401  # whatever is in it
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandError("no_tokens", NOT_RUNNING, file=file) from None
    except OSError as error:
        raise CommandError("bad_tokens", file=file, reason=error.strerror) from None
    except json.JSONDecodeError as error:
        reason = both("not_json_at", line=error.lineno, column=error.colno)
        raise CommandError("bad_tokens", file=file, reason=reason) from None
    except UnicodeDecodeError as error:
        raise CommandError("bad_tokens", file=file, reason=error) from None


def reader(settings: Settings, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client of the projector. ``transport`` is for tests."""
    return httpx.Client(
        base_url=settings.projector_url, headers=headers(settings, "reader"), timeout=_SECONDS, transport=transport
    )


def get(client: httpx.Client, path: str, params: Mapping[str, str]) -> Json | None:
    """One answer; None for 404. Raises CommandError."""
    answer = _answer(client, path, params)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    if not answer.is_success:
        raise refused(answer)
    return cast("Json", all_visible(answer.json()))


def _answer(client: httpx.Client, path: str, params: Mapping[str, str]) -> httpx.Response:
    """The first answer that is not 503, which is what "``at_least`` is not reached yet" is too; else the last one."""
    for attempt in range(1, _TRIES + 1):
        try:
            answer = client.get(path, params=params)
        except httpx.TransportError as error:
            raise unreachable(str(client.base_url), error) from error
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or attempt == _TRIES:
            break
        time.sleep(_PAUSE)
    return answer


def pages(client: httpx.Client, path: str, params: Mapping[str, str]) -> Iterator[Json]:
    """Every page; none for 404. Raises CommandError."""
    page = get(client, path, {**params, "limit": str(_PAGE)})
    while page is not None:
        yield page
        after = page.get("next")
        if not after:
            return
        page = get(client, path, {**params, "limit": str(_PAGE), "after": str(after)})


def unreachable(url: str, error: httpx.TransportError) -> CommandError:
    """Nobody there."""
    return CommandError("not_running", NOT_RUNNING, url=url, reason=str(error) or type(error).__name__)


def refused(answer: httpx.Response) -> CommandError:
    """An answer that is no success, in its own words: in both languages where it has them."""
    detail: str | Mapping[str, str] = answer.reason_phrase
    with suppress(ValueError, AttributeError):
        problem = answer.json()
        detail = problem.get("detail") or problem.get("title") or detail
        with suppress(LookupError, TypeError):
            message = problem["errors"][0]["message"]
            detail = {"en": message["en"], "zh": message["zh"]}
    return CommandError("refused_http", url=answer.url.copy_with(query=None), status=answer.status_code, detail=detail)
