"""From sending an action to seeing it in the read API, at a steady 300 actions a second.

An output is published to the intake topic for a cadre drawn by chance, at moments drawn by chance (a Poisson process),
whatever became of those before: nothing waits for anything. Every tenth is looked for: as soon as its receipt is on the
receipts topic, ``GET /people/{lead}/growth-file?at_least=…`` is sent, and its answer must hold the entry. Latency is
the time from the moment at which the action was *due* to be sent, not that at which it was, until that answer is there,
names opened and all. So it holds the load's own delay, the recorder, the relay, the projector, and the answer itself.
The outputs are of last January, so they stand on the first page of a file that is full already: thirty whole files a
second would cost more than the three hundred actions.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.api import headers
from schemas.life.work import FileOutput
from services.common.settings import Settings
from tests.bench.filling import Refused
from tests.bench.workload import SEED, YEAR, Json
from tests.support.access import as_admin

A_SECOND: Final = 300
WARM_UP: Final = 5.0  # seconds
SECONDS: Final = 20.0
_EVERY: Final = 10
_PAGE: Final = "30"  # a cadre gets two or three, ten where there are few offices
_HAPPENED: Final = datetime(YEAR, 1, 2, tzinfo=UTC)
_PATIENCE: Final = 30.0
_HEADERS: Final = [("content-type", b"application/cloudevents+json")]


@dataclass(slots=True)
class Latency:
    """Milliseconds from the moment at which an action was due."""

    visible: list[float] = field(default_factory=list)  # in the read API
    answered: list[float] = field(default_factory=list)  # by a receipt on its topic
    sent: list[float] = field(default_factory=list)  # handed to Kafka's client: the load's own delay
    looked: list[float] = field(default_factory=list)  # of ``visible``, those from the receipt on


@dataclass(frozen=True, slots=True)
class Sent:
    """An action under way; ``due`` in seconds of the performance counter."""

    due: float
    person: str
    measured: bool
    looked_for: bool


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least this share of them doesn't exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


class Load:
    """One run."""

    def __init__(
        self,
        settings: Settings,
        persons: Sequence[tuple[str, str]],
        http: httpx.AsyncClient,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._topic = settings.topic("actions")
        self._persons = persons
        self._http = http
        self._tasks = tasks
        self._rng = random.Random(SEED)
        self._run = uuid.uuid4().hex[:8]
        self._under_way: dict[str, Sent] = {}
        self.latency = Latency()

    async def send(self, producer: AIOKafkaProducer) -> None:
        """Send at the moments drawn, however late; wait for no answer."""
        due = time.perf_counter() + 0.1
        measured_from = due + WARM_UP
        for number in itertools.count():
            due += self._rng.expovariate(A_SECOND)
            if due > measured_from + SECONDS:
                return
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            measured = due >= measured_from
            await self._send(producer, number, due, measured=measured)
            if measured:
                self.latency.sent.append(_since(due))

    async def _send(self, producer: AIOKafkaProducer, number: int, due: float, *, measured: bool) -> None:
        office, person = self._rng.choice(self._persons)
        action = _action(f"bench-{self._run}-{number}", office, person)
        self._under_way[action["id"]] = Sent(due, person, measured, measured and number % _EVERY == 0)
        await producer.send(self._topic, orjson.dumps(action), key=office.encode(), headers=_HEADERS)

    async def listen(self, consumer: AIOKafkaConsumer) -> None:
        """Take receipts as they come, until cancelled."""
        while True:
            found = await consumer.getmany(timeout_ms=200)
            for record in (record for records in found.values() for record in records):
                self._take(orjson.loads(record.value)["data"])

    def _take(self, receipt: Json) -> None:
        sent = self._under_way.pop(receipt["id"], None)
        if sent is None:
            return
        if receipt["outcome"] != "accepted":
            raise Refused(receipt)
        if sent.measured:
            self.latency.answered.append(_since(sent.due))
        if sent.looked_for:
            self._tasks.create_task(self._look(receipt, sent))

    async def _look(self, receipt: Json, sent: Sent) -> None:
        path, began = f"/people/{sent.person}/growth-file", time.perf_counter()
        answer = await self._http.get(path, params={"at_least": receipt["at_least"], "limit": _PAGE})
        visible = _since(sent.due)
        answer.raise_for_status()
        if receipt["events"][0]["id"] not in answer.text:
            raise LookupError(f"{receipt} isn't in {path}")
        self.latency.visible.append(visible)
        self.latency.looked.append(visible - 1000 * (began - sent.due))

    async def answered(self) -> None:
        """Wait until everything that was sent has its receipt."""
        async with asyncio.timeout(_PATIENCE):
            while self._under_way:  # noqa: ASYNC110  # several events a millisecond, and no hurry
                await asyncio.sleep(0.05)


def _since(due: float) -> float:
    return 1000 * (time.perf_counter() - due)


def _action(ident: str, office: str, person: str) -> Json:
    return {
        "specversion": "1.0",
        "id": ident,
        "source": "/bench",
        "type": FileOutput.TYPE,
        "time": _HAPPENED.isoformat(),
        "office": office,
        "actor": person,
        "data": {
            "output": ident,
            "lead": person,
            "line": "secretarial",
            "title": "窗口服务事项会议纪要",
            "level": "district",
            "effect": "adopted",
        },
    }


def _reader(settings: Settings) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=settings.projector_url,
        headers=headers(settings, "reader"),
        timeout=_PATIENCE,
        limits=httpx.Limits(keepalive_expiry=2),  # the server closes after five: sooner, or the two may meet
    )


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[tuple[AIOKafkaProducer, AIOKafkaConsumer]]:
    """An app's producer, and a consumer that stands at the end of the receipts."""
    producer = AIOKafkaProducer(**as_admin(settings), enable_idempotence=True)
    consumer = AIOKafkaConsumer(**as_admin(settings), enable_auto_commit=False)
    try:
        await producer.start()
        await consumer.start()
        places = [TopicPartition(settings.topic("receipts"), shard) for shard in range(settings.shards)]
        consumer.assign(places)
        for place, end in (await consumer.end_offsets(places)).items():
            consumer.seek(place, end)
        yield producer, consumer
    finally:
        await producer.stop()
        await consumer.stop()


async def measure(settings: Settings, persons: Sequence[tuple[str, str]]) -> Latency:
    """Send for a while and say how long it took; recorder and projector run, and have nothing else to do."""
    async with (
        _reader(settings) as http,
        _connected(settings) as (producer, consumer),
        asyncio.TaskGroup() as tasks,
    ):
        load = Load(settings, persons, http, tasks)
        listening = tasks.create_task(load.listen(consumer))
        await load.send(producer)
        await load.answered()
        listening.cancel()
    return load.latency
