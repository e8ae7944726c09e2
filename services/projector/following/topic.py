"""The events topic, which the recorder makes, and how far it is read: by the consumer, or by a replay."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.common.kafka import login as logins
from services.common.kafka.macs import Macs
from services.common.kafka.macs import Record as Marked
from services.common.settings import Settings
from services.projector import settings as limits
from services.projector.errors import Misfit
from services.projector.following.batch import Cursor, Record, Slice
from services.projector.following.engine import Engine
from services.projector.following.marks import Marks

_LOOK_SECONDS: Final = 0.5
# What is fetched ahead, for a Kafka client.
FETCHING: Final[Mapping[str, Any]] = {
    "fetch_max_bytes": limits.FETCH_BYTES,
    "fetch_max_wait_ms": limits.FETCH_WAIT_MS,
    "max_partition_fetch_bytes": limits.PARTITION_BYTES,
    "auto_offset_reset": "none",
}
_log = structlog.get_logger(__name__)
login: Final = partial(logins.login, program=limits.NAME)


async def created(settings: Settings, topic: str, shards: int) -> None:
    """Wait until the topic is there. Raises Misfit where partitions and shards differ in number.

    To subscribe earlier would do no good: aiokafka looks for what wasn't there only every five minutes.
    """
    if (found := await partitions(settings, topic, awaited=True)) != shards:
        raise Misfit(f"The topic {topic} has {found} partitions, but CHENGZHANG_SHARDS is {shards}.")


async def partitions(settings: Settings, topic: str, *, awaited: bool = False) -> int:
    """How many partitions it has; 0 where there is no such topic, unless it is ``awaited``."""
    admin = AIOKafkaAdminClient(**login(settings))
    try:
        await admin.start()
        while True:
            described = await admin.describe_topics([topic])
            found = sum(len(each["partitions"]) for each in described if not each["error_code"])
            if found or not awaited:
                return found
            _log.info("waiting-for-topic", topic=topic)
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await admin.close()


@dataclass(slots=True, eq=False)
class Reading:
    """How far a partition is read since it was last sought: to the place of ``cursor``, from ``offset`` on.

    ``hinted``: the next record should be the one at ``expected - 1``.
    """

    cursor: Cursor
    marks: Marks
    offset: int
    end: int  # of the partition, when it was sought
    expected: int
    hinted: bool = False
    tail: Record | None = None

    @classmethod
    def of(cls, cursor: Cursor, marks: Marks, first: int, end: int, *, hint: bool) -> Self:
        """From the event before the cursor on, to compare it; from the first where nobody knows where that is."""
        at = cursor.offset_hint
        if hint and at is not None and first <= at < end:
            return cls(cursor, marks, at, end, cursor.next, hinted=True)
        return cls(cursor, marks, first, end, cursor.next)

    async def take(self, records: Sequence[Marked]) -> Slice | None:
        """What follows in these of the recorder's; None where the event before the cursor isn't where it should be."""
        slice_ = Slice(self.cursor.shard, self.expected, self.tail)
        for begin in range(0, len(records), limits.CHUNK):
            ours, why = self.marks.ours(records[begin : begin + limits.CHUNK])
            slice_.take(ours)
            if why is not None:
                slice_.broken = slice_.broken or f"position {slice_.end}: {why}"
                break
            await asyncio.sleep(0)
        if self.hinted and slice_.before is None:
            _log.warning("offset-hint-wrong", shard=self.cursor.shard, expected=self.expected)
            return None
        self.hinted = False
        return slice_


async def readings(
    kafka: AIOKafkaConsumer, engine: Engine, macs: Macs, places: Mapping[TopicPartition, bool]
) -> dict[TopicPartition, Reading]:
    """Where to read on in these partitions, by the cursors; whether the offset hint of each may be trusted."""
    firsts = await kafka.beginning_offsets(list(places))
    ends = await kafka.end_offsets(list(places))
    cursors = await engine.cursors()
    return {
        place: Reading.of(cursors[place.partition], Marks(macs, place), firsts[place], ends[place], hint=hint)
        for place, hint in places.items()
    }
