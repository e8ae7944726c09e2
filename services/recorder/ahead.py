"""What the events topic holds beyond the ledger of a read-only shard: erasures that a restored backup doesn't know of.

The shard itself waits for ``recorder recover``. A name that was erased must not open meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.erasure import PersonErased
from services.common.settings import Settings
from services.recorder.ledger.database import QUERIES, Ledger, Pool
from services.recorder.topics import LARGEST_MESSAGE

_MARK: Final = PersonErased.TYPE.encode()
_PATIENCE_MS: Final = 30_000


async def erasures(pool: Pool, ledger: Ledger, settings: Settings, shards: Collection[int]) -> dict[str, str]:
    """Persons erased by events that these shards' topic partitions hold and the ledger doesn't: person → event.

    Raises KafkaError, TimeoutError.
    """
    if not shards:
        return {}
    async with pool.acquire() as connection:
        sizes = {row["shard"]: row["size"] async for row in QUERIES.sizes(connection, shards=sorted(shards))}
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=LARGEST_MESSAGE,
    )
    try:
        await consumer.start()
        return await _read(consumer, ledger, settings.topic("events"), sizes)
    finally:
        await consumer.stop()


async def _read(
    consumer: AIOKafkaConsumer[bytes, bytes], ledger: Ledger, topic: str, sizes: Mapping[int, int]
) -> dict[str, str]:
    partitions = [TopicPartition(topic, shard) for shard in sizes]
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    found: dict[str, str] = {}
    for tp in partitions:  # a position is never further on in the topic's partition than its offset says
        consumer.seek(tp, min(max(sizes[tp.partition], begins[tp]), ends[tp]))
        while await consumer.position(tp) < ends[tp]:
            records = (await consumer.getmany(tp, timeout_ms=_PATIENCE_MS)).get(tp)
            if not records:
                message = f"Kafka gave nothing of {topic}, partition {tp.partition}, for half a minute"
                raise TimeoutError(message)
            for record in records:
                found |= _erased(record, ledger)
    return found


def _erased(record: ConsumerRecord[bytes, bytes], ledger: Ledger) -> dict[str, str]:
    value = record.value or b""
    if _MARK not in value:
        return {}
    try:
        event: dict[str, Any] = orjson.loads(value)
        if event["type"] == PersonErased.TYPE and event["source"] == ledger.source:
            return {event["data"]["person"]: event["id"]}
    except (ValueError, TypeError, LookupError):  # somebody else's record
        pass
    return {}
