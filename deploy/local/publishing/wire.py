"""Kafka as an outside app uses it: plain actions onto the intake topic, receipts from theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from deploy.local.speaking.trouble import NOT_RUNNING, CommandError
from services.common.kafka.actions import PUBLISHER
from services.common.kafka.login import login
from services.common.settings import Settings

_HEADERS: Final = [("content-type", b"application/cloudevents+json")]
_LONGEST_WAIT_MS: Final = 100


class Wire(Protocol):
    """Where actions go and receipts come from."""

    async def send(self, office: str, body: bytes) -> None:
        """Hand an action over; it is under way then."""

    async def flush(self) -> None:
        """Wait until all that was handed over has arrived."""

    async def receipts(self) -> list[dict[str, Any]]:
        """The receipts that have come since, waiting a moment for them."""


class KafkaWire:
    """The real one. See ``connected``."""

    def __init__(self, settings: Settings) -> None:
        self._actions = settings.topic("actions")
        self._receipts = settings.topic("receipts")
        known = login(settings, PUBLISHER)
        self._producer = AIOKafkaProducer(**known, enable_idempotence=True, linger_ms=5)
        self._consumer = AIOKafkaConsumer(self._receipts, **known, enable_auto_commit=False)
        self._failed: BaseException | None = None

    async def send(self, office: str, body: bytes) -> None:
        """Keyed by office, so that an office's actions stay in order."""
        self._raise()
        sent = await self._producer.send(self._actions, body, key=office.encode(), headers=_HEADERS)
        sent.add_done_callback(self._notice)

    async def flush(self) -> None:
        """Wait for Kafka's acknowledgements. Raises the first failure."""
        await self._producer.flush()
        self._raise()

    async def receipts(self) -> list[dict[str, Any]]:
        """What the topic holds from the moment of connecting on, of what we sent: others may try our actions' ids."""
        found = await self._consumer.getmany(timeout_ms=_LONGEST_WAIT_MS)
        told = (orjson.loads(record.value)["data"] for records in found.values() for record in records)
        return [receipt for receipt in told if receipt["by"] == PUBLISHER]

    async def start(self) -> None:
        """Connect, and stand at the end of the receipts before anything is sent."""
        await self._producer.start()
        await self._consumer.start()
        places = self._consumer.assignment()
        if not places:
            raise UnknownTopicOrPartitionError(self._receipts)
        await self._consumer.seek_to_end(*places)
        await asyncio.gather(*(self._consumer.position(place) for place in places))

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()
        await self._consumer.stop()

    def _notice(self, sent: asyncio.Future[Any]) -> None:
        if not sent.cancelled() and sent.exception():
            self._failed = self._failed or sent.exception()

    def _raise(self) -> None:
        if self._failed:
            raise self._failed


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[KafkaWire]:
    """Kafka, connected. Raises CommandError where it is not there or goes away."""
    try:
        wire = KafkaWire(settings)
        try:
            await wire.start()
            yield wire
        finally:
            await wire.stop()
    except KafkaError as error:
        raise CommandError("no_kafka", NOT_RUNNING, kafka=settings.kafka, reason=error) from error
