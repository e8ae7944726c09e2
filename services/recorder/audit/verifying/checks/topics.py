"""Ledger = Kafka: a partition read from its beginning, every record held against the ledger's.

First occurrences must come in order and without a hole; repeats must be the same bytes. A topic that ends early is
normal: the relay publishes the rest. It is told as lag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import asyncpg
import orjson
from aiokafka import TopicPartition

from schemas.canonical import leaf_hash
from services.recorder.audit.source import sequence
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.audit.verifying.queries import QUERIES, connected
from services.recorder.audit.verifying.work import Tick
from services.recorder.kafka.fetching import Record, consuming, fetches
from services.recorder.ledger.rows import UNREADABLE
from services.recorder.relay.relay import wrap_receipt


@dataclass(frozen=True, slots=True)
class Partition:
    """A shard's partition of the topic ``kind`` (``events`` or ``receipts``).

    It ended at offset ``end`` before the ledger had ``size`` of them.
    """

    url: str
    kafka: str
    topic: str
    kind: str
    shard: int
    end: int
    size: int
    source: str


class Held(NamedTuple):
    """What the ledger holds: the record's key and hash; of an archived event the hash alone."""

    key: bytes | None
    hash: bytes


async def published(part: Partition, tick: Tick) -> Findings:
    """Check a partition; ``tick`` is told of every record."""
    comparing = _Comparing(part)
    async with connected(part.url) as connection, consuming(part.kafka) as consumer:
        async for records in fetches(consumer, TopicPartition(part.topic, part.shard), 0, part.end):
            numbers = [_NUMBER[part.kind](record.value) for record in records]
            wanted = [number for number in numbers if number is not None and number < part.size]
            held = await _HELD[part.kind](connection, part, wanted)
            for record, number in zip(records, numbers, strict=True):
                comparing.take(record, number, held)
            tick(len(records))
    return comparing.end()


class _Comparing:
    """A partition's records, one after the other. ``next``: what the next first occurrence must be."""

    def __init__(self, part: Partition) -> None:
        self._part = part
        self._findings = Findings(part.shard)
        self._next = 0

    def take(self, record: Record, number: int | None, held: Mapping[int, Held]) -> None:
        """Check one record."""
        more = {"topic": self._part.kind, "offset": record.offset}
        if number is None:
            self._findings.add(Kind.TOPIC_RECORD, self._next, "a record of a recorder", None, **more)
            return
        if number >= self._part.size:
            self._findings.add(Kind.TOPIC_AHEAD, number, f"below {self._part.size}", number, **more)
            return
        if number > self._next:
            missing = number - self._next
            self._findings.add(Kind.TOPIC_GAP, self._next, self._next, number, missing=missing, **more)
        expected, digest = held.get(number), leaf_hash(record.value or b"")
        if expected is not None and digest != expected.hash:
            self._findings.add(Kind.TOPIC_RECORD, number, expected.hash, digest, **more)
        elif expected is not None and expected.key not in {None, record.key}:  # the bytes are right
            self._findings.add(Kind.TOPIC_RECORD, number, _key(expected.key), _key(record.key), **more)
        self._next = max(self._next, number + 1)

    def end(self) -> Findings:
        """What was found; a topic that ends early lags behind."""
        self._findings.checked[f"topic_{self._part.kind}"] += self._next
        self._findings.checked[f"lag_{self._part.kind}"] += max(self._part.size - self._next, 0)
        return self._findings


def _key(key: bytes | None) -> dict[str, str | None]:
    return {"key": None if key is None else key.decode(errors="replace")}


def _receipt_number(value: bytes | None) -> int | None:
    try:
        number = orjson.loads(value or b"")["data"]["number"]
    except UNREADABLE:
        return None
    return number if isinstance(number, int) and number >= 0 else None


async def _events(
    connection: asyncpg.Connection[asyncpg.Record], part: Partition, numbers: Sequence[int]
) -> dict[int, Held]:
    rows = await connection.fetch(QUERIES.published_events.sql, part.shard, numbers)
    held = {row["number"]: Held(row["key"].encode(), row["hash"]) for row in rows}
    absent = [number for number in numbers if number not in held]
    if absent:
        tiled = await connection.fetch(QUERIES.tiled_hashes.sql, absent, part.shard)
        held |= {row["number"]: Held(None, row["hash"]) for row in tiled if row["hash"]}
    return held


async def _receipts(
    connection: asyncpg.Connection[asyncpg.Record], part: Partition, numbers: Sequence[int]
) -> dict[int, Held]:
    held: dict[int, Held] = {}
    for row in await connection.fetch(QUERIES.published_receipts.sql, part.shard, numbers):
        try:
            key, value = wrap_receipt(part.source, row["body_digest"], row["receipt"])
        except UNREADABLE:  # told where receipts are checked
            continue
        held[row["number"]] = Held(key, leaf_hash(value))
    return held


_NUMBER: Final[Mapping[str, Callable[[bytes | None], int | None]]] = {"events": sequence, "receipts": _receipt_number}
_HELD: Final[Mapping[str, Any]] = {"events": _events, "receipts": _receipts}
