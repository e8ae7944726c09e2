"""Partitions read up to a point, without a group: whoever reads says from where, and keeps count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.recorder.errors import silent, unreadable

_RECORDS: Final = 20_000  # at once
_PARTITION_BYTES: Final = 4 * 1024 * 1024  # fetched ahead
_PATIENCE_MS: Final = 60_000

Consumer: TypeAlias = "AIOKafkaConsumer[bytes, bytes]"
Record: TypeAlias = "ConsumerRecord[bytes, bytes]"


async def fetches(consumer: Consumer, at: TopicPartition, first: int, end: int) -> AsyncIterator[list[Record]]:
    """A partition's records up to offset ``end``, from where number ``first`` can be first on. Raises Unavailable.

    Every number comes at least once, in order: none can be at an offset below itself.
    """
    if first >= end:
        return
    consumer.assign([at])
    try:
        begin = (await consumer.beginning_offsets([at]))[at]
        consumer.seek(at, max(begin, first))
        while await consumer.position(at) < end:
            found = await consumer.getmany(at, timeout_ms=_PATIENCE_MS, max_records=_RECORDS)
            if not found:
                raise silent(at.topic, at.partition)
            yield [record for record in found[at] if record.offset < end]
    except KafkaError as error:
        raise unreadable(error) from error


@asynccontextmanager
async def consuming(servers: str) -> AsyncIterator[Consumer]:
    """A consumer without a group, which is told what to read. Raises Unavailable."""
    consumer: Consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_PARTITION_BYTES,
        check_crcs=True,
    )
    try:
        await consumer.start()
        await asyncio.sleep(0)  # its own task must have begun before it can be stopped well
        yield consumer
    except KafkaError as error:
        raise unreadable(error) from error
    finally:
        await consumer.stop()


async def ends_of(servers: str, topic: str) -> list[int] | None:
    """Where each partition of a topic ends now; None where there is no such topic. Raises Unavailable."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        described = (await admin.describe_topics([topic]))[0]
    except KafkaError as error:
        raise unreadable(error) from error
    finally:
        await admin.close()
    if described["error_code"]:
        return None
    partitions = [TopicPartition(topic, number) for number in range(len(described["partitions"]))]
    async with consuming(servers) as consumer:
        ends = await consumer.end_offsets(partitions)
    return [ends[at] for at in partitions]
