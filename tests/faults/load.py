"""Apps under bad conditions: they publish on Kafka and over HTTP, send again, give up at times, note what they hear.

What an app did not learn the outcome of is unknown, never failed: it may be in the ledger, once, or not at all.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import httpx
import orjson
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.local.publishing.publisher import sealed
from deploy.local.sample import year
from services.common.settings import Settings
from tests.faults.topic import read_topic, reader
from tests.support.access import as_admin

Json = dict[str, Any]
Key = tuple[str, str, str]
YEAR: Final = 2025  # all of it has happened
_PAUSE: Final = 0.2
_HTTP_SECONDS: Final = 12
_ROUNDS: Final = 12  # of sending again what was refused for now: each lets one more link of a chain pass
_ACCEPTED: Final = frozenset({200, 201})
_LATER: Final = frozenset({429, 503})
_STRUCTURED: Final = "application/cloudevents+json"


def key_of(fields: Json) -> Key:
    """What makes an action itself; its receipt has the same three."""
    return fields["office"], fields["source"], fields["id"]


def actions(offices: int, cadres: int, count: int, seed: int, prefix: str = "o-") -> dict[str, list[Json]]:
    """The first ``count`` actions of each office's year. Same seed, same actions."""
    streams = (year.actions(year.Size(YEAR, 1, cadres, seed, f"{prefix}{number}-")) for number in range(offices))
    years = [list(islice(stream, count)) for stream in streams]
    return {own[0]["office"]: own for own in years}


@dataclass(slots=True)
class Told:
    """What apps sent and what they were told, by whichever way."""

    sent: dict[Key, Json] = field(default_factory=dict)
    receipts: dict[tuple[int, int], Json] = field(default_factory=dict)  # by shard and number
    final: dict[Key, Json] = field(default_factory=dict)
    abandoned: set[Key] = field(default_factory=set)
    contradictions: list[str] = field(default_factory=list)

    def hear(self, receipt: Json) -> None:
        """Take a receipt. The same shard and number must always say the same."""
        place = receipt["shard"], receipt["number"]
        before = self.receipts.setdefault(place, receipt)
        if before != receipt:
            self.contradictions.append(f"receipt {place} was {before}, later {receipt}")
        if receipt["final"] and receipt["outcome"] != "conflict":
            self.final.setdefault(key_of(receipt), receipt)

    @property
    def accepted(self) -> list[Json]:
        """Every receipt that acknowledged an action."""
        return [receipt for receipt in self.receipts.values() if receipt["outcome"] == "accepted"]

    @property
    def refused(self) -> int:
        """How many were refused, for now or for good, and not accepted later."""
        accepted = {key_of(receipt) for receipt in self.accepted}
        return len({key_of(receipt) for receipt in self.receipts.values()} - accepted)

    @property
    def unknown(self) -> set[Key]:
        """What was given up before its outcome was learnt."""
        return self.abandoned - self.final.keys()

    @property
    def open(self) -> list[Json]:
        """What was not given up and has no answer for good."""
        return [action for key, action in self.sent.items() if key not in self.final and key not in self.abandoned]


@dataclass(frozen=True, slots=True)
class Habits:
    """How the apps behave. ``pace``: actions a second, all offices together; shares are between 0 and 1."""

    pace: float = 200.0
    over_http: float = 0.1  # of what could go onto Kafka
    both_ways: float = 0.05  # sent over HTTP and onto Kafka
    gives_up: float = 0.0  # after an error, instead of sending again


class Load:
    """One run's apps. See ``apps``."""

    def __init__(self, settings: Settings, urls: Sequence[str], habits: Habits, seed: int, told: Told) -> None:
        self.told = told
        self._settings = settings
        self._urls = urls
        self._habits = habits
        self._seed = seed
        self._producer: AIOKafkaProducer | None = None
        self._producer_lock = asyncio.Lock()
        token = json.loads(settings.tokens.read_bytes())["publisher"]
        self._http = httpx.AsyncClient(
            headers={"authorization": f"Bearer {token}"}, timeout=_HTTP_SECONDS, trust_env=False
        )

    async def publish(self, offices: dict[str, list[Json]], more: Callable[[], bool] = lambda: True) -> None:
        """Each office's actions in their order, the offices side by side; no more once ``more`` says so."""
        pause = len(offices) / self._habits.pace
        async with asyncio.TaskGroup() as tasks:
            for office, drafts in offices.items():
                tasks.create_task(self._office(drafts, random.Random(f"{self._seed}/{office}"), pause, more))

    async def _office(self, drafts: Sequence[Json], rng: random.Random, pause: float, more: Callable[[], bool]) -> None:
        for action in drafts:
            if not more():
                return
            self.told.sent[key_of(action)] = action
            await self._send(action, rng)
            await asyncio.sleep(pause * rng.uniform(0.5, 1.5))

    async def _send(self, action: Json, rng: random.Random) -> None:
        plain, chance = not sealed(action), rng.random()
        if plain and chance >= self._habits.over_http:
            await self._onto_kafka(action, rng)
        if not plain or chance < self._habits.over_http + self._habits.both_ways:
            await self._post(action, rng)

    async def settle(self, settled: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Send again what has no answer for good, some rounds long. AssertionError where some has none at all."""
        rng = random.Random(self._seed)
        for _ in range(_ROUNDS):
            await settled()
            await self._read_receipts()
            before = len(self.told.open)
            for action in self.told.open:
                await (self._post if sealed(action) else self._onto_kafka)(action, rng)
            if not before:
                break
        await settled()
        await self._read_receipts()
        heard = {key_of(receipt) for receipt in self.told.receipts.values()}
        silent = [key_of(action) for action in self.told.open if key_of(action) not in heard]
        assert not silent, f"{len(silent)} actions were taken and never answered, such as {silent[:3]}"

    async def _read_receipts(self) -> None:
        found = await read_topic(self._settings, self._settings.topic("receipts"), self._settings.shards)
        for records in found.values():
            for record in records:
                self.told.hear(orjson.loads(record.value)["data"])

    def _give_up(self, action: Json, rng: random.Random) -> bool:
        founding = action["type"].startswith("chengzhang.people.")  # without them all else would be refused
        if founding or rng.random() >= self._habits.gives_up:
            return False
        self.told.abandoned.add(key_of(action))
        return True

    # --- over HTTP ---

    async def _post(self, action: Json, rng: random.Random) -> None:
        while True:
            try:
                url = f"{rng.choice(self._urls)}/actions"
                answer = await self._http.post(url, content=orjson.dumps(action), headers={"content-type": _STRUCTURED})
            except httpx.TransportError:
                if self._give_up(action, rng):
                    return
            else:
                if answer.status_code not in _LATER:
                    self._take(answer)
                    return
            await asyncio.sleep(_PAUSE)

    def _take(self, answer: httpx.Response) -> None:
        told = answer.json()
        receipt = told if answer.status_code in _ACCEPTED else told.get("receipt")
        assert receipt, f"{answer.status_code}: {answer.text}"
        self.told.hear(receipt)

    # --- onto Kafka ---

    async def _onto_kafka(self, action: Json, rng: random.Random) -> None:
        headers = [("content-type", _STRUCTURED.encode())]
        while True:
            producer = None
            try:
                producer = await self._connected()
                await producer.send_and_wait(
                    self._settings.topic("actions"), orjson.dumps(action), action["office"].encode(), headers=headers
                )
            except (KafkaError, OSError, TimeoutError):
                await self._discard(producer)
                if self._give_up(action, rng):
                    return
            else:
                return
            await asyncio.sleep(_PAUSE)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._producer_lock:
            if self._producer is None:
                made = AIOKafkaProducer(**as_admin(self._settings), acks="all", linger_ms=2, request_timeout_ms=10_000)
                try:
                    await made.start()
                except BaseException:
                    await made.stop()
                    raise
                self._producer = made
            return self._producer

    async def _discard(self, producer: AIOKafkaProducer | None) -> None:
        async with self._producer_lock:
            if self._producer is not producer:
                return  # another office's task was faster
            self._producer = None
            if producer is not None:
                with suppress(KafkaError, OSError, TimeoutError):
                    await asyncio.wait_for(producer.stop(), 5)

    async def close(self) -> None:
        """Disconnect."""
        await self._discard(self._producer)
        await self._http.aclose()

    # --- receipts as they come ---

    async def listen(self) -> None:
        """Hear the receipts topic until cancelled: what was once heard must stay."""
        while True:
            with suppress(KafkaError, OSError):
                await self._listen()
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        consumer = reader(self._settings)
        try:
            await consumer.start()
            consumer.assign(
                [TopicPartition(self._settings.topic("receipts"), shard) for shard in range(self._settings.shards)]
            )
            async for record in consumer:
                self.told.hear(orjson.loads(record.value)["data"])
        finally:
            await consumer.stop()


@asynccontextmanager
async def apps(
    settings: Settings, urls: Sequence[str], habits: Habits, seed: int, told: Told | None = None
) -> AsyncIterator[Load]:
    """Apps that use the recorders at these addresses; the topics are there."""
    load = Load(settings, urls, habits, seed, told or Told())
    listening = asyncio.create_task(load.listen())
    try:
        yield load
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await load.close()
