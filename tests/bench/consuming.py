"""The events topic read with the same library and thrown away: how fast a projector could be that does nothing."""

from __future__ import annotations

import time
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.common.settings import Settings
from tests.support.access import as_admin

_AT_ONCE: Final = 20_000
_FETCH_BYTES: Final = 8 * 1024 * 1024
_PARTITION_BYTES: Final = 1024 * 1024


async def events_per_second(settings: Settings) -> float:
    """Read everything once, from the first event to where the topic ends now."""
    consumer = AIOKafkaConsumer(
        **as_admin(settings),
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_bytes=_FETCH_BYTES,
        max_partition_fetch_bytes=_PARTITION_BYTES,
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(settings.topic("events"), shard) for shard in range(settings.shards)]
        consumer.assign(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        left = sum((await consumer.end_offsets(partitions)).values())
        total, began = left, time.perf_counter()
        while left > 0:
            found = await consumer.getmany(timeout_ms=500, max_records=_AT_ONCE)
            left -= sum(map(len, found.values()))
        return float(total / (time.perf_counter() - began))
    finally:
        await consumer.stop()
