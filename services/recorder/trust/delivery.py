"""Checkpoints on their way out of the database: into the file, then onto the topic, each at least once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import asyncpg
from aiokafka.errors import KafkaError

from services.common.faults import fault
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from services.recorder.kafka import sending, topics
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.sending import Producer
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.trust import outside
from services.recorder.trust.checkpoint import origin_of
from services.recorder.trust.signing import NAMED, NAMED_ZH, QUERIES

HEADERS: Final = [("content-type", b"text/plain; charset=utf-8")]
_PATIENCE: Final = 15.0  # seconds for one record

Rows = Sequence[asyncpg.Record]
Query = Callable[..., Any]  # of signing.sql


class Delivery:
    """To the file and the topic."""

    def __init__(self, pool: Pool, ledger: Ledger, settings: Settings) -> None:
        """Connect to nothing yet."""
        self._pool = pool
        self._ledger = ledger
        self._settings = settings
        self._macs = macs_of(settings)
        self._producer: Producer | None = None

    async def file(self) -> None:
        """Write what the file doesn't have yet. Raises Misconfigured where it can't be written."""
        path = self._settings.checkpoints_file
        while rows := await self._waiting(QUERIES.unfiled):
            try:
                await asyncio.to_thread(outside.append, path, [row["note"] for row in rows])
            except OSError as error:
                raise Misconfigured(
                    f"{path}: can't be written ({error.strerror}). {NAMED}",
                    f"{path}：无法写入（{error.strerror}）。{NAMED_ZH}",
                ) from error
            fault("checkpoint-filed")
            await self._note(QUERIES.note_filed, rows)

    async def publish(self) -> None:
        """Publish what the topic doesn't have yet. Raises KafkaError or TimeoutError; then the rest comes later."""
        while rows := await self._waiting(QUERIES.unpublished):
            try:
                for row in rows:
                    await self._send(row)
            except (KafkaError, TimeoutError):
                await self.stop()
                raise
            fault("checkpoint-published")
            await self._note(QUERIES.note_published, rows)

    async def _waiting(self, query: Query) -> Rows:
        """The file and the topic are asked for apart: where one can't be had, the other goes on."""
        async with self._pool.acquire(timeout=10) as connection:
            return [row async for row in query(connection)]

    async def _note(self, query: Query, rows: Rows) -> None:
        shards, sizes = [row["shard"] for row in rows], [row["size"] for row in rows]
        async with self._pool.acquire(timeout=10) as connection:
            await query(connection, shards=shards, sizes=sizes)

    async def _send(self, row: asyncpg.Record) -> None:
        producer = await self._connected()
        topic, key = self._settings.topic("checkpoints"), origin_of(self._ledger.id, row["shard"]).encode()
        marks = self._macs.writing(topic, row["shard"]).headers(row["size"], row["note"])
        async with asyncio.timeout(_PATIENCE):  # not wait_for, which can lose a cancellation (until Python 3.12)
            await producer.send_and_wait(topic, row["note"], key=key, headers=[*HEADERS, *marks])

    async def _connected(self) -> Producer:
        if self._producer is None:
            self._producer = await sending.connected(self._settings)
        return self._producer

    async def stop(self) -> None:
        """Let go of Kafka."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await topics.let_go(producer)
