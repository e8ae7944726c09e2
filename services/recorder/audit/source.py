"""A shard's event bytes in order of position, from whichever store: one way to read them for all who audit.

    ledger    ranges of positions, some thousand rows a statement: constant memory, no snapshot held open
    kafka     the partition from where the position can be first on; repeats are dropped by position
    folders   archives' files, and the ledger for what did not leave it

Both end where the store ended when it was opened. A position that is missing is an error that says where.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import aiosql
import asyncpg
from aiokafka import TopicPartition

from schemas.trust.mac import sequence
from services.common.kafka.macs import Macs, Strangers
from services.common.settings import Settings
from services.recorder.archive.held import Archive, chunks
from services.recorder.archive.words import refused
from services.recorder.errors import Hole, Unavailable
from services.recorder.kafka.fetching import Consumer, Record, consuming, ends_of, fetches
from services.recorder.kafka.marks import Marks, macs_of
from services.recorder.ledger import archived
from services.recorder.ledger.database import SESSION, Connection, founded, reached

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("events.sql"), "asyncpg", mandatory_parameters=False)
ROWS: Final = 4096  # a statement: some 4 MB
Source: TypeAlias = "LedgerSource | KafkaSource"  # opened; ``shards`` is how many it has


class Chunk(NamedTuple):
    """Events of a shard that follow one another; ``last`` is the position of the last."""

    last: int
    bodies: list[bytes]


def opened(settings: Settings, *names: str) -> AbstractAsyncContextManager[Source]:
    """The store of that name, ``ledger`` or ``kafka``, or archives' folders, as far as it reaches now.

    Raises Unavailable, NotArchived.
    """
    return _kafka(settings) if names == ("kafka",) else _ledger(settings, folders_of(names))


def folders_of(names: Iterable[str]) -> list[Path]:
    """The archives among what ``--source`` names: the ledger has what they don't, named or not."""
    return [Path(name) for name in names if name != "ledger"]


async def archive_in(connection: Connection, folders: Iterable[Path]) -> Archive:
    """What is in these folders, if it is of this ledger. Raises NotArchived."""
    return await Archive.at(connection, (await founded(connection)).id, folders)


# --- the ledger, and archives of what left it ---


class LedgerSource:
    """The table ``ledger.event``; what files of archives hold comes out of them."""

    def __init__(self, connection: Connection, sizes: list[int], archive: Archive | None = None) -> None:
        self._connection = connection
        self._sizes = sizes
        self._archive = archive or Archive({})
        self.shards = len(sizes)

    def left(self, shard: int, first: int) -> int:
        """Events from a position on."""
        return max(self._sizes[shard] - first, 0)

    async def chunks(self, shard: int, first: int = 0) -> AsyncIterator[Chunk]:
        """A shard's events from a position on, as files and ranges follow one another.

        Raises Hole, Unavailable, NotArchived.
        """
        end = self._sizes[shard]
        while first < end:
            held = self._archive.following(shard, first)
            if held is not None and held.first <= first:
                for begin, bodies in chunks(held, first):
                    yield Chunk(begin + len(bodies) - 1, bodies)
                first = held.last + 1
            else:
                until = min(first + ROWS, end if held is None else held.first, end)
                yield Chunk(until - 1, await self._range(shard, first, until))
                first = until

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
async def _ledger(settings: Settings, folders: Sequence[Path]) -> AsyncIterator[LedgerSource]:
    with reached():
        connection = await asyncpg.connect(
            settings.database_url, timeout=10, command_timeout=60, server_settings=SESSION
        )
    try:
        with reached():
            rows = await connection.fetch(QUERIES.shards.sql)
        archive = await archive_in(connection, folders) if folders else None
        yield LedgerSource(connection, [row["size"] for row in rows], archive)
    finally:
        connection.terminate()


# --- Kafka ---


class KafkaSource:
    """The events topic: partition = shard."""

    def __init__(self, consumer: Consumer, topic: str, ends: list[int], macs: Macs | None) -> None:
        """``macs``: None where the keys aren't at hand; then whatever says that it is an event counts as one."""
        self._consumer = consumer
        self._macs = macs
        self.foreign: dict[int, Strangers] = {}  # by shard, as far as it was read
        self._topic = topic
        self._ends = ends
        self.judged = macs is not None
        self.shards = len(ends)

    def left(self, shard: int, first: int) -> int:
        """Records from a position on; repeats count."""
        return max(self._ends[shard] - first, 0)

    async def chunks(self, shard: int, first: int = 0) -> AsyncIterator[Chunk]:
        """What one fetch brings, without repeats and foreign records. Raises Hole, Unavailable, Misconfigured."""
        following, marks = first, None
        if self._macs is not None:
            marks = Marks(self._macs, "events", self._topic, shard)
            self.foreign[shard] = marks.strangers
        async for found in fetches(self._consumer, TopicPartition(self._topic, shard), first, self._ends[shard]):
            records = found if marks is None else marks.ours(found)
            if bodies := list(_next(shard, records, following)):
                following += len(bodies)
                yield Chunk(following - 1, bodies)


def _next(shard: int, records: Iterable[Record], following: int) -> Iterator[bytes]:
    for record in records:
        position = sequence(record.value)
        if position is None or position > following:
            raise Hole("kafka", shard, following, record.offset)
        if position == following:
            following += 1
            assert record.value is not None  # it has a sequence
            yield record.value


@asynccontextmanager
async def _kafka(settings: Settings) -> AsyncIterator[KafkaSource]:
    topic = settings.topic("events")
    ends = await ends_of(settings, topic)
    if ends is None:
        raise Unavailable(f"there is no topic {topic}.", f"没有主题 {topic}。")
    async with consuming(settings) as consumer:
        yield KafkaSource(consumer, topic, ends, macs_of(settings) if settings.mac_keys_file.exists() else None)
