"""Which offsets count as recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from services.common.settings import Settings
from services.recorder.intake.kafka import KafkaIntake
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
    return KafkaIntake(Settings(), nothing, nothing, nothing)


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
