"""The recorder over HTTP, as an import uses it: batches of actions, and receipts; whoever is busy is asked again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import httpx
import orjson

from deploy.local.api import refused, unreachable
from deploy.local.spreadsheets.actions import SOURCE

Json = dict[str, Any]
_MEDIA: Final = {"content-type": "application/cloudevents-batch+json"}
_ANSWERED: Final = {httpx.codes.CREATED: "accepted", httpx.codes.OK: "repeated"}
_LATER: Final = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}
_TRIES: Final = 60
_PAUSE: Final = 1.0  # seconds


class Poster:
    """``client`` is one of the recorder, with a publisher's token."""

    def __init__(self, client: httpx.Client, office: str) -> None:
        self.office = office
        self._client = client

    def post(self, actions: list[Json], *, dry_run: bool) -> list[Json]:
        """What became of each, or would. Raises CommandError."""
        params = {"dry_run": "true"} if dry_run else {}
        answer = self._answer("POST", "/actions", params=params, content=orjson.dumps(actions), headers=_MEDIA)
        found: list[Json] = answer.json()
        return found

    def receipt(self, ident: str) -> Json | None:
        """The one that binds this id, if any. Raises CommandError."""
        params = {"office": self.office, "source": SOURCE, "id": ident}
        answer = self._answer("GET", "/receipts", params=params)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()

    def receipts(self) -> Iterator[Json]:
        """All of the imports into this office, in their order. Raises CommandError."""
        after: str | None = ""
        while after is not None:
            params = {"office": self.office, "source": SOURCE, "after": after}
            page = self._answer("GET", "/receipts", params=params).json()
            yield from page["items"]
            after = page["next"]

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401  # as httpx has it
        for attempt in range(1, _TRIES + 1):
            try:
                answer = self._client.request(method, path, **more)
            except httpx.TransportError as error:
                raise unreachable(str(self._client.base_url), error) from error
            if answer.status_code not in _LATER or attempt == _TRIES:
                break
            time.sleep(_PAUSE)
        if not (answer.is_success or (method == "GET" and answer.status_code == httpx.codes.NOT_FOUND)):
            raise refused(answer)
        return answer


def outcome_of(item: Json) -> str | None:
    """How it is recorded: now, or since before; None where it isn't."""
    return _ANSWERED.get(item["status"])


def code_of(item: Json) -> str | None:
    """Why it isn't recorded; None where it is, or would be."""
    return None if outcome_of(item) else str(item["problem"]["code"])


def for_now(item: Json) -> bool:
    """Whether the same may pass later."""
    return outcome_of(item) is None and not (item["problem"].get("receipt") or {"final": True})["final"]
