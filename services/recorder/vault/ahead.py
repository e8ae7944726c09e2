"""Erasures that the events topic holds and a read-only shard's states don't tell.

Of a ledger that was restored from a backup that is what it lacks, and the shard waits for ``recorder recover``; where
the states are of another fold it is all of it. A name that was erased must not open meanwhile.
Only records of the recorder's own count; and what they say closes keys, it destroys none.
"""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import TopicPartition

from schemas.people.erasure import PersonErased
from services.common.settings import Settings
from services.recorder.kafka.fetching import Record, consuming, fetches
from services.recorder.kafka.marks import Marks, macs_of
from services.recorder.ledger import states
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.vault.vault import Owner

_MARK: Final = PersonErased.TYPE.encode()


class Ahead(NamedTuple):
    """That an office erased a person; ``at`` is the event's position in the shard."""

    shard: int
    at: int
    owner: Owner


async def erasures(pool: Pool, ledger: Ledger, settings: Settings, shards: Collection[int]) -> list[Ahead]:
    """The erasures in these shards' topic partitions that the ledger's states don't tell.

    Raises KafkaError, Unavailable.
    """
    if not shards:
        return []
    async with pool.acquire(timeout=10) as connection:
        sizes = await states.covered(connection, sorted(shards))
    found: list[Ahead] = []
    macs, topic = macs_of(settings), settings.topic("events")
    async with consuming(settings) as consumer:
        ends = await consumer.end_offsets([TopicPartition(topic, shard) for shard in sizes])
        for at, end in ends.items():
            marks = Marks(macs, "events", topic, at.partition)
            async for records in fetches(consumer, at, sizes[at.partition], end):
                facts = ((_fact(record, ledger), record) for record in records)
                found += [fact for fact, record in facts if fact is not None and marks.is_ours(record)]
    return found


def _fact(record: Record, ledger: Ledger) -> Ahead | None:
    value = record.value or b""
    if _MARK not in value:
        return None
    try:
        event: dict[str, Any] = orjson.loads(value)
        if event["source"] == ledger.source and event["type"] == PersonErased.TYPE:
            return Ahead(record.partition, int(event["sequence"]), Owner(event["office"], event["data"]["person"]))
    except (ValueError, TypeError, LookupError):  # somebody else's record
        pass
    return None
