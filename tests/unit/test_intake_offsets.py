"""Which offsets count as recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from services.common.settings import Settings
from services.common.tokens.grants import Grant
from services.recorder.app import Recorder
from services.recorder.intake import kafka
from services.recorder.intake.from_kafka.places import Sight
from services.recorder.intake.from_kafka.record import Record
from services.recorder.intake.from_kafka.rereading import Rereading
from services.recorder.intake.kafka import KafkaIntake
from services.recorder.ledger.submission import Closed, Submission

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
    return KafkaIntake(Settings(), nothing, nothing, nothing, senders=nothing, rereading=Rereading(nothing))


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

    def paused(self) -> set[TopicPartition]:
        """None."""
        return set()

    def pause(self, *_partitions: TopicPartition) -> None:
        """Nothing to see."""

    def resume(self, *_partitions: TopicPartition) -> None:
        """Nothing to see."""


async def test_offsets_of_a_log_that_is_gone_never_count_again(
    intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> Sight:
        return Sight({AT: 0}, {})

    opened = asyncio.Event()

    async def before() -> None:
        await opened.wait()
        await _taken(intake, range(900, 1000))

    consumer = Consumer()
    monkeypatch.setattr(kafka, "look", lost)
    monkeypatch.setattr(KafkaIntake, "consumer", consumer)
    intake._under_way = asyncio.create_task(before())
    looking = asyncio.create_task(intake._look())
    await asyncio.wait([looking], timeout=0.05)
    assert consumer.sought == []
    opened.set()
    await looking
    assert consumer.sought == [(AT, 0)]
    assert intake._recorded == {AT: 0}


# --- whether it makes progress ---


async def _seen(intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch, behind: dict[TopicPartition, int]) -> None:
    async def look(*_: object) -> Sight:
        return Sight({}, behind)

    monkeypatch.setattr(kafka, "look", look)
    monkeypatch.setattr(KafkaIntake, "consumer", Consumer())
    await intake._look()


async def test_who_has_nothing_to_do_makes_progress(intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch) -> None:
    intake._progressed -= 100
    assert intake.idle_for() == 0
    await _seen(intake, monkeypatch, {})
    await _seen(intake, monkeypatch, {AT: 7})
    assert intake.behind() == 7
    assert intake.idle_for() < 50


async def test_records_that_nobody_reads_are_no_progress(intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch) -> None:
    await _seen(intake, monkeypatch, {AT: 7})
    intake._progressed -= 100
    await _seen(intake, monkeypatch, {AT: 9})
    assert intake.idle_for() >= 100
    await _taken(intake, range(3))
    assert intake.idle_for() < 50


async def test_a_batch_that_is_never_recorded_is_no_progress(
    intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = asyncio.Event()

    async def waiting(_: Any, records: Sequence[Record], queued: asyncio.Event) -> Sequence[Record]:  # noqa: ANN401
        queued.set()
        await opened.wait()
        return records

    monkeypatch.setattr(KafkaIntake, "_append", waiting)
    monkeypatch.setattr(KafkaIntake, "consumer", Consumer())
    intake._progressed -= 100
    handling = asyncio.create_task(intake._handle(cast("Any", SimpleNamespace(raw_message=[_record(0)]))))
    await asyncio.sleep(0.01)
    assert intake.idle_for() < 50, "the batch has only just come"
    intake._progressed -= 100
    await _seen(intake, monkeypatch, {})
    assert intake.idle_for() >= 100
    opened.set()
    await handling
    assert intake.idle_for() == 0


async def test_a_partition_that_waits_says_why_and_is_no_lack_of_progress(
    intake: KafkaIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KafkaIntake, "consumer", Consumer())
    intake._hold_back(AT, 4, "shard 3 is read-only: it is ahead")
    await _seen(intake, monkeypatch, {AT: 7})
    intake._progressed -= 100
    assert intake.idle_for() == 0
    assert intake.behind() == 0
    assert intake.waits() == {"chengzhang.actions/0": "shard 3 is read-only: it is ahead"}
    intake._resume(AT)
    assert intake.waits() == {}
    assert intake.idle_for() >= 100


@pytest.fixture
async def recorder(intake: KafkaIntake) -> Recorder:
    found = Recorder(*cast("tuple[Any, Any, Any, Any]", (None, None, None, None)))
    assert found.ready() == (False, {"status": "starting"})
    relay = SimpleNamespace(lag=lambda: 0, progressed=-100, reasons={0: None, 3: "ahead"}, silent_for=lambda: 0)
    found._parts = cast("Any", SimpleNamespace(intake=intake, relay=relay))
    return found


async def test_readiness_ends_with_the_databases_answers(recorder: Recorder) -> None:
    relay = cast("Any", recorder._parts).relay
    relay.silent_for = lambda: 6
    well, told = recorder.ready()
    assert (well, told["status"], told["stuck"]) == (False, "stuck", ["database"])
    relay.silent_for = lambda: 1
    assert recorder.ready()[0]


@pytest.mark.parametrize(("intake_idle", "relay_lag", "stuck"), [(0, 0, []), (31, 0, ["intake"]), (0, 1, ["relay"])])
async def test_readiness_is_the_progress_of_intake_and_relay(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, intake_idle: int, relay_lag: int, stuck: list[str]
) -> None:
    parts = cast("Any", recorder._parts)
    monkeypatch.setattr(parts.intake, "idle_for", lambda: intake_idle)
    parts.relay.lag = lambda: relay_lag
    recorder._published -= 100
    well, told = recorder.ready()
    assert well is not bool(stuck)
    assert told["stuck"] == stuck
    assert told["status"] == ("stuck" if stuck else "ready")
    assert told["read_only_shards"] == [3]


async def test_what_is_new_after_a_long_rest_is_not_late(recorder: Recorder) -> None:
    relay = cast("Any", recorder._parts).relay
    recorder._published -= 100
    assert recorder.ready()[0]
    relay.lag = lambda: 1
    assert recorder.ready()[0]
    recorder._published -= 100
    assert not recorder.ready()[0]
    relay.progressed = asyncio.get_running_loop().time()
    assert recorder.ready()[0]


async def test_what_its_shard_closed_under_is_tried_again_and_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shard was open when the batch went into its queue. Nothing of it may count as read."""
    why, tried = Closed("shard 0 is read-only"), list[int]()
    submission = Submission("o-1", "/a", "1", "t", b"", b"", Grant("a", "publisher"))

    class Closing:
        def closed(self, _: str) -> Closed | None:
            return why if tried else None

        def enqueue(self, submissions: Sequence[Submission]) -> list[Any]:
            tried.append(len(submissions))
            return []

        async def collect(self, count: int, _: list[Any]) -> list[Closed]:
            return [why] * count

    def sent(_: Sequence[Record], read: Sequence[Any]) -> Sequence[Any]:
        return read

    async def prepared(read: Sequence[Any], _: Any) -> list[Submission]:  # noqa: ANN401
        return [submission for _ in read]

    monkeypatch.setattr(kafka, "prepare_apart", prepared)
    monkeypatch.setattr(KafkaIntake, "consumer", Consumer())
    nothing: Any = None
    more: dict[str, Any] = {"senders": SimpleNamespace(sent=sent), "rereading": Rereading(nothing)}
    intake = KafkaIntake(Settings(), cast("Any", Closing()), nothing, nothing, **more)
    await asyncio.wait_for(_taken(intake, range(2)), 30)
    assert tried == [2, 0]
    assert intake._recorded == {}
    assert intake._held == {AT: 0}
