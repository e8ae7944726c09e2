"""What the events topic holds that a read-only shard's states don't tell.

Of a ledger that was restored from a backup that is what it lacks, and the shard waits for ``recorder recover``; where
the states are of another fold it is all of it. A name that was erased must not open meanwhile, and no key may go that
an office still needs.
"""

from collections.abc import Collection
from typing import Any, Final, Literal, NamedTuple

import orjson
from aiokafka import TopicPartition

from schemas.erasure import HoldPlaced, PersonErased
from schemas.people import PersonRegistered
from services.common.settings import Settings
from services.recorder.kafka.fetching import Record, consuming, fetches
from services.recorder.ledger import states
from services.recorder.ledger.database import Ledger, Pool

Kind = Literal["erased", "held", "registered"]
_KINDS: Final[dict[str, Kind]] = {
    PersonErased.TYPE: "erased", HoldPlaced.TYPE: "held", PersonRegistered.TYPE: "registered"
}  # fmt: skip
_MARKS: Final = [type_.encode() for type_ in _KINDS]


class Fact(NamedTuple):
    """What happened to a person in an office, by which event; ``at`` is its position."""

    kind: Kind
    shard: int
    at: int
    office: str
    person: str
    event: str


async def erasures(pool: Pool, ledger: Ledger, settings: Settings, shards: Collection[int]) -> list[Fact]:
    """What bears on persons' keys in these shards' topic partitions, and the ledger's states don't tell.

    Raises KafkaError, Unavailable.
    """
    if not shards:
        return []
    async with pool.acquire(timeout=10) as connection:
        sizes = await states.covered(connection, sorted(shards))
    found: list[Fact] = []
    async with consuming(settings.kafka) as consumer:
        ends = await consumer.end_offsets([TopicPartition(settings.topic("events"), shard) for shard in sizes])
        for at, end in ends.items():
            async for records in fetches(consumer, at, sizes[at.partition], end):
                found += [fact for record in records if (fact := _fact(record, ledger))]
    return found


def _fact(record: Record, ledger: Ledger) -> Fact | None:
    value = record.value or b""
    if not any(mark in value for mark in _MARKS):
        return None
    try:
        event: dict[str, Any] = orjson.loads(value)
        if event["source"] == ledger.source and (kind := _KINDS.get(event["type"])):
            return Fact(
                kind, record.partition, int(event["sequence"]), event["office"], event["data"]["person"], event["id"]
            )
    except (ValueError, TypeError, LookupError):  # somebody else's record
        pass
    return None
