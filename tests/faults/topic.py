"""Topics, read whole."""

from __future__ import annotations

from typing import Final, TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.common.settings import Settings
from tests.support.access import as_admin

Record: TypeAlias = "ConsumerRecord[bytes, bytes]"
_LARGEST: Final = 16 * 1024 * 1024
_LOOK_MS: Final = 500


def reader(settings: Settings) -> AIOKafkaConsumer[bytes, bytes]:
    """A consumer without a group, from the beginning."""
    return AIOKafkaConsumer(
        **as_admin(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_LARGEST,
    )


async def read_topic(settings: Settings, topic: str, partitions: int) -> dict[int, list[Record]]:
    """All records of a topic, by partition, as far as it reaches now."""
    consumer = reader(settings)
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        found: dict[int, list[Record]] = {place.partition: [] for place in places}
        while any(
            [await consumer.position(place) < ends[place] for place in places]
        ):  # a list: generators can't await here
            for place, records in (await consumer.getmany(timeout_ms=_LOOK_MS)).items():
                found[place.partition] += records
    finally:
        await consumer.stop()
    return found
