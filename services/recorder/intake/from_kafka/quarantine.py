"""Quarantine: what could not be read as an action is kept, encrypted, for 90 days, and told.

Nothing is lost in silence.
"""

import asyncio
import hashlib
import re
from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from schemas.envelope import LARGEST_ACTION
from schemas.trust.canonical import canonical
from services.common.settings import Settings
from services.recorder.intake.parsing import Unreadable
from services.recorder.kafka import sending, topics
from services.recorder.kafka.fetching import Bounds
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.sending import HEADERS, Producer
from services.recorder.ledger.database import QUERIES, TRANSIENT, Ledger, Pool
from services.recorder.metrics import QUARANTINED
from services.recorder.vault.vault import Vault

Log: Final = structlog.get_logger("quarantine")
_NO_TEXT: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # PostgreSQL refuses some of these, terminals obey others


class Quarantine:
    """The table, and its topic."""

    def __init__(self, pool: Pool, ledger: Ledger, vault: Vault, settings: Settings) -> None:
        """Publish nothing yet."""
        self._pool = pool
        self._ledger = ledger
        self._vault = vault
        self._settings = settings
        self._macs = macs_of(settings)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def keep(self, record: ConsumerRecord[Any, bytes | None], why: Unreadable) -> None:
        """Keep one record. Delivered twice, it is kept once."""
        raw = record.value or b""
        await self._insert((record.topic, record.partition, record.offset), why, raw)

    async def gap(self, topic: str, partition: int, committed: int, first: int) -> None:
        """Report records that retention took before they were read."""
        why = Unreadable(
            "lost-to-retention",
            f"Offsets {committed} to {first - 1} were deleted before they were read. "
            "Ask their senders to send them again.",
            f"偏移量 {committed} 至 {first - 1} 的消息在读取前已被删除。请发送方重新发送。",
        )
        await self._report((topic, partition, committed), why, first=committed, last=first - 1)

    async def forgotten(self, topic: str, partition: int, first: int) -> None:
        """Report records that may have been deleted unread; where nothing was ever recorded, that is no loss."""
        async with self._pool.acquire(timeout=10) as connection:
            if not await QUERIES.begun(connection):
                return
        why = Unreadable(
            "offset-forgotten",
            "Kafka no longer knows up to where this partition had been read, and its offsets before "
            f"{first} are deleted: some may never have been read. Ask their senders to look for their receipts.",
            f"Kafka 已不再保存该分区读到何处，且偏移量 {first} 之前的消息已被删除，其中可能有未读取的。"
            "请发送方核对回执。",
        )
        await self._report((topic, partition, first - 1), why, first=first)

    async def cut_off(self, topic: str, partition: int, committed: int, bounds: Bounds) -> None:
        """Report a log that ends before what was read of it."""
        first, end = bounds
        why = Unreadable(
            "log-cut-off",
            f"The log ends at offset {end}, but it had been read up to {committed}: its end was lost, or it is another "
            f"log. It is read again from {first} on; nothing is recorded twice. What it lost unread can't be told: ask "
            "the senders to look for their receipts.",
            f"日志止于偏移量 {end}，而此前已读至 {committed}：日志尾部已丢失，或已换成另一份日志。"
            f"现从 {first} 起重新读取，不会重复记录。未及读取便丢失的操作无从得知，请发送方核对回执。",
        )
        await self._report((topic, partition, committed), why, committed=committed, first=first, end=end)

    async def _report(self, at: tuple[str, int, int], why: Unreadable, **told: int) -> None:
        Log.error(why.code, topic=at[0], partition=at[1], **told)
        await self._insert(at, why, b"")

    async def _insert(self, at: tuple[str, int, int], why: Unreadable, raw: bytes) -> None:
        topic, partition, offset = at
        async with self._pool.acquire(timeout=10) as connection:
            await QUERIES.quarantine(
                connection, topic=topic, partition=partition, offset=offset,
                code=why.code, en=_clean(why.en), zh=_clean(why.zh),
                length=len(raw), sha256=hashlib.sha256(raw).digest(), raw=self._vault.encrypt(raw[:LARGEST_ACTION]),
            )  # fmt: skip
        QUARANTINED.labels(why.code).inc()
        Log.warning("quarantined", topic=topic, partition=partition, offset=offset, code=why.code)
        self._wake.set()

    async def start(self) -> None:
        """Begin to tell the topic."""
        self._task = asyncio.create_task(self._publish(), name="quarantine")

    async def stop(self) -> None:
        """Tell no more; the table remembers what the topic does not have yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _publish(self) -> None:
        while True:
            try:
                await self._publish_until_told()
            except (KafkaError, *TRANSIENT) as error:
                Log.warning("quarantine-topic-retried", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _publish_until_told(self) -> None:
        producer = await sending.connected(self._settings)
        try:
            while True:
                async with self._pool.acquire(timeout=10) as connection:
                    await QUERIES.purge_quarantine(connection)
                    for row in [row async for row in QUERIES.unpublished(connection)]:
                        await self._tell(producer, row)
                        await QUERIES.published(
                            connection, topic=row["topic"], partition=row["partition"], offset=row["offset"]
                        )
                self._wake.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(30):  # not wait_for, which can lose a cancellation (until Python 3.12)
                        await self._wake.wait()
        finally:
            await topics.let_go(producer)

    async def _tell(self, producer: Producer, row: asyncpg.Record) -> None:
        key = f"{row['topic']}/{row['partition']}/{row['offset']}"
        envelope = {
            "specversion": "1.0",
            "id": key,
            "source": self._ledger.source,
            "type": "chengzhang.quarantined.v1",
            "time": row["recorded_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "datacontenttype": "application/json",
            "dataschema": "urn:chengzhang:schema:chengzhang.quarantined.v1",
            "data": {
                **{name: row[name] for name in ("topic", "partition", "offset", "length")},
                "reason": {name: row[name] for name in ("code", "en", "zh")},
                "sha256": row["sha256"].hex(),
            },
        }
        topic, value = self._settings.topic("quarantine"), canonical(envelope)
        headers = [*HEADERS, *self._macs.writing(topic, 0).headers(key, value)]
        await producer.send_and_wait(topic, value, key=key.encode(), headers=headers)


def _clean(text: str) -> str:
    """With U+FFFD for what no text should hold: whatever a sender gave, keeping it must not fail."""
    return _NO_TEXT.sub("\ufffd", text)
