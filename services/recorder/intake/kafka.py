"""The intake from Kafka: at least once by Kafka's committed offsets, exactly once by receipts.

A batch is read, prepared and recorded, the shards side by side; its offsets are committed when all of it has receipts
or is quarantined, never before. While one waits for the ledger the next is read: it goes into the shards' queues behind
it, and its offsets count only after its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, UnknownMemberIdError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaMessage as Message

from services.common.faults import fault
from services.common.kafka import actions, patch
from services.common.settings import Settings
from services.common.tokens.grants import GrantsError
from services.recorder.background import Background, repeated
from services.recorder.intake.from_kafka.places import committed_places, look
from services.recorder.intake.from_kafka.quarantine import Quarantine
from services.recorder.intake.from_kafka.record import Record, Records, read_records
from services.recorder.intake.from_kafka.rereading import Rereading
from services.recorder.intake.from_kafka.senders import Senders
from services.recorder.intake.parsing import Unreadable, failed
from services.recorder.intake.sealing import prepare_apart
from services.recorder.kafka import topics
from services.recorder.ledger.appending.appender import Appender
from services.recorder.ledger.database import TRANSIENT
from services.recorder.ledger.submission import Closed, Submission, Unrecordable
from services.recorder.vault.vault import Vault

Log: Final = structlog.get_logger("intake")
RECORDS_AT_ONCE: Final = 1500
SMALL_BATCH: Final = 200  # records; after a smaller one the intake waits a little, so that the next ones share commits
GATHER: Final = 0.015  # seconds
COMMIT_EVERY: Final = 0.2  # seconds: to commit the offsets of every small batch cost Kafka as much as the batch
LOOK_EVERY: Final = 2.0  # seconds: whether the log still has what is to be read next
SEEK_AGAIN: Final = 0.5  # seconds
HELD_BACK: Final = 10.0  # seconds until a partition with an action for a read-only shard is tried again


Understood = tuple[Record, Submission | Unreadable]  # a record, and what it asks for, or why that can't be told


class KafkaIntake(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types for it
    """Reads the actions topics into the append."""

    def __init__(
        self,
        settings: Settings,
        appender: Appender,
        vault: Vault,
        quarantine: Quarantine,
        *,
        senders: Senders,
        rereading: Rereading,
    ) -> None:
        """Subscribe nothing yet."""
        self._settings = settings
        self._group = f"{settings.topic_prefix}-recorder"
        self._appender = appender
        self._vault = vault
        self._quarantine = quarantine
        self._rereading = rereading
        self._senders = senders
        self._under_way: asyncio.Task[None] | None = None  # the batch that waits for the ledger
        self._recorded: dict[TopicPartition, int] = {}  # offsets to commit
        self._held: dict[TopicPartition, int] = {}  # records that wait: nothing behind them counts
        self._beside = Background()
        self._subscriber: Any = None
        self._reasons: dict[TopicPartition, str] = {}  # why they wait
        self._behind: Mapping[TopicPartition, int] = {}  # records to be read, at the last look
        self._progressed = asyncio.get_running_loop().time()  # or there was nothing to do

    def subscribe(self, broker: KafkaBroker) -> None:
        """Put the handler onto the broker."""
        patch.install()
        self._subscriber = broker.subscriber(
            pattern=actions.pattern(self._settings),
            group_id=self._group,
            batch=True,
            max_records=RECORDS_AT_ONCE,
            batch_timeout_ms=500,
            auto_offset_reset="none",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            listener=self,
            heartbeat_interval_ms=1000,  # how soon this one learns that another came or went
            session_timeout_ms=6000,  # how long Kafka believes in one that was killed: the least that brokers allow
            parser=_whole,
            decoder=_undecoded,
            fetch_max_bytes=4 * 1024 * 1024,  # what waits in memory is what a fetch brings
            max_partition_fetch_bytes=512 * 1024,
        )
        self._subscriber(self._handle)

    async def begin(self) -> None:
        """Commit where to begin where no offset is known, or none that the log has; then what is recorded, at times.

        A fetch without an offset costs the consumer five seconds, and the longer nobody looks, the likelier has a log
        that was cut off grown beyond the old offset.
        """
        partitions = await topics.intake_places(self._settings)
        consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
            **topics.login(self._settings), group_id=self._group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign(partitions)
            places = await committed_places(consumer, partitions, self._quarantine)
            if news := {tp: place for tp, (place, is_news) in places.items() if is_news}:
                await consumer.commit(news)
        except (CommitFailedError, UnknownMemberIdError, IllegalStateError):
            Log.info("offsets-begun-by-another")
        finally:
            await consumer.stop()
        expected = (KafkaError, *TRANSIENT)
        committing = repeated(self._commit, COMMIT_EVERY, Log, ("offsets-not-committed",) * 2, *expected, at_once=False)
        looking = repeated(self._look, LOOK_EVERY, Log, ("look-retried",) * 2, *expected, at_once=False)
        self._beside.begin("intake-offsets", committing)
        self._beside.begin("intake-places", looking)

    async def stop(self) -> None:
        """Commit what was recorded; called before the consumer leaves."""
        await self._beside.stop()
        await self._commit()
        if self._under_way is not None:
            self._under_way.cancel()  # not acknowledged, so it comes again

    @property
    def consumer(self) -> AIOKafkaConsumer[bytes, bytes]:
        """The consumer under FastStream's subscriber."""
        consumer: AIOKafkaConsumer[bytes, bytes] | None = self._subscriber.consumer
        if consumer is None:
            raise IllegalStateError
        return consumer

    def behind(self) -> int:
        """How many records there were to be read a moment ago, without partitions that wait."""
        return sum(count for partition, count in self._behind.items() if partition not in self._reasons)

    def waits(self) -> dict[str, str]:
        """Partitions that wait for a read-only shard, and why."""
        return {f"{tp.topic}/{tp.partition}": reason for tp, reason in sorted(self._reasons.items())}

    def idle_for(self) -> float:
        """Seconds since something was recorded, or nothing was to be; what waits is no work."""
        return asyncio.get_running_loop().time() - self._progressed if self._busy() else 0.0

    def _busy(self) -> bool:
        return self.behind() > 0 or (self._under_way is not None and not self._under_way.done())

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Go on from the committed offset; without one, or where the log doesn't have it, from the beginning."""
        if not assigned:
            return None
        while True:  # aiokafka only logs what a listener raises, and would then never read these partitions
            try:
                return await self._seek(assigned)
            except (KafkaError, *TRANSIENT) as error:
                Log.warning("seek-retried", error=type(error).__name__)
                await asyncio.sleep(SEEK_AGAIN)

    async def _seek(self, assigned: Sequence[TopicPartition]) -> None:
        await self._rereading.begin()
        places = await committed_places(self.consumer, assigned, self._quarantine)
        for partition, (place, news) in places.items():
            self.consumer.seek(partition, place)
            if news:
                self._recorded[partition] = place

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:  # noqa: ARG002
        """Finish what is under way, so that the next owner begins behind it.

        If that takes too long, receipts sort it out.
        """
        if self._under_way is not None:
            await asyncio.wait([self._under_way], timeout=5)
        await self._commit()
        self._recorded.clear()
        self._held.clear()
        self._reasons.clear()

    async def _handle(self, message: KafkaMessage) -> None:
        """Take a batch on; back when the one before it is recorded and this one is in the shards' queues.

        A small one is recorded first, and then others gather: at a steady pace few commits matter more than haste.
        They gather at the broker: fetched ahead, the first of them would come alone, and the others one turn later.
        """
        records: Records = message.raw_message  # a batch subscriber's raw message is a tuple
        if len(records) < SMALL_BATCH:
            with self._fetching_nothing():  # before anything is awaited
                await asyncio.wait([await self._taken(records)])
                await asyncio.sleep(GATHER)
        else:
            await self._taken(records)

    @contextlib.contextmanager
    def _fetching_nothing(self) -> Iterator[None]:
        waiting = self.consumer.assignment() - self.consumer.paused()
        self.consumer.pause(*waiting)
        try:
            yield
        finally:
            self.consumer.resume(*(waiting & self.consumer.assignment() - self._reasons.keys()))

    async def _taken(self, records: Records) -> asyncio.Task[None]:
        before, queued = self._under_way, asyncio.Event()
        if not self._busy():
            self._progressed = asyncio.get_running_loop().time()  # work begins now
        self._under_way = under_way = asyncio.create_task(self._record(records, queued, before), name="intake-batch")
        under_way.add_done_callback(lambda _: queued.set())
        await queued.wait()
        if before is not None:
            await asyncio.wait([before])
        return under_way

    async def _record(self, records: Records, queued: asyncio.Event, before: asyncio.Task[None] | None) -> None:
        """Record one batch, however often it takes; then, behind the one before, its offsets may be committed."""
        while True:
            try:
                recorded = await self._append(records, queued)
                break
            except GrantsError as error:  # nobody can tell whose they are: they wait
                Log.error("grants-not-readable", reason=str(error))
                await asyncio.sleep(1)
            except Exception:  # noqa: BLE001  # nothing is dropped: logged, then the same batch again
                Log.exception("intake-retried")
                await asyncio.sleep(1)
        if before is not None:
            await before
        for record in recorded:
            partition = _partition(record)
            reread = self._rereading.covers(partition, record.offset + 1)
            if not reread and record.offset < self._held.get(partition, record.offset + 1):
                self._recorded[partition] = record.offset + 1
        self._progressed = asyncio.get_running_loop().time()

    async def _append(self, records: Records, queued: asyncio.Event) -> Records:
        """Append the records, in order; those that were, without what waits behind a read-only shard."""
        read = await read_records(records)
        meanings = await prepare_apart(self._senders.sent(records, read), self._vault)
        taken = self._without_held_back(list(zip(records, meanings, strict=True)))
        for record, meaning in taken:
            if isinstance(meaning, Unreadable):
                await self._quarantine.keep(record, meaning)
        submitted = [
            (record, meaning)
            for record, meaning in taken
            if isinstance(meaning, Submission) and not self._rereading.answered(record, meaning)
        ]
        parts = self._appender.enqueue([submission for _, submission in submitted])
        queued.set()
        outcomes = await self._appender.collect(len(submitted), parts)
        if any(isinstance(outcome, Closed) for outcome in outcomes):  # found while it waited: again, without these
            return await self._append(records, queued)
        for (record, _), outcome in zip(submitted, outcomes, strict=True):
            if isinstance(outcome, Unrecordable):
                await self._quarantine.keep(record, failed(outcome.error))
        return [record for record, _ in taken]

    def _without_held_back(self, understood: Sequence[Understood]) -> Sequence[Understood]:
        """All but those from the first one on, in each partition, that is for a read-only shard.

        These partitions pause and go back to that record, so that nothing is lost and the other offices' go on.
        """
        held: dict[TopicPartition, tuple[int, str]] = {}
        for record, meaning in understood:
            partition = _partition(record)
            if partition in held or isinstance(meaning, Unreadable):
                continue
            if closed := self._appender.closed(meaning.office):
                at = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
                Log.error("intake-waits", **at, reason=closed.reason)
                held[partition] = record.offset, closed.reason
        for partition, (offset, reason) in held.items():
            self._hold_back(partition, offset, reason)
        return [
            (record, meaning)
            for record, meaning in understood
            if (until := held.get(_partition(record))) is None or record.offset < until[0]
        ]

    def _hold_back(self, partition: TopicPartition, offset: int, reason: str) -> None:
        self._reasons[partition] = reason
        self._held[partition] = min(offset, self._held.get(partition, offset))
        if partition in self.consumer.assignment():
            self.consumer.pause(partition)
            self.consumer.seek(partition, offset)
            asyncio.get_running_loop().call_later(HELD_BACK, self._resume, partition)

    def _resume(self, partition: TopicPartition) -> None:
        """Try a paused partition again."""
        self._held.pop(partition, None)
        self._reasons.pop(partition, None)
        with contextlib.suppress(IllegalStateError):
            if partition in self.consumer.assignment():
                self.consumer.resume(partition)

    async def _look(self) -> None:
        """See what there is to do, and go back where the log lost what is to be read next.

        FastStream waits five seconds at each fetch that fails, for all partitions: one must not stay like that.
        """
        lost, self._behind = await look(self.consumer, self._quarantine)
        if not self._busy():
            self._progressed = asyncio.get_running_loop().time()
        if lost and self._under_way is not None:
            await asyncio.wait([self._under_way])  # it may hold records from before, whose offsets must not count later
        for partition, place in lost.items():
            if partition in self.consumer.assignment():
                self.consumer.seek(partition, place)
                self._held.pop(partition, None)
                self._recorded[partition] = place

    async def _commit(self) -> None:
        offsets, self._recorded = self._recorded, {}
        if not offsets:
            return
        fault("before-offset")
        try:
            assigned = self.consumer.assignment()
            ours = {tp: offset for tp, offset in offsets.items() if tp in assigned}
            if ours:
                await self.consumer.commit(ours)
                await self._rereading.passed(ours)
        except (CommitFailedError, IllegalStateError, KafkaError, *TRANSIENT) as error:
            # Kafka is away, or the partition went to another recorder: then it is read again there, and receipts tell.
            self._recorded = offsets | self._recorded
            Log.warning("offsets-not-committed", error=type(error).__name__)
        fault("after-offset")


def _partition(record: Record) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


# Exactly one parameter each: FastStream takes a second one for the default parser, and loses the batch where that
# surprises.


async def _whole(message: Any) -> Any:  # noqa: ANN401  # FastStream's own types
    """A parser that cannot raise.

    The records as they came (the default one decodes headers and loses the batch on a bad one).
    """
    first, last = message[0], message[-1]
    return Message(
        body=b"",
        headers={},
        raw_message=message,
        message_id=f"{first.offset}-{last.offset}",
        correlation_id="",
        consumer=None,  # type: ignore[arg-type]  # offsets are committed by us
    )


async def _undecoded(message: Any) -> Any:  # noqa: ANN401  # FastStream's own types
    """A decoder that cannot raise: the handler gets the message itself."""
    return message
