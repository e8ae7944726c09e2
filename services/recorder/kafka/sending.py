"""Records onto a topic, one batch in flight: what the relay and ``recorder republish`` share."""

import asyncio
from collections.abc import Sequence
from typing import Final, TypeAlias

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from schemas.envelope import STRUCTURED
from services.common.kafka.actions import LARGEST_MESSAGE
from services.common.kafka.macs import Place
from services.common.settings import Settings
from services.recorder.kafka import topics

HEADERS: Final = [("content-type", STRUCTURED.encode())]  # of what we write: CloudEvents libraries go by it
LARGEST_BATCH_BYTES: Final = 800_000  # below the topics' limit of 1 MiB
PATIENCE: Final = 15.0  # seconds for one batch: an idempotent producer can wedge (aiokafka#1017)
_TO_START: Final = 60.0  # seconds: a broker may be busy

Producer: TypeAlias = "AIOKafkaProducer[bytes, bytes]"
Record = tuple[bytes, bytes]  # key, value


async def connected(settings: Settings) -> Producer:
    """An idempotent producer, to be let go of (``topics.let_go``). Raises KafkaError, TimeoutError."""
    producer: Producer = AIOKafkaProducer(
        **topics.login(settings),
        enable_idempotence=True,
        acks="all",
        max_batch_size=LARGEST_BATCH_BYTES,
        max_request_size=LARGEST_MESSAGE,
        request_timeout_ms=10_000,
    )
    try:
        await topics.unbroken(asyncio.wait_for(producer.start(), _TO_START))
    except BaseException:
        await producer.stop()
        raise
    return producer


def filled(producer: Producer, records: Sequence[Record], first: int, marks: Place) -> tuple[BatchBuilder, int]:
    """A batch of as many of these records as fit into one, and their number: none where the first is too large.

    ``first`` is the position, or receipt number, of the first.
    """
    batch = producer.create_batch()
    count = 0
    for at, (key, value) in enumerate(records, first):
        headers = [*HEADERS, *marks.headers(at, value)]
        if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
            break
        count += 1
    return batch, count


async def sent(producer: Producer, batch: BatchBuilder, to: TopicPartition, within: float = PATIENCE) -> int:
    """Send a batch, and wait for the offset that its first record got. Raises KafkaError, TimeoutError."""
    future = await producer.send_batch(batch, to.topic, partition=to.partition)
    async with asyncio.timeout(within):  # not wait_for, which can lose a cancellation (until Python 3.12)
        return int((await future).offset)
