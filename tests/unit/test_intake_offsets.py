"""Which offsets count as recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from services.common.settings import Settings
from services.recorder.intake import kafka
from services.recorder.intake.kafka import KafkaIntake
from services.recorder.intake.rereading import Rereading
from services.recorder.intake.understanding import Record

AT = TopicPartition("chengzhang.actions", 0)


def _record(offset: int) -> Record:
    return cast("Record", type("Record", (), {"topic": AT.topic, "partition": AT.partition, "offset": offset}))


async def _taken(intake: KafkaIntake, offsets: range, before: asyncio.Task[None] | None = None) -> None:
    await intake._record([_record(offset) for offset in offsets], asyncio.Event(), before)


@pytest.fixture
async def intake(monkeypatch: pytest.MonkeyPatch) -> KafkaIntake:
    async def all_of_them(_: Any, records: Sequence[Record], queued: asyncio.Event) -> Sequence[Record]:  # noqa: ANN401
        queued.set()
        return records

    monkeypatch.setattr(KafkaIntake, "_append", all_of_them)
    nothing: Any = None
    return KafkaIntake(Settings(), nothing, nothing, nothing, Rereading(nothing))


async def test_a_batch_counts_only_behind_the_one_before(intake: KafkaIntake) -> None:
    opened = asyncio.Event()

    async def first() -> None:
        await opened.wait()
        await _taken(intake, range(3))

    before = asyncio.create_task(first())
    second = asyncio.create_task(_taken(intake, range(3, 6), before))
    await asyncio.wait([second], timeout=0.05)
    assert intake._recorded == {}
    opened.set()
    await second
    assert intake._recorded == {AT: 6}


async def test_nothing_behind_a_record_that_waits_counts(intake: KafkaIntake) -> None:
    intake._held[AT] = 4
    await _taken(intake, range(3, 8))
    assert intake._recorded == {AT: 4}


async def test_partitions_are_read_even_where_the_ledger_was_away_when_they_came(
    intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [asyncpg.CannotConnectNowError(), TimeoutError(), KafkaConnectionError(), None]

    async def seek(_: Any, assigned: Sequence[TopicPartition]) -> None:  # noqa: ANN401
        assert assigned == [AT]
        if (error := answers.pop(0)) is not None:
            raise error

    monkeypatch.setattr(KafkaIntake, "_seek", seek)
    monkeypatch.setattr(kafka, "SEEK_AGAIN", 0)
    await intake.on_partitions_assigned([AT])
    assert answers == []


class Consumer:
    """A consumer of one partition."""

    def __init__(self) -> None:
        self.sought: list[tuple[TopicPartition, int]] = []

    def assignment(self) -> set[TopicPartition]:
        """One."""
        return {AT}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Note it."""
        self.sought.append((partition, offset))


async def test_offsets_of_a_log_that_is_gone_never_count_again(
    intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> dict[TopicPartition, int]:
        return {AT: 0}

    opened = asyncio.Event()

    async def before() -> None:
        await opened.wait()
        await _taken(intake, range(900, 1000))

    consumer = Consumer()
    monkeypatch.setattr(kafka, "lost_places", lost)
    monkeypatch.setattr(KafkaIntake, "consumer", consumer)
    intake._under_way = asyncio.create_task(before())
    looking = asyncio.create_task(intake._look())
    await asyncio.wait([looking], timeout=0.05)
    assert consumer.sought == []
    opened.set()
    await looking
    assert consumer.sought == [(AT, 0)]
    assert intake._recorded == {AT: 0}
