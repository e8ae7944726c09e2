"""Records of one partition from the ledger to the topic, one batch in flight, each where it is expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.common.faults import fault
from services.common.settings import Settings
from services.recorder.errors import Unavailable
from services.recorder.kafka import sending, topics
from services.recorder.kafka.sending import Producer, Record
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.recovery.refusals import refused
from services.recorder.recovery.republishing.assessing import AT_ONCE, Records


async def publish(  # noqa: PLR0917  # where from, where to
    settings: Settings, pool: Pool, ledger: Ledger, kind: str, shard: int, first: int, told: Callable[[int], None]
) -> int:
    """All from ``first`` on that the ledger has by now; how many. Raises Unavailable, Refused."""
    records = Records(pool, ledger, kind, shard)
    size = await records.size()
    place = TopicPartition(settings.topic(kind), shard)
    try:
        producer = await sending.connected(settings.kafka)
        try:
            at = first
            while at < size and (portion := await records.read(at, min(AT_ONCE, size - at))):
                await _send(producer, place, portion)
                at += len(portion)
                told(len(portion))
                fault("after-portion")
            return at - first
        finally:
            await topics.let_go(producer)
    except (KafkaError, TimeoutError) as error:
        why = type(error).__name__
        raise Unavailable(
            f"Kafka went away ({why}). Run the command again: it goes on.",
            f"Kafka 中断（{why}）。请再执行一次，将从中断处继续。",
        ) from error


async def _send(producer: Producer, place: TopicPartition, records: Sequence[Record]) -> None:
    left = list(records)
    expected: int | None = None
    while left:
        batch, count = sending.filled(producer, left)
        if not count:
            raise refused("too-large", bytes=len(left[0][1]))
        offset = await sending.sent(producer, batch, place)
        if expected not in {None, offset}:
            raise refused("others-write", kind=place.topic, shard=place.partition, why="")
        expected = offset + count
        left = left[count:]
