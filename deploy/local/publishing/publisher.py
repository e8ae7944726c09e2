"""Plain actions onto Kafka, those with sealed fields over HTTP, each answered by a receipt.

Two ways in have no order between them, so the order that matters is kept here: what names a person waits for the
person, and what is about the same thing waits for what came before it the other way: the approval of a visit for its
proposal, the visit for its approval. All else may overtake: `unknown-reference` can be sent again, and is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx
import orjson

from deploy.local.publishing.answers import Answers, Json, Key, Sent, key_of
from deploy.local.publishing.poster import PATIENCE, PAUSE, Poster
from deploy.local.publishing.wire import Wire
from deploy.local.speaking.trouble import CommandError
from schemas.catalogue import ACTIONS
from schemas.declared import named
from schemas.people.cadres import RegisterPerson
from schemas.trust.identity import event_id

BATCH: Final = 100
_BATCH_BYTES: Final = 200_000
_UNDER_WAY: Final = 20_000  # actions without a receipt: bounds memory and keeps the progress bar honest
_EVENTS: Final = 2  # the most that an action becomes on which one that goes the other way rests: a correction
_EVERYWHERE: Final = {"person", "section"}  # kinds of things that nearly every action names
_QUIET: Final = 1.5  # seconds without a receipt, after which the recorder is asked: a repeat writes none


def sealed(action: Json) -> bool:
    """Whether it has plaintext in a field that must not be plain on Kafka."""
    data = action.get("data")
    fact: Any = action
    if isinstance(data, dict) and isinstance(data.get("replacement"), dict):
        fact = data["replacement"]
    model, fields = ACTIONS.get(str(fact.get("type"))), fact.get("data")
    return bool(model and isinstance(fields, dict) and any(fields.get(name) for name in model.SEALED))


def about(action: Json) -> frozenset[str]:
    """What it makes and names, but for persons and sections; the events that it makes, and one that it is about."""
    data = action.get("data")
    found = {event_id(*key_of(action), index) for index in range(_EVENTS)}
    if isinstance(data, dict):
        found |= {value for name in _naming(str(action["type"])) if isinstance(value := data.get(name), str)}
    return frozenset(found)


@cache
def _naming(type_: str) -> tuple[str, ...]:
    model = ACTIONS.get(type_)
    places = named(model) if model else ()
    return ("event", *(each.path[0] for each in places if len(each.path) == 1 and each.mark.kind not in _EVERYWHERE))


def _group(action: Json) -> str:
    return f"{action['type']}..".split(".")[1]


class Publisher:
    """One publication."""

    def __init__(self, wire: Wire, http: httpx.AsyncClient) -> None:
        self.answers = Answers()
        self._wire = wire
        self._poster = Poster(http, self.answers)
        self._began = datetime.now(UTC).isoformat()
        self._batch: list[Json] = []
        self._batch_bytes = 0
        self._pending: set[str] = set()  # what the batch is about
        self._posts: set[Key] = set()  # who is where: under way on Kafka, and wanted before the next talk
        self._tasks: set[asyncio.Task[None]] = set()

    async def publish(self, actions: Iterable[Json]) -> Answers:
        """Send all of them and wait for the answers. Raises CommandError."""
        listener = asyncio.create_task(self._listen())
        listener.add_done_callback(lambda _: self.answers.news.set())
        self._tasks.add(listener)
        try:
            for action in actions:
                await self._send(action)
            await self._post_batch()
            await self._wire.flush()
            await self._while(lambda: bool(self.answers.waiting))
        finally:
            await self._end()
        return self.answers

    async def _send(self, action: Json) -> None:
        body = orjson.dumps(action)
        if not sealed(action):
            await self._onto_kafka(action, body)
            return
        self._batch.append(action)
        self._batch_bytes += len(body)
        self._pending |= about(action)
        if len(self._batch) >= BATCH or self._batch_bytes > _BATCH_BYTES:
            await self._post_batch()

    async def _onto_kafka(self, action: Json, body: bytes) -> None:
        if self._rests_on_batch(action):
            await self._post_batch()
        if len(self.answers.waiting) >= _UNDER_WAY:
            await self._while(lambda: len(self.answers.waiting) > _UNDER_WAY // 2)
        key = key_of(action)
        self.answers.waiting[key] = Sent(body, about(action))
        if _group(action) == "people":
            self._posts.add(key)
        await self._wire.send(action["office"], body)

    def _rests_on_batch(self, action: Json) -> bool:
        """Whether it names a person who is not registered yet, or is about what is not recorded yet."""
        registers = any(other["type"] == RegisterPerson.TYPE for other in self._batch)
        return registers or not self._pending.isdisjoint(about(action))

    async def _post_batch(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        first = self._posts | {
            key for key, sent in self.answers.waiting.items() if not self._pending.isdisjoint(sent.about)
        }
        self._pending.clear()
        if batch and first:
            await self._wire.flush()
            await self._while(lambda: not first.isdisjoint(self.answers.waiting))
            self._posts.clear()
        if batch:
            await self._poster.post(batch)

    # --- receipts ---

    async def _listen(self) -> None:
        while True:
            for receipt in await self._wire.receipts():
                if again := self.answers.take(receipt):
                    task = asyncio.create_task(self._again(receipt["office"], again.body))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    async def _again(self, office: str, body: bytes) -> None:
        await asyncio.sleep(PAUSE)
        await self._wire.send(office, body)

    async def _while(self, waiting: Callable[[], bool]) -> None:
        """Wait for receipts; where they stop coming, ask the recorder; where nothing comes of that either, give up."""
        heard = time.monotonic()
        while waiting():
            if await self._news():
                heard = time.monotonic()
            elif time.monotonic() - heard > PATIENCE:
                raise CommandError("no_answer", seconds=int(PATIENCE), count=len(self.answers.waiting))
            else:
                await self._ask()

    async def _news(self) -> bool:
        self.answers.news.clear()
        try:
            await asyncio.wait_for(self.answers.news.wait(), _QUIET)
        except TimeoutError:
            return False
        for task in self._tasks:
            if task.done():
                task.result()  # the listener ends by failing only: say so instead of waiting on
        return True

    async def _ask(self) -> None:
        """Whether what was sent last was recorded before we began: a repeat writes no receipt."""
        for office, key in self.answers.last_by_office().items():
            receipt = await self._poster.receipt(key)
            if receipt and receipt["recorded_at"] < self._began:
                self.answers.note(receipt)
                self.answers.settle(office)

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
