"""What the events topic holds beyond the ledger of a read-only shard: erasures that a restored backup doesn't know of.

The shard itself waits for ``recorder recover``. A name that was erased must not open meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import orjson
from aiokafka import TopicPartition

from schemas.erasure import PersonErased
from services.common.settings import Settings
from services.recorder.audit.source import Record, consuming, fetches
from services.recorder.ledger.database import QUERIES, Ledger, Pool

_MARK: Final = PersonErased.TYPE.encode()


async def erasures(pool: Pool, ledger: Ledger, settings: Settings, shards: Collection[int]) -> dict[str, str]:
    """Persons erased by events that these shards' topic partitions hold and the ledger doesn't: person → event.

    Raises KafkaError, Unavailable.
    """
    if not shards:
        return {}
    async with pool.acquire(timeout=10) as connection:
        sizes = {row["shard"]: row["size"] async for row in QUERIES.sizes(connection, shards=sorted(shards))}
    found: dict[str, str] = {}
    async with consuming(settings.kafka) as consumer:
        ends = await consumer.end_offsets([TopicPartition(settings.topic("events"), shard) for shard in sizes])
        for at, end in ends.items():
            async for records in fetches(consumer, at, sizes[at.partition], end):
                for record in records:
                    found |= _erased(record, ledger)
    return found


def _erased(record: Record, ledger: Ledger) -> dict[str, str]:
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
