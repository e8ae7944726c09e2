"""Names, opened by the recorder with the caller's own token: the projector holds no key and knows no name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import structlog

from services.common.grants import Grant
from services.common.log import raised

_AT_ONCE: Final = 200
_log = structlog.get_logger(__name__)


class Names:
    """Asks the recorder's ``POST /open``."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(
        self, sealed: Mapping[str, dict[str, Any]], grant: Grant, authorization: str
    ) -> dict[str, str | None]:
        """Names by person: None where it may not be known, none at all where nobody could say so just now."""
        if grant.role != "reader" or not sealed:
            return dict.fromkeys(sealed)
        persons = list(sealed)
        found: dict[str, str | None] = {}
        for begin in range(0, len(persons), _AT_ONCE):
            part = persons[begin : begin + _AT_ONCE]
            found.update(zip(part, await self._ask([sealed[person] for person in part], authorization), strict=False))
        return found

    async def _ask(self, items: Sequence[dict[str, Any]], authorization: str) -> list[str | None]:
        try:
            answer = await self._client.post("/open", json={"items": items}, headers={"Authorization": authorization})
            if answer.status_code == httpx.codes.FORBIDDEN:
                return [None] * len(items)
            answer.raise_for_status()
            return [item.get("text") for item in answer.json()["items"]]
        except (httpx.HTTPError, ValueError, LookupError, AttributeError) as error:
            _log.warning("names-not-opened", count=len(items), raised=raised(error))
            return []
