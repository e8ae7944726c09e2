"""From Kafka to the engine, in order, with the cursor in PostgreSQL as the only truth about how far we came.

Kafka's own offsets aren't used. Whenever the two may differ (partitions assigned, a batch refused, nothing moving
though there is something to read), the partition is sought to the cursor again: that is the one remedy for everything.
While a batch is folded, the next one is fetched and parsed.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage

from services.common.kafka import patch
from services.common.kafka.broker import broker
from services.common.kafka.macs import Record, Strangers
from services.common.settings import Settings
from services.common.telling.log import raised
from services.projector import settings as limits
from services.projector.database import TRANSIENT
from services.projector.following.batch import Slice, by_shard
from services.projector.following.engine import Engine, Outcome
from services.projector.following.marks import macs_of
from services.projector.following.progress import BATCH_SECONDS, FOREIGN, RETRIES, Progress
from services.projector.following.topic import FETCHING, Reading, created, readings

_BACKOFF: Final = (0.1, 0.3, 1.0, 2.0)
_SEEK_PAUSE: Final = 0.2  # a gap that stays must not become a busy loop
_log = structlog.get_logger(__name__)


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Reads the events topic and has the engine fold it."""

    def __init__(self, settings: Settings, engine: Engine, progress: Progress) -> None:
        patch.install()
        self._settings = settings
        self._shards = settings.shards
        self._topic = settings.topic("events")
        self._engine = engine
        self._progress = progress
        self._macs = macs_of(settings)
        self._strangers: dict[int, Strangers] = {}  # not told yet
        self._readings: dict[int, Reading] = {}
        self._assigned: set[int] = set()
        self._astray: dict[int, bool] = {}  # shards to seek; whether the offset hint may be trusted
        self._wake = asyncio.Event()
        self._folding: asyncio.Task[None] | None = None
        self._pause, self._again = limits.HALTED_SECONDS, 0.0  # until halted shards are looked at again; when
        self.broker = broker(
            settings,
            limits.NAME,
            apply_types=False,
            allow_auto_create_topics=False,
            metadata_max_age_ms=limits.METADATA_MS,
            graceful_timeout=10.0,
        )
        self._subscriber = self.broker.subscriber(
            self._topic,
            group_id=limits.consumer_name(settings),
            batch=True,
            max_records=limits.MAX_RECORDS,
            batch_timeout_ms=limits.FOREVER_MS,
            **FETCHING,
            session_timeout_ms=limits.SESSION_MS,
            heartbeat_interval_ms=limits.SESSION_MS // 3,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            listener=self,
        )
        self._subscriber(self._take, parser=_unparsed, decoder=_undecoded)

    @property
    def _kafka(self) -> AIOKafkaConsumer:
        return self._subscriber.consumer

    def _partition(self, shard: int) -> TopicPartition:
        return TopicPartition(self._topic, shard)

    async def run(self) -> None:
        """Consume until cancelled. Survives the loss of PostgreSQL and of Kafka."""
        try:
            await self._start()
            self._progress.running = True
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._seek_astray())
                tasks.create_task(self._watch())
        finally:
            self._progress.running = False
            await self._stop()

    async def _start(self) -> None:
        for delay in _delays():
            try:
                await created(self._settings, self._topic, self._shards)
                await self.broker.start()
            except (KafkaError, OSError) as error:
                _log.warning("kafka-unreachable", raised=raised(error))
                await self.broker.stop()
                await asyncio.sleep(delay)
            else:
                return

    async def _stop(self) -> None:
        with suppress(KafkaError, OSError):
            await self.broker.stop()
        if self._folding is not None:
            self._folding.cancel()
            await asyncio.wait([self._folding])
        await self._engine.close()

    # --- partitions come and go ---

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Read nothing until the cursor is known. Without any position, aiokafka would report that there is none."""
        shards = {partition.partition for partition in assigned}
        for shard in shards:
            self._kafka.pause(self._partition(shard))
            self._kafka.seek(self._partition(shard), 0)
        self._assigned = shards
        self._readings.clear()
        self._progress.halted.clear()
        self._lose(shards)
        _log.info("shards-assigned", shards=sorted(shards))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget them. A batch in flight is left to the cursor, which refuses it where another projector was faster."""
        del revoked
        self._assigned.clear()
        self._readings.clear()

    def _lose(self, shards: Iterable[int], *, hint: bool = True) -> None:
        for shard in shards:
            self._astray[shard] = hint and self._astray.get(shard, True)
            if self._readings.pop(shard, None) is not None:
                self._kafka.pause(self._partition(shard))
        self._wake.set()

    async def _seek_astray(self) -> None:
        """Seek what went astray to its cursor, for as long as it takes."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for delay in _delays():
                try:
                    await self._seek()
                    break
                except (*TRANSIENT, KafkaError) as error:
                    _log.warning("seek-failed", raised=raised(error))
                    await asyncio.sleep(delay)
            await asyncio.sleep(_SEEK_PAUSE)

    async def _seek(self) -> None:
        wanted = {shard: hint for shard, hint in self._astray.items() if shard in self._assigned}
        if not wanted:
            self._astray.clear()
            return
        places = {self._partition(shard): hint for shard, hint in wanted.items()}
        for place, reading in (await readings(self._kafka, self._engine, self._macs, places)).items():
            shard, cursor = place.partition, reading.cursor
            self._astray.pop(shard, None)
            if shard in self._assigned:
                self._readings[shard] = reading
                self._progress.stands(shard, cursor.next, cursor.error)
                self._kafka.seek(place, reading.offset)
                self._kafka.resume(place)
                _log.info("shard-sought", shard=shard, next=cursor.next, offset=reading.offset, end=reading.end)

    # --- batches ---

    async def _take(self, records: Any) -> None:  # noqa: ANN401  # FastStream makes a pydantic model of what stands here
        """FastStream's handler: have a large batch folded while the next is fetched; after a small one others gather.

        They gather at the broker: fetched ahead, the first of them would come alone, and the others one turn later.
        """
        if len(records) >= limits.FEW:
            await self._begin(records)
            return
        self._kafka.pause(*map(self._partition, self._readings))  # before anything is awaited
        try:
            await self._begin(records)
            if self._folding is not None:
                await asyncio.wait([self._folding])
            await asyncio.sleep(limits.GATHER_SECONDS)
        finally:
            self._kafka.resume(*map(self._partition, self._readings))

    async def _begin(self, records: list[Record]) -> None:
        """Parse, wait for the batch before, have this one folded."""
        self._progress.busy()
        before = dict(self._readings)
        slices = [await self._parse(shard, part) for shard, part in by_shard(records).items() if shard in before]
        if self._folding is not None:
            await asyncio.wait([self._folding])
        # What was sought meanwhile is read anew.
        current = [s for s in slices if s is not None and self._readings.get(s.shard) is before[s.shard]]
        strangers, self._strangers = self._strangers, {}
        self._folding = asyncio.create_task(self._fold(current, strangers)) if current or strangers else None

    async def _parse(self, shard: int, records: list[Record]) -> Slice | None:
        reading = self._readings.get(shard)
        if reading is None:
            return None
        slice_ = await reading.take(records)
        if (strangers := reading.marks.taken()).count:
            self._strangers[shard] = strangers
        if slice_ is None:
            if self._readings.get(shard) is reading:
                self._lose([shard], hint=False)
            return None
        reading.expected, reading.tail = slice_.end, slice_.tail
        mended = shard in self._progress.halted and slice_.before is not None
        return slice_ if slice_.facts or slice_.broken is not None or slice_.gap or mended else None

    async def _fold(self, slices: list[Slice], strangers: Mapping[int, Strangers]) -> None:
        for delay in _delays():
            try:
                began = time.monotonic()
                for shard, count in (await self._engine.tell(strangers)).items():
                    FOREIGN.labels(shard).inc(count)
                outcomes = await self._engine.apply(slices)
            except TRANSIENT as error:
                _log.warning("batch-postponed", raised=raised(error), sqlstate=getattr(error, "sqlstate", None))
                RETRIES.inc()
                await asyncio.sleep(delay)
            except Exception as error:  # noqa: BLE001  # a fault of ours: said, and read again
                _log.error("batch-failed", raised=raised(error))
                await asyncio.sleep(delay)
                self._lose(slice_.shard for slice_ in slices)
                return
            else:
                BATCH_SECONDS.observe(time.monotonic() - began)
                for outcome in outcomes:
                    self._settle(outcome)
                return

    def _settle(self, outcome: Outcome) -> None:
        cursor = outcome.cursor
        self._progress.stands(cursor.shard, cursor.next, cursor.error if outcome.halted else None, outcome.applied)
        if outcome.applied or outcome.halted:
            self._progress.idle()
        reading = self._readings.get(cursor.shard)
        if reading is None:
            return
        if outcome.halted:
            self._kafka.pause(self._partition(cursor.shard))
            del self._readings[cursor.shard]
        elif outcome.behind:
            _log.warning("batch-refused", shard=cursor.shard, next=cursor.next)
            self._lose([cursor.shard], hint=outcome.applied > 0)
        elif cursor.next > reading.expected:
            reading.expected, reading.tail = cursor.next, None
            self._lose([cursor.shard])

    # --- when nothing moves ---

    async def _watch(self) -> None:
        """Compare where we read with the cursors, seek what differs: after a rebuild, on a recreated topic."""
        before: dict[int, tuple[int, int]] = {}
        while True:
            try:
                before = await self._look(before)
                if self._due():
                    self._lose(set(self._progress.halted) & self._assigned - self._readings.keys())
                self._progress.watched()
            except (*TRANSIENT, KafkaError) as error:
                _log.warning("watch-failed", raised=raised(error))
            await asyncio.sleep(limits.WATCH_SECONDS)

    def _due(self) -> bool:
        """Whether halted shards are looked at again, ever more seldom: a topic that was mended needs no restart."""
        now = time.monotonic()
        if not self._progress.halted:
            self._pause, self._again = limits.HALTED_SECONDS, now + limits.HALTED_SECONDS
        elif due := now >= self._again:
            self._again, self._pause = now + self._pause, min(2 * self._pause, limits.HALTED_AT_MOST)
            return due
        return False

    async def _look(self, before: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
        """Seek the shards that stand at a wrong place and haven't moved since the last look, and those halted no more.

        Gives those that are not where they should be: their cursor and the offset that comes next.
        """
        readings = dict(self._readings)
        cursors = await self._engine.cursors()
        ends = await self._kafka.end_offsets([self._partition(shard) for shard in readings])
        now: dict[int, tuple[int, int]] = {}
        for shard, reading in readings.items():
            async with asyncio.timeout(1):  # not wait_for, which can lose a cancellation (until Python 3.12)
                at = await self._kafka.position(self._partition(shard))
            if at != ends[self._partition(shard)] or cursors[shard].next != reading.expected:
                now[shard] = cursors[shard].next, at
        self._lose(
            s for s in self._assigned - self._readings.keys() - self._astray.keys() if cursors[s].state == "live"
        )
        if not now:
            self._progress.idle()
        if self._folding is not None and not self._folding.done():
            return {}
        astray = [s for s, stand in now.items() if before.get(s) == stand and self._readings.get(s) is readings[s]]
        if astray:
            _log.warning("shards-astray", shards=astray)
            self._lose(astray)
        return {} if astray else now


async def _unparsed(records: Sequence[Record]) -> KafkaMessage:
    """FastStream's own parser decodes every header and loses the batch at a bad one: hand the records through."""
    return KafkaMessage(raw_message=records, body=b"", consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> Any:  # noqa: ANN401  # FastStream's type
    return message.raw_message


def _delays() -> Iterable[float]:
    """Seconds to wait after each failure, without end."""
    return chain(_BACKOFF, repeat(_BACKOFF[-1]))
