"""The relay: ledger → Kafka. Every position at least once, first occurrences in order, no hole.

One lease a shard (a PostgreSQL advisory lock), one batch in flight a lane (a shard's events, or its receipts). A lane
resumes from the last record that the topic holds; on any doubt (an error, an offset that doesn't follow, a lost lease)
it throws the producer away and reads back. A lease doesn't fence Kafka, and need not: what a late producer adds are
repeats, never a hole.

Events go first: a receipt is published once its events are, so that whatever was answered there can be had again from
the topics, should the ledger be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import orjson
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.common.faults import fault
from services.common.settings import Settings
from services.common.telling.both import Both
from services.recorder.background import Background, repeated
from services.recorder.errors import Doubt, RecorderError
from services.recorder.kafka import sending, topics
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.sending import Producer, Record
from services.recorder.kafka.tails import tails
from services.recorder.ledger import mode
from services.recorder.ledger.appending.deciding import Batch
from services.recorder.ledger.database import QUERIES, TRANSIENT, Connection, Ledger, Pool
from services.recorder.metrics import DOUBTS, READ_ONLY, RELAYED
from services.recorder.trust import strangers
from services.recorder.trust.history import check, check_tail

Log: Final = structlog.get_logger("relay")
LARGEST_KEPT_BYTES: Final = 3_000_000  # of a lane's committed records; beyond it they are read from the ledger
KEPT_BYTES: Final = 48_000_000  # of all lanes
LOOK_EVERY: Final = 1.0  # seconds between looks at the ledger and at who waits for a lease, where nobody says anything
SHARE_EVERY: Final = 0.05  # seconds until more leases are taken, as long as there are free ones
CHANNEL: Final = "chengzhang_committed"  # of NOTIFY: something was committed that another recorder publishes
READ_AT_ONCE: Final = 500
LOOK_AGAIN: Final = 5.0  # seconds between looks at a read-only shard
_WRITES_NOTHING: Final = {"synchronous_commit": "off"}  # whoever tells others has no need to wait for the disk
_LONGEST: Final = 120.0  # seconds for one batch, where the broker is slow
_SHARE: Final = 4  # of the leases that are free, a fourth is taken at a time
LEASE_CLASS: Final = 0x6C61  # advisory locks: (class, shard)


@dataclass(slots=True)
class Lane:
    """A shard's way to one topic.

    ``next`` is the position or receipt number to publish, ``offset`` where the topic will put it. Of receipts,
    ``events`` is the lane that goes first; ``moved`` is set where a lane has come further. ``patience``: seconds that
    it gives the broker, twice as many after each time that they were too few.
    """

    kind: str
    shard: int
    topic: str
    events: Lane | None = None
    next: int = -1
    offset: int = -1
    size: int = 0
    kept: list[tuple[int, list[Record]]] = field(default_factory=list)
    kept_bytes: int = 0
    most: int = LARGEST_KEPT_BYTES
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    patience: float = sending.PATIENCE

    @property
    def known(self) -> bool:
        """Whether the topic's end was read back, and nothing has put it in doubt since."""
        return self.next >= 0

    def doubt(self) -> None:
        """Forget what was known of the topic's end."""
        self.next = -1
        self.forget()

    def forget(self) -> None:
        """Drop the records that are kept at hand; the ledger has them."""
        self.kept.clear()
        self.kept_bytes = 0

    def offer(self, first: int, records: list[Record]) -> None:
        """Keep what was just committed at hand, so that the ledger need not be read for it."""
        self.size = max(self.size, first + len(records))
        self.kept_bytes += sum(len(value) for _, value in records)
        self.kept.append((first, records))
        if self.kept_bytes > self.most or not self.known:
            self.forget()
        self.wake.set()

    def take(self) -> list[Record]:
        """The kept records from ``next`` on, if they are there without a gap."""
        taken: list[Record] = []
        while self.kept and self.kept[0][0] <= self.next + len(taken):
            first, records = self.kept.pop(0)
            taken.extend(records[self.next + len(taken) - first :])
        self.kept_bytes = sum(len(value) for _, records in self.kept for _, value in records)
        return taken

    async def reached(self, size: int) -> None:
        """Wait until this lane's topic is known to hold all before ``size``."""
        while not self.known or self.next < size:
            self.moved.clear()
            await self.moved.wait()


class Relay:
    """All lanes of the shards whose lease this process holds."""

    def __init__(self, pool: Pool, ledger: Ledger, settings: Settings, reasons: dict[int, Both | None]) -> None:
        """Hold no lease yet. ``reasons``: why a shard is read-only; the relay adds what it finds."""
        self._pool = pool
        self._ledger = ledger
        self._settings = settings
        self._macs = macs_of(settings)
        self._lanes: dict[int, tuple[Lane, Lane]] = {}
        self._tasks: dict[int, list[asyncio.Task[None]]] = {}
        self._producer: Producer | None = None
        self._producer_lock = asyncio.Lock()
        self._main = Background()
        self._noted: dict[int, tuple[int, int]] = {}
        self.reasons = reasons
        READ_ONLY.set_function(lambda: sum(reason is not None for reason in reasons.values()))
        self._woken = asyncio.Event()
        self._others = False  # committed something that others publish, and didn't tell them yet
        self._shared = -LOOK_EVERY  # when leases were last taken, or handed over
        self.progressed = self._looked = asyncio.get_running_loop().time()

    # --- what the append tells it ---

    def committed(self, batch: Batch) -> None:
        """Keep a committed batch at hand for its lanes."""
        lanes = self._lanes.get(batch.head.shard)
        if lanes is None:
            self._others = True
            self._woken.set()
            return
        events, receipts = lanes
        if batch.events:
            events.offer(batch.events[0][1], [(row[3].encode(), row[7]) for row in batch.events])
        if batch.receipts:
            wrapped = [
                _wrapped(self._ledger.source, row[:2], answered, batch.recorded_time, row[3], row[5])
                for row, answered in zip(batch.receipts, batch.answered, strict=True)
            ]
            receipts.offer(batch.receipts[0][1], wrapped)

    async def went_back(self, shard: int) -> None:
        """Forget what the shard's lanes keep at hand: it is of a history that the ledger no longer has."""
        for lane in self._lanes.get(shard, ()):
            lane.doubt()
            lane.wake.set()
        await self._discard_producer()

    # --- leases ---

    async def start(self) -> None:
        """Begin to hold leases and to publish."""
        noting = repeated(self._note, 0.2, Log, ("progress-not-noted",) * 2, *TRANSIENT)
        told, expected = ("read-only-not-looked-at",) * 2, (KafkaError, RecorderError, *TRANSIENT)
        reconsidering = repeated(self._reconsider, LOOK_AGAIN, Log, told, *expected, at_once=False)
        self._main.begin("relay-leases", self._hold())
        self._main.begin("relay-progress", noting)
        self._main.begin("relay-read-only", reconsidering)

    async def stop(self) -> None:
        """Publish nothing more; the leases go with their connection."""
        await self._main.stop()
        await self._drop_lanes()
        await self._discard_producer()

    async def _hold(self) -> None:
        """Hold what leases can be had, on a connection of their own, for as long as that connection lives."""
        while True:
            try:
                connection = await asyncpg.connect(
                    self._settings.database_url, timeout=10, command_timeout=10, server_settings=_WRITES_NOTHING
                )
            except TRANSIENT as error:
                Log.warning("lease-connection-failed", error=type(error).__name__)
                await asyncio.sleep(0.5)
                continue
            try:
                await self._hold_on(connection)
            except TRANSIENT as error:
                Log.warning("leases-lost", error=type(error).__name__)
            finally:
                await self._drop_lanes()
                connection.terminate()

    async def _hold_on(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        shards = list(range(self._ledger.shards))
        await connection.add_listener(CHANNEL, self._heard)
        free = True
        while True:
            if free or self._shared + LOOK_EVERY <= asyncio.get_running_loop().time():
                self._shared = asyncio.get_running_loop().time()
                await self._hand_over(connection)
                free = await self._take(connection, [shard for shard in shards if shard not in self._lanes])
            await self._look(connection)
            self._looked = asyncio.get_running_loop().time()
            await self._rest(connection, SHARE_EVERY if free else LOOK_EVERY)

    def _heard(self, connection: Any, sender: int, *_: object) -> None:  # noqa: ANN401  # as asyncpg has it
        """Another recorder committed what is ours to publish."""
        if sender != connection.get_server_pid():
            self._woken.set()

    async def _rest(self, connection: asyncpg.Connection[asyncpg.Record], longest: float) -> None:
        """Until something is committed by us that others publish, which they are told, or by them that we publish.

        To be told is to be sooner, no more: who isn't looks every second.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._woken.wait()
        self._woken.clear()
        if self._others:
            self._others = False
            await connection.execute("SELECT pg_notify($1, '')", CHANNEL)

    async def _take(self, connection: asyncpg.Connection[asyncpg.Record], missing: list[int]) -> bool:
        """Take some of the leases there are: so recorders that start together share them. Whether any could be had."""
        if not missing:
            return False
        got = await connection.fetch(
            """
            SELECT shard FROM unnest($2::int[]) AS shard WHERE pg_try_advisory_lock($1, shard) LIMIT $3
            """,
            LEASE_CLASS,
            random.sample(missing, len(missing)),
            -(-len(missing) // _SHARE),
        )
        for record in got:
            self._begin(record["shard"])
        return bool(got)

    async def _hand_over(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Give up the shards whose lease somebody waits for: ``recorder republish``, which fills their topics again."""
        wanted = [shard for shard in await lease_locks(connection, granted=False) if shard in self._lanes]
        if not wanted:
            return
        await self._drop_lanes(wanted)
        await self._discard_producer()  # with whatever was in flight: nothing of ours may come late
        await connection.execute(
            "SELECT pg_advisory_unlock($1, shard) FROM unnest($2::int[]) AS shard", LEASE_CLASS, wanted
        )
        Log.info("leases-handed-over", shards=wanted)

    async def _look(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """See what was committed, by whomever; that the connection answers is what holds the leases."""
        before = {shard: [lane.size for lane in lanes] for shard, lanes in self._lanes.items()}
        async for record in QUERIES.sizes(connection, shards=list(before)):
            sizes = (record["size"], record["next_receipt"])
            for lane, was, size in zip(self._lanes[record["shard"]], before[record["shard"]], sizes, strict=True):
                if size < was == lane.size:
                    lane.doubt()  # the ledger went back: what is kept at hand is not its history any more
                lane.size = size if lane.size == was else max(lane.size, size)  # it moved while we asked
                if not lane.known or lane.next != lane.size:
                    lane.wake.set()

    def _begin(self, shard: int) -> None:
        most = min(LARGEST_KEPT_BYTES, KEPT_BYTES // (2 * self._ledger.shards))
        events = Lane("events", shard, self._settings.topic("events"), most=most)
        lanes = (events, Lane("receipts", shard, self._settings.topic("receipts"), events, most=most))
        self._lanes[shard] = lanes
        self._tasks[shard] = [asyncio.create_task(self._run(lane), name=f"relay-{lane.kind}-{shard}") for lane in lanes]
        Log.debug("lease-held", shard=shard)

    async def _drop_lanes(self, shards: Iterable[int] | None = None) -> None:
        """These shards', or all."""
        dropped = list(self._lanes) if shards is None else list(shards)
        tasks = [task for shard in dropped for task in self._tasks.pop(shard, ())]
        for shard in dropped:
            self._lanes.pop(shard, None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- lanes ---

    async def _run(self, lane: Lane) -> None:
        while True:
            try:
                while not lane.known:
                    await self._read_back(lane)
                await self._publish_waiting(lane)
                await lane.wake.wait()
                lane.wake.clear()
            except (Doubt, KafkaError, *TRANSIENT) as error:
                Log.warning("relay-doubt", topic=lane.topic, shard=lane.shard, error=repr(error)[:200])
                if isinstance(error, TimeoutError):
                    lane.patience = min(2 * lane.patience, _LONGEST)
                await self._start_over(lane)
            except Exception:  # noqa: BLE001  # a lane never ends unnoticed
                Log.exception("relay-failed", topic=lane.topic, shard=lane.shard)
                await self._start_over(lane)

    async def _start_over(self, lane: Lane) -> None:
        """Read back. The producer goes where it was in use: what only could not be read must not hold up the others."""
        DOUBTS.labels(lane.kind).inc()
        if lane.known:
            lane.doubt()
            await self._discard_producer()
        await asyncio.sleep(0.3)

    async def _read_back(self, lane: Lane) -> None:
        """Learn from the topic itself where to go on; a topic that is ahead or differs stops the shard."""
        since = {lane.shard: lane.offset} if lane.offset >= 0 else {}  # whatever came from others meanwhile is told
        tail = (await tails(self._settings, lane.kind, [lane.shard], self._macs, lane.patience, since))[lane.shard]
        async with self._pool.acquire(timeout=10) as connection:
            await strangers.note(connection, lane.topic, {lane.shard: tail.strangers})
            found = await check_tail(connection, self._ledger, lane.kind, lane.shard, tail)
            if found.reason is not None:
                self.reasons[lane.shard] = found.reason  # at once; noted, it holds for every recorder
                await mode.note(connection, {lane.shard: found.reason})
        if found.reason is not None:
            Log.error("shard-read-only", shard=lane.shard, reason=str(found.reason))
            await asyncio.sleep(LOOK_AGAIN)
            return  # and look again; the producer, which the other lanes use, is in no doubt
        lane.offset = tail.end
        lane.forget()
        lane.next = found.next
        lane.moved.set()

    async def _reconsider(self) -> None:
        """Look again at what is read-only, whoever has its lease: what was mended is writable without a restart."""
        closed = [shard for shard, reason in self.reasons.items() if reason is not None]
        if not closed:
            return
        for shard, reason in (await check(self._pool, self._ledger, self._settings, closed)).items():
            self.reasons[shard] = reason
            if reason is None:
                Log.info("shard-writable", shard=shard)

    async def _publish_waiting(self, lane: Lane) -> None:
        while True:
            first = lane.next
            records = lane.take() or await self._read(lane)
            if not records:
                if lane.next > lane.size:
                    message = f"published {lane.next} of {lane.size}: the ledger went back"
                    raise Doubt(message)
                return
            if lane.events is not None:
                await lane.events.reached(lane.events.size)  # committed with these receipts, or before
            while records:
                sent = await self._publish(lane, first, records)
                records, first = records[sent:], first + sent

    async def _read(self, lane: Lane) -> list[Record]:
        if lane.next >= lane.size:
            return []
        async with self._pool.acquire(timeout=10) as connection:
            count = min(READ_AT_ONCE, lane.size - lane.next)  # no more than the other lane knows of, too
            records = await read(connection, self._ledger, lane.kind, lane.shard, lane.next, count)
        if lane.kind == "events" and not records:
            raise Doubt(f"the ledger has no event {lane.shard}:{lane.next}")
        return records

    async def _publish(self, lane: Lane, first: int, records: Sequence[Record]) -> int:
        """Publish what fits into one batch of these records, ``first`` and following, and wait for it; their number."""
        producer = await self._connected()
        _sure(lane, first)
        batch, count = sending.filled(producer, records, first, self._macs.writing(lane.topic, lane.shard))
        if not count:
            message = f"a record of {len(records[0][1])} bytes doesn't fit into a batch"
            raise Doubt(message)
        offset = await sending.sent(producer, batch, TopicPartition(lane.topic, lane.shard), lane.patience)
        fault("after-publish")
        _sure(lane, first)
        if offset != lane.offset:
            message = f"expected offset {lane.offset}, the topic gave {offset}"
            raise Doubt(message)
        lane.next += count
        lane.offset += count
        lane.patience = sending.PATIENCE
        lane.moved.set()
        RELAYED.labels(lane.kind).inc(count)
        self.progressed = asyncio.get_running_loop().time()
        return count

    # --- the producer ---

    async def _connected(self) -> Producer:
        async with self._producer_lock:
            if self._producer is None:
                self._producer = await sending.connected(self._settings)
            return self._producer

    async def _discard_producer(self) -> None:
        """Throw the producer away, with whatever it still holds: what was in flight is read back by every lane."""
        async with self._producer_lock:
            producer, self._producer = self._producer, None
            if producer is None:
                return
            for lanes in self._lanes.values():
                for lane in lanes:
                    lane.doubt()
                    lane.wake.set()
            await topics.let_go(producer)

    # --- progress, for people ---

    def silent_for(self) -> float:
        """Seconds since the database answered last: it is asked all the time."""
        return asyncio.get_running_loop().time() - self._looked

    def lag(self) -> int:
        """How many committed records of held lanes are not published yet."""
        return sum(max(lane.size - lane.next, 0) for lanes in self._lanes.values() for lane in lanes if lane.known)

    async def _note(self) -> None:
        now = {}
        for shard, lanes in self._lanes.items():
            before = self._noted.get(shard)
            if before is not None or all(lane.known for lane in lanes):  # one in doubt stays as it was noted
                reached = [lane.next if lane.known else at for lane, at in zip(lanes, before or (0, 0), strict=True)]
                now[shard] = (reached[0], reached[1])
        moved = {shard: at for shard, at in now.items() if self._noted.get(shard) != at}
        if moved:
            events, receipts = map(list, zip(*moved.values(), strict=True))
            async with self._pool.acquire(timeout=10) as connection:
                await QUERIES.note_relayed(connection, shards=list(moved), events=events, receipts=receipts)
            self._noted |= moved


def _sure(lane: Lane, first: int) -> None:
    """Raise Doubt where the lane was put in doubt since ``first`` was its next: another one threw the producer away."""
    if lane.next != first:
        message = "put in doubt while publishing"
        raise Doubt(message)


async def lease_locks(connection: Connection, *, granted: bool) -> list[int]:
    """The shards whose lease is held in this database; or waited for."""
    rows = await connection.fetch(
        "SELECT DISTINCT objid::int AS shard FROM pg_locks "
        "WHERE locktype = 'advisory' AND granted = $2 AND classid = $1::int::oid "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY shard",
        LEASE_CLASS,
        granted,
    )
    return [row["shard"] for row in rows]


async def read(  # noqa: PLR0917  # which, and how many
    connection: Connection, ledger: Ledger, kind: str, shard: int, first: int, count: int
) -> list[Record]:
    """A shard's events or receipts from one on, as they are published. Raises Doubt where only later ones are there."""
    query = QUERIES.events_from if kind == "events" else QUERIES.receipts_from
    rows = [row async for row in query(connection, shard=shard, first=first, count=count)]
    if kind == "receipts":
        return [wrap_receipt(ledger.source, row["body_digest"], row["body"]) for row in rows]
    if rows and rows[0]["position"] != first:
        raise Doubt(f"the ledger has no event {shard}:{first}")  # archived: reading back tells
    return [(row["key"].encode(), row["body"]) for row in rows]


def wrap_receipt(source: str, body_digest: bytes, receipt: bytes) -> Record:
    """A receipt as a CloudEvent of the ledger ``source``; the key is the action's id."""
    fields: dict[str, Any] = orjson.loads(receipt)
    number = (fields["shard"], fields["number"])
    return _wrapped(source, number, (fields["office"], fields["id"]), fields["recorded_at"], body_digest, receipt)


def _wrapped(  # noqa: PLR0917  # a receipt's parts
    source: str,
    number: tuple[int, int],
    answered: tuple[str, str],
    recorded_at: str,
    body_digest: bytes,
    receipt: bytes,
) -> Record:
    """The same where the receipt's shard and number, its office and action, and its time are at hand.

    Its bytes are put together, in the order of the names: the parts are canonical as they are, and none needs escapes.
    """
    digest = b'"bodydigest":"%b",' % body_digest.hex().encode() if body_digest else b""
    rest = (
        f',"datacontenttype":"application/json","dataschema":"urn:chengzhang:schema:chengzhang.receipt.v1",'
        f'"id":"{number[0]}:{number[1]}","office":"{answered[0]}","source":"{source}","specversion":"1.0",'
        f'"time":"{recorded_at}","type":"chengzhang.receipt.v1"}}'
    )
    return answered[1].encode(), b'{%b"data":%b%b' % (digest, receipt, rest.encode())
