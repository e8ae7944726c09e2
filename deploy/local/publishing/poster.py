"""The way over HTTP: batches, each posted until it is answered, each action until it is answered for good."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import httpx
import orjson

from deploy.local.api import refused, unreachable
from deploy.local.publishing.answers import ATTEMPTS, Answers, Json, Key, key_of
from deploy.local.publishing.answers import again as may_pass

PATIENCE: Final = 60.0  # seconds
PAUSE: Final = 0.4  # before something refused for now is sent again
_TYPE: Final = {"content-type": "application/cloudevents-batch+json"}


class Poster:
    """``http`` is a client of the recorder with the publisher's token."""

    def __init__(self, http: httpx.AsyncClient, answers: Answers) -> None:
        self._http = http
        self._answers = answers

    async def post(self, batch: list[Json]) -> None:
        """Post actions in their order. Raises CommandError."""
        for attempt in range(1, ATTEMPTS + 1):
            batch = await self._once(batch, last=attempt == ATTEMPTS)
            if not batch:
                return
            await asyncio.sleep(PAUSE)

    async def receipt(self, key: Key) -> Json | None:
        """The receipt that an action has, if any."""
        try:
            answer = await self._http.get("/receipts", params=dict(zip(("office", "source", "id"), key, strict=True)))
        except httpx.TransportError:
            self._answers.silent = str(self._http.base_url)
            return None
        self._answers.silent = None
        found: Json | None = answer.json() if answer.is_success else None
        return found

    async def _once(self, batch: list[Json], *, last: bool) -> list[Json]:
        """Returns those that were refused for now, unless this was the last attempt."""
        answer = await self._answered(orjson.dumps(batch))
        again = []
        for action, item in zip(batch, answer.json(), strict=True):
            receipt = item.get("receipt") or item["problem"].get("receipt")
            if receipt and may_pass(receipt) and not last:
                again.append(action)
            elif receipt:
                self._answers.count(receipt, repeat=item["status"] == httpx.codes.OK)
            else:
                self._invalid(action, item["problem"])
        return again

    def _invalid(self, action: Json, problem: dict[str, Any]) -> None:
        detail = f"{key_of(action)[2]}: {problem.get('detail') or problem.get('title')}"
        self._answers.refuse(str(problem.get("code")), {"message": {"en": detail, "zh": detail}})

    async def _answered(self, content: bytes) -> httpx.Response:
        """One batch's answer. Trying again is harmless: what was recorded already answers as it did the first time."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = await self._http.post("/actions", content=content, headers=_TYPE)
            except httpx.TransportError as error:
                self._answers.silent = str(self._http.base_url)
                if time.monotonic() > end:
                    raise unreachable(str(self._http.base_url), error) from error
            else:
                self._answers.silent = None
                if answer.is_success:
                    return answer
                if not _busy(answer) or time.monotonic() > end:
                    raise refused(answer)
            await asyncio.sleep(PAUSE)


def _busy(answer: httpx.Response) -> bool:
    return answer.status_code in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}
