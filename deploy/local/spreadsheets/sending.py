"""Rows on their way to the recorder: tried first, then posted in batches; what was refused for now once more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import httpx
import orjson

from deploy.local.api import refused, unreachable
from deploy.local.speaking.words import both, say
from deploy.local.spreadsheets.actions import SOURCE, Ready
from deploy.local.spreadsheets.telling import Teller
from schemas.entries import CorrectEntry, DeclareImport
from services.common.telling.showing import progress

Json = dict[str, Any]
_AT_ONCE: Final = 500
_MEDIA: Final = {"content-type": "application/cloudevents-batch+json"}
_ANSWERED: Final = {httpx.codes.CREATED: "accepted", httpx.codes.OK: "repeated"}


class Sending:
    """``count`` rows in all. ``correct``: what was imported with another content is corrected."""

    def __init__(self, client: httpx.Client, teller: Teller, count: int, *, correct: bool) -> None:
        self._client, self._teller, self._count, self._correct = client, teller, count, correct

    def try_all(self, rows: Iterable[Ready], *, last: bool) -> None:
        """Tell of each that would be refused; of those that would pass, too, where it is the ``last`` word."""
        shown = say(self._teller.lang, "trying_rows")
        with progress(shown, self._count) as advance:
            for number, batch in enumerate(_batches(rows)):
                for ready, item in zip(batch, self._posted(batch, dry_run=True), strict=True):
                    self._tried(ready, item, number, last=last)
                advance(len(batch))

    def _tried(self, ready: Ready, item: Json, number: int, *, last: bool) -> None:
        code = _code(item)
        # What another batch of this file makes isn't there while it is only tried.
        waiting = code == "unknown-reference" and number > 0
        if code is None or waiting or (code == "key-conflict" and self._correct):
            if last:
                self._teller.tell(*ready.fates("would-pass"))
        else:
            self._refused(ready, item)

    def declare(self, office: str, digest: str, count: int) -> None:
        """Say of the file that it is recorded now: once, however often it is sent."""
        if not count:
            return
        data = {"batch": f"import-{digest[:40]}", "file_sha256": digest, "rows": count}
        action = {
            "specversion": "1.0", "id": f"import-{digest[:40]}", "source": SOURCE, "type": DeclareImport.TYPE,
            "time": "2026-01-01T00:00:00+08:00", "office": office, "actor": "import", "entry": "machine",
            "data": data,
        }  # fmt: skip
        self._post([action], dry_run=False)

    def send_all(self, rows: Iterable[Ready]) -> None:
        """Record them in their order; tell of each."""
        later: list[Ready] = []
        with progress(say(self._teller.lang, "importing"), self._count) as advance:
            for batch in _batches(rows):
                later += self._sent(batch, again=True)
                advance(len(batch) - len(later))
            for batch in _batches(later):
                self._sent(batch, again=False)
                advance(len(batch))

    def _sent(self, batch: list[Ready], *, again: bool) -> list[Ready]:
        """Those that may pass later, where there is one."""
        later = []
        for ready, item in zip(batch, self._posted(batch, dry_run=False), strict=True):
            if (outcome := _ANSWERED.get(item["status"])) is not None:
                self._teller.tell(*ready.fates(outcome))
            elif again and not (item["problem"].get("receipt") or {"final": True})["final"]:
                later.append(ready)
            elif _code(item) == "key-conflict" and self._correct:
                self._corrected(ready)
            else:
                self._refused(ready, item)
        return later

    def _corrected(self, ready: Ready) -> None:
        """A row that was imported before, with other content: what it became is corrected."""
        action = ready.action
        query = {name: action[name] for name in ("office", "source", "id")}
        receipt = self._answer("GET", "/receipts", params=query).json()
        replacement = {name: action[name] for name in ("type", "time", "data")}
        content = hashlib.sha256(orjson.dumps(replacement, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
        data = {"event": receipt["events"][0]["id"], "reason": "mistake", "replacement": replacement}
        correction = action | {"id": f"{action['id']}.{content}", "type": CorrectEntry.TYPE, "data": data}
        (item,) = self._post([correction], dry_run=False)
        if item["status"] in _ANSWERED:
            self._teller.tell(*ready.fates("corrected"))
        else:
            self._refused(ready, item)

    def _refused(self, ready: Ready, item: Json) -> None:
        code, problem = _code(item), item["problem"]
        if code == "key-conflict":
            self._teller.tell(*ready.fates("changed", code, both("changed_row")))
            return
        errors = problem.get("errors") or ()
        for error in errors:
            message = error["message"]
            self._teller.tell(*ready.fates("refused", code, message, ready.column(error["pointer"])))
        if not errors:
            receipt = problem.get("receipt") or {}
            message = receipt.get("message") or {"en": problem["detail"], "zh": problem["detail"]}
            self._teller.tell(*ready.fates("refused", code, message))

    def _posted(self, batch: list[Ready], *, dry_run: bool) -> list[Json]:
        return self._post([ready.action for ready in batch], dry_run=dry_run)

    def _post(self, actions: list[Json], *, dry_run: bool) -> list[Json]:
        params = {"dry_run": "true"} if dry_run else {}
        found: list[Json] = self._answer(
            "POST", "/actions", params=params, content=orjson.dumps(actions), headers=_MEDIA
        ).json()
        return found

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401  # as httpx has it
        try:
            answer = self._client.request(method, path, **more)
        except httpx.TransportError as error:
            raise unreachable(str(self._client.base_url), error) from error
        if not answer.is_success:
            raise refused(answer)
        return answer


def _batches(rows: Iterable[Ready]) -> Iterator[list[Ready]]:
    ahead = iter(rows)
    while batch := list(islice(ahead, _AT_ONCE)):
        yield batch


def _code(item: Json) -> str | None:
    """Why it isn't recorded; None where it is, or would be."""
    return None if item["status"] in _ANSWERED else str(item["problem"]["code"])
