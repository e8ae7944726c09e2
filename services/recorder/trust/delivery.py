"""Checkpoints on their way out of the database: into the file, then onto the topic, each at least once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import asyncpg
from aiokafka.errors import KafkaError

from services.common.faults import fault
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from services.recorder.kafka import sending, topics
from services.recorder.kafka.sending import Producer
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.trust import outside
from services.recorder.trust.checkpoint import origin_of
from services.recorder.trust.signing import NAMED, NAMED_ZH, QUERIES

HEADERS: Final = [("content-type", b"text/plain; charset=utf-8")]
Rows = Sequence[asyncpg.Record]


class Delivery:
    """To the file and the topic."""

    def __init__(self, pool: Pool, ledger: Ledger, settings: Settings) -> None:
        """Connect to nothing yet."""
        self._pool = pool
        self._ledger = ledger
        self._settings = settings
        self._producer: Producer | None = None

    async def file(self) -> None:
        """Write what the file doesn't have yet. Raises Misconfigured where it can't be written."""
        await self._all(self._file, to_file=True)

    async def publish(self) -> None:
        """Publish what the topic doesn't have yet. Raises KafkaError or TimeoutError; then the rest comes later."""
        try:
            await self._all(self._publish, to_file=False)
        except (KafkaError, TimeoutError):
            await self.stop()
            raise

    async def _all(self, deliver: Callable[[Rows], Awaitable[None]], *, to_file: bool) -> None:
        """The file and the topic are asked for apart: where one can't be had, the other goes on."""
        while True:
            async with self._pool.acquire(timeout=10) as connection:
                rows = [row async for row in QUERIES.waiting(connection, to_file=to_file)]
            if not rows:
                return
            await deliver(rows)
            fault("checkpoint-filed" if to_file else "checkpoint-published")
            shards, sizes = [row["shard"] for row in rows], [row["size"] for row in rows]
            async with self._pool.acquire(timeout=10) as connection:
                await QUERIES.note_delivered(connection, shards=shards, sizes=sizes, to_file=to_file)

    async def _file(self, rows: Rows) -> None:
        path = self._settings.checkpoints_file
        try:
            await asyncio.to_thread(outside.append, path, [row["note"] for row in rows])
        except OSError as error:
            raise Misconfigured(
                f"{path}: can't be written ({error.strerror}). {NAMED}",
                f"{path}：无法写入（{error.strerror}）。{NAMED_ZH}",
            ) from error

    async def _publish(self, rows: Rows) -> None:
        if self._producer is None:
            self._producer = await sending.connected(self._settings.kafka)
        topic = self._settings.topic("checkpoints")
        for row in rows:
            key = origin_of(self._ledger.id, row["shard"]).encode()
            async with asyncio.timeout(sending.PATIENCE):  # not wait_for, which can lose a cancellation (to 3.12)
                await self._producer.send_and_wait(topic, row["note"], key=key, headers=HEADERS)

    async def stop(self) -> None:
        """Let go of Kafka."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await topics.let_go(producer)
