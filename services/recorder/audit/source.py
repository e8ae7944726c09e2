"""A shard's event bytes in order of position, from whichever store: one way to read them for all who audit.

    ledger    ranges of positions, some thousand rows a statement: constant memory, no snapshot held open
    kafka     the partition from where the position can be first on; repeats are dropped by position
    folders   archives' files, and the ledger for what did not leave it

Both end where the store ended when it was opened. A position that is missing is an error that says where.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import aiosql
import asyncpg
from aiokafka import TopicPartition

from services.common.settings import Settings
from services.recorder.archive.held import Archive, chunks
from services.recorder.archive.words import refused
from services.recorder.errors import Hole, Unavailable
from services.recorder.kafka.fetching import Consumer, Record, consuming, ends_of, fetches
from services.recorder.ledger import archived
from services.recorder.ledger.database import SESSION, founded, reached

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("events.sql"), "asyncpg", mandatory_parameters=False)
ROWS: Final = 4096  # a statement: some 4 MB
_SEQUENCE: Final = b'"sequence":"'
_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class Chunk:
    """Events of a shard that follow one another; ``first`` is the position of the first."""

    shard: int
    first: int
    bodies: list[bytes]

    @property
    def last(self) -> int:
        """The position of the last."""
        return self.first + len(self.bodies) - 1


class Source(Protocol):
    """A store, opened; ``shards`` is how many it has."""

    shards: int

    def left(self, shard: int, first: int) -> int:
        """About how many events it holds from a position on: repeats count."""

    def chunks(self, shard: int, first: int = 0) -> AsyncIterator[Chunk]:
        """A shard's events from a position on. Raises Hole, Unavailable, NotArchived."""


def opened(settings: Settings, *names: str) -> AbstractAsyncContextManager[Source]:
    """The store of that name, ``ledger`` or ``kafka``, or archives' folders, as far as it reaches now.

    Raises Unavailable, NotArchived.
    """
    if names == ("kafka",):
        return _kafka(settings)
    folders = folders_of(names)
    return _archive(settings, folders) if folders else _ledger(settings)


def folders_of(names: Iterable[str]) -> list[Path]:
    """The archives among what ``--source`` names: the ledger has what they don't, named or not."""
    return [Path(name) for name in names if name != "ledger"]


# --- the ledger ---


class LedgerSource:
    """The table ``ledger.event``."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], sizes: list[int]) -> None:
        self._connection = connection
        self._sizes = sizes
        self.shards = len(sizes)

    def left(self, shard: int, first: int) -> int:
        """Events from a position on."""
        return max(self._sizes[shard] - first, 0)

    async def archive(self, folders: Iterable[Path]) -> Archive:
        """What is in these folders, if it is of this ledger. Raises NotArchived."""
        return await Archive.at(self._connection, (await founded(self._connection)).id, folders)

    async def chunks(self, shard: int, first: int = 0) -> AsyncIterator[Chunk]:
        """Ranges of positions, each complete."""
        async for chunk in self.between(shard, first, self._sizes[shard]):
            yield chunk

    async def between(self, shard: int, first: int, end: int) -> AsyncIterator[Chunk]:
        """The same, up to a position."""
        for begin in range(first, end, ROWS):
            bodies = await self._range(shard, begin, min(begin + ROWS, end))
            yield Chunk(shard, begin, bodies)

    async def _range(self, shard: int, begin: int, end: int) -> list[bytes]:
        with reached():
            rows = await self._connection.fetch(QUERIES.bodies.sql, shard, begin, end)
        if len(rows) < end - begin:
            positions = [row["position"] for row in rows]
            missing = next(at for at, found in enumerate([*positions, end], begin) if at != found)
            file = await archived.file_at(self._connection, shard, missing)
            if file is not None:
                raise refused("left", shard=shard, position=missing, file=file)
            raise Hole("ledger", shard, missing)
        return [row["body"] for row in rows]


@asynccontextmanager
async def _ledger(settings: Settings) -> AsyncIterator[LedgerSource]:
    with reached():
        connection = await asyncpg.connect(
            settings.database_url, timeout=10, command_timeout=60, server_settings=SESSION
        )
    try:
        with reached():
            rows = await connection.fetch(QUERIES.shards.sql)
        yield LedgerSource(connection, [row["size"] for row in rows])
    finally:
        connection.terminate()


# --- archives, and the ledger's rest ---


class ArchiveSource:
    """Files of archives; what is not in them is the ledger's to have."""

    def __init__(self, ledger: LedgerSource, archive: Archive) -> None:
        self._ledger = ledger
        self._archive = archive
        self.shards = ledger.shards

    def left(self, shard: int, first: int) -> int:
        """Events from a position on."""
        return self._ledger.left(shard, first)

    async def chunks(self, shard: int, first: int = 0) -> AsyncIterator[Chunk]:
        """Files and ranges of the ledger, as they follow one another."""
        end = first + self._ledger.left(shard, first)
        while first < end:
            held = self._archive.following(shard, first)
            if held is not None and held.first <= first:
                for begin, bodies in chunks(held, first):
                    yield Chunk(shard, begin, bodies)
                first = held.last + 1
            else:
                until = end if held is None else min(held.first, end)
                async for chunk in self._ledger.between(shard, first, until):
                    yield chunk
                first = until


@asynccontextmanager
async def _archive(settings: Settings, folders: Iterable[Path]) -> AsyncIterator[Source]:
    async with _ledger(settings) as ledger:
        yield ArchiveSource(ledger, await ledger.archive(folders))


# --- Kafka ---


class KafkaSource:
    """The events topic: partition = shard."""

    def __init__(self, consumer: Consumer, topic: str, ends: list[int]) -> None:
        self._consumer = consumer
        self._topic = topic
        self._ends = ends
        self.shards = len(ends)

    def left(self, shard: int, first: int) -> int:
        """Records from a position on; repeats count."""
        return max(self._ends[shard] - first, 0)

    async def chunks(self, shard: int, first: int = 0) -> AsyncIterator[Chunk]:
        """What one fetch brings, without repeats."""
        following = first
        async for records in fetches(self._consumer, TopicPartition(self._topic, shard), first, self._ends[shard]):
            bodies = list(_next(shard, records, following))
            if bodies:
                yield Chunk(shard, following, bodies)
            following += len(bodies)


def _next(shard: int, records: Iterable[Record], following: int) -> Iterator[bytes]:
    for record in records:
        position = sequence(record.value)
        if position is None or position > following:
            raise Hole("kafka", shard, following, record.offset)
        if position == following:
            following += 1
            assert record.value is not None  # it has a sequence
            yield record.value


def sequence(body: bytes | None) -> int | None:
    """An event's position, None where there is none.

    Found in the bytes: what follows it in the order of the keys is the recorder's own or a time, so the last one it is.
    """
    at = -1 if body is None else body.rfind(_SEQUENCE)
    if body is None or at < 0:
        return None
    digits = body[at + len(_SEQUENCE) :][:_DIGITS]
    return int(digits) if digits.isdigit() and len(digits) == _DIGITS else None


@asynccontextmanager
async def _kafka(settings: Settings) -> AsyncIterator[Source]:
    topic = settings.topic("events")
    ends = await ends_of(settings.kafka, topic)
    if ends is None:
        raise Unavailable(f"there is no topic {topic}.", f"没有主题 {topic}。")
    async with consuming(settings.kafka) as consumer:
        yield KafkaSource(consumer, topic, ends)
