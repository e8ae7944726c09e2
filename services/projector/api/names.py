"""Names, opened by the recorder with the caller's own token: the projector holds no key and knows no name."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import structlog

from services.common.telling.log import raised
from services.common.tokens.grants import Grant

_AT_ONCE: Final = 200
_log = structlog.get_logger(__name__)


class Opened(dict[str, str | None]):
    """Names by person: None where it may not be known, none at all where nobody could say so just now."""

    def __init__(self) -> None:
        """Nobody yet."""
        super().__init__()
        self.erased: list[str] = []  # those whose names are gone for ever, in order


class Names:
    """Asks the recorder's ``POST /open``."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(self, sealed: Mapping[str, dict[str, Any]], grant: Grant, authorization: str) -> Opened:
        """The names, and who was erased."""
        found = Opened()
        if not grant.names or not sealed:
            found.update(dict.fromkeys(sealed))
            return found
        persons = list(sealed)
        for begin in range(0, len(persons), _AT_ONCE):
            part = persons[begin : begin + _AT_ONCE]
            answers = await self._ask([sealed[person] for person in part], authorization)
            for person, answer in zip(part, answers, strict=False):
                found[person] = answer.get("text")
                if answer.get("error") == "erased":
                    found.erased.append(person)
        found.erased.sort()
        return found

    async def _ask(self, items: Sequence[dict[str, Any]], authorization: str) -> list[dict[str, str]]:
        try:
            answer = await self._client.post("/open", json={"items": items}, headers={"Authorization": authorization})
            if answer.status_code == httpx.codes.FORBIDDEN:
                return [{}] * len(items)
            answer.raise_for_status()
            return [dict(item) for item in answer.json()["items"]]
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            _log.warning("names-not-opened", count=len(items), raised=raised(error))
            return []
