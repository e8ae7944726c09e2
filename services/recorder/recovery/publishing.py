"""Records of one partition from the ledger to the topic, one batch in flight, each where it is expected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from services.common.faults import fault
from services.common.settings import Settings
from services.recorder import topics
from services.recorder.errors import Unavailable
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.recovery.assessing import AT_ONCE, Records
from services.recorder.recovery.words import refused
from services.recorder.relay import LARGEST_BATCH_BYTES, PATIENCE, Record


async def publish(  # noqa: PLR0917  # where from, where to
    settings: Settings, pool: Pool, ledger: Ledger, kind: str, shard: int, first: int, told: Callable[[int], None]
) -> int:
    """All from ``first`` on that the ledger has by now; how many. Raises Unavailable, Refused."""
    records = Records(pool, ledger, kind, shard)
    size = await records.size()
    producer: AIOKafkaProducer[bytes, bytes] = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        enable_idempotence=True,
        acks="all",
        max_batch_size=LARGEST_BATCH_BYTES,
        max_request_size=topics.LARGEST_MESSAGE,
    )
    place = TopicPartition(settings.topic(kind), shard)
    try:
        await topics.unbroken(asyncio.wait_for(producer.start(), PATIENCE))
        at = first
        while at < size and (portion := await records.read(at, min(AT_ONCE, size - at))):
            await _send(producer, place, portion)
            at += len(portion)
            told(len(portion))
            fault("after-portion")
        return at - first
    except (KafkaError, TimeoutError) as error:
        raise Unavailable(f"Kafka went away ({type(error).__name__}). Run the command again: it goes on.") from error
    finally:
        await topics.let_go(producer)


async def _send(producer: AIOKafkaProducer[bytes, bytes], place: TopicPartition, records: Sequence[Record]) -> None:
    left = list(records)
    expected: int | None = None
    while left:
        batch = producer.create_batch()
        count = 0
        for key, value in left:
            if batch.append(key=key, value=value, timestamp=None, headers=topics.HEADERS) is None:
                break
            count += 1
        if not count:
            raise refused("too-large", bytes=len(left[0][1]))
        sent = await producer.send_batch(batch, place.topic, partition=place.partition)
        async with asyncio.timeout(PATIENCE):  # not wait_for, which can lose a cancellation (until Python 3.12)
            offset = (await sent).offset
        if expected not in {None, offset}:
            raise refused("others-write", kind=place.topic, shard=place.partition, why="")
        expected = offset + count
        left = left[count:]
