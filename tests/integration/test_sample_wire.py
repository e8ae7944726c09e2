"""Publishing onto a real Kafka: what arrives is what any CloudEvents client sends; only later receipts are read."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.publishing.wire import connected
from deploy.local.speaking.trouble import CommandError
from services.common.kafka.actions import PARTITIONS
from services.common.settings import Settings
from services.recorder.kafka import topics
from tests.support.access import as_admin
from tests.support.patience import PATIENCE, patient_producer

ACTION = orjson.dumps({"specversion": "1.0", "office": "o-1", "source": "/oa", "id": "a-1"})


def receipt(ident: str, by: str = "publisher") -> bytes:
    return orjson.dumps({"type": "chengzhang.receipt.v1", "data": {"id": ident, "by": by}})


async def test_actions_go_out_and_receipts_come_in(settings: Settings) -> None:
    await topics.ensure(settings)
    async with patient_producer(settings) as recorder:
        await recorder.send_and_wait(settings.topic("receipts"), receipt("earlier"), partition=3)
        async with connected(settings) as wire:
            await wire.send("o-1", ACTION)
            await wire.flush()
            await recorder.send_and_wait(settings.topic("receipts"), receipt("a-1", by="an-app"), partition=5)
            await recorder.send_and_wait(settings.topic("receipts"), receipt("a-1"), partition=5)
            async with asyncio.timeout(PATIENCE):
                while not (found := await wire.receipts()):
                    pass
    assert found == [{"id": "a-1", "by": "publisher"}]
    record = await _only_record(settings, settings.topic("actions"))
    assert record == (b"o-1", ACTION, (("content-type", b"application/cloudevents+json"),))


async def _only_record(settings: Settings, topic: str) -> tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]:
    async with AIOKafkaConsumer(**as_admin(settings), auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        record = await consumer.getone()
        return record.key, record.value, tuple(record.headers)


async def test_no_kafka_is_said_so(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"kafka": "127.0.0.1:1"})
    with pytest.raises(CommandError) as caught:
        async with connected(nowhere):
            pass
    assert (caught.value.key, caught.value.code) == ("no_kafka", 3)
