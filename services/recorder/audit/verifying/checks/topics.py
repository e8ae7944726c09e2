"""Ledger = Kafka: a partition read from its beginning, every record held against the ledger's.

First occurrences must come in order and without a hole; repeats must be the same bytes. A topic that ends early is
normal: the relay publishes the rest. It is told as lag.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiokafka import TopicPartition

from schemas.trust.canonical import leaf_hash
from services.common.settings import Settings
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.audit.verifying.work import QUERIES, Connection, Tick, connected, hash_in
from services.recorder.kafka.fetching import Record, consuming, fetches
from services.recorder.kafka.marks import Marks, macs_of, number_of
from services.recorder.ledger.rows import UNREADABLE
from services.recorder.relay.relay import wrap_receipt
from services.recorder.trust.tiles import WIDTH, At, fetch


class Partition(NamedTuple):
    """A shard's partition of the topic ``kind`` (``events`` or ``receipts``), of the ledger ``source``.

    It ended at offset ``end`` before the ledger had ``size`` of them.
    """

    settings: Settings
    kind: str
    shard: int
    end: int
    size: int
    source: str


class Held(NamedTuple):
    """A record's key and hash; of an archived event the ledger holds the hash alone."""

    key: bytes | None
    hash: bytes

    def shown(self) -> dict[str, str | None]:
        """The key, for people."""
        return {"key": None if self.key is None else self.key.decode(errors="replace")}


async def published(part: Partition, tick: Tick) -> Findings:
    """Check a partition; ``tick`` is told of every record."""
    settings = part.settings
    place = TopicPartition(settings.topic(part.kind), part.shard)
    macs = macs_of(settings) if settings.mac_keys_file.exists() else None
    comparing = _Comparing(part, None if macs is None else Marks(macs, part.kind, place.topic, part.shard))
    held_of = _events if part.kind == "events" else _receipts
    async with connected(settings.database_url) as connection, consuming(settings) as consumer:
        async for records in fetches(consumer, place, 0, part.end):
            numbers = [number_of(part.kind, record.value) for record in records]
            wanted = [number for number in numbers if number is not None and number < part.size]
            held = await held_of(connection, part, wanted)
            for record, number in zip(records, numbers, strict=True):
                comparing.take(record, number, held)
            tick(len(records))
    return comparing.end()


class _Comparing:
    """A partition's records, one after the other. ``next``: what the next first occurrence must be.

    ``marks`` say which of them a recorder wrote; without them all are taken for what they say.
    """

    def __init__(self, part: Partition, marks: Marks | None) -> None:
        self._part = part
        self._marks = marks
        self._findings = Findings(part.shard)
        self._next = 0

    def take(self, record: Record, number: int | None, held: Mapping[int, Held]) -> None:
        """Check one record."""
        more = {"topic": self._part.kind, "offset": record.offset}
        if self._marks is not None and not self._marks.is_ours(record):
            claims = self._marks.strangers.last
            told = None if claims is None else f"{claims.why}: {claims.claims}"
            self._findings.add(Kind.TOPIC_FOREIGN, number, "a record of a recorder", told, **more)
            return
        if number is None:
            self._findings.add(Kind.TOPIC_RECORD, self._next, "a record of a recorder", None, **more)
            return
        if number >= self._part.size:
            self._findings.add(Kind.TOPIC_AHEAD, number, f"below {self._part.size}", number, **more)
            return
        if number > self._next:
            missing = number - self._next
            self._findings.add(Kind.TOPIC_GAP, self._next, self._next, number, missing=missing, **more)
        expected, found = held.get(number), Held(record.key, leaf_hash(record.value or b""))
        if expected is not None and found.hash != expected.hash:
            self._findings.add(Kind.TOPIC_RECORD, number, expected.hash, found.hash, **more)
        elif expected is not None and expected.key not in {None, found.key}:  # the bytes are right
            self._findings.add(Kind.TOPIC_RECORD, number, expected.shown(), found.shown(), **more)
        self._next = max(self._next, number + 1)

    def end(self) -> Findings:
        """What was found; a topic that ends early lags behind."""
        self._findings.checked[f"topic_{self._part.kind}"] += self._next
        self._findings.checked[f"lag_{self._part.kind}"] += max(self._part.size - self._next, 0)
        return self._findings


async def _events(connection: Connection, part: Partition, numbers: Sequence[int]) -> dict[int, Held]:
    rows = await connection.fetch(QUERIES.published_events.sql, part.shard, numbers)
    held = {row["number"]: Held(row["key"].encode(), row["hash"]) for row in rows}
    absent = [number for number in numbers if number not in held]
    if absent:
        tiles = await fetch(connection, part.shard, sorted({At(0, number // WIDTH) for number in absent}))
        held |= {number: Held(None, found) for number in absent if (found := hash_in(tiles, number))}
    return held


async def _receipts(connection: Connection, part: Partition, numbers: Sequence[int]) -> dict[int, Held]:
    held: dict[int, Held] = {}
    for row in await connection.fetch(QUERIES.receipts.sql, part.shard, numbers):
        try:
            key, value = wrap_receipt(part.source, row["body_digest"], row["receipt"])
        except UNREADABLE:  # told where receipts are checked
            continue
        held[row["number"]] = Held(key, leaf_hash(value))
    return held
