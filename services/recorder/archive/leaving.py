"""Old years leave the ledger: written, read back, only then dropped.

For every shard and year: files of events → read back and held against the tree → manifest and checkpoint. Then, for the
year: the ids are noted, and in one transaction the ledger notes the files with their hashes and drops the partition. A
run that ended anywhere is gone on with by the next: what lies in the folder is read back all the same.
"""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg
from aiokafka.errors import KafkaError

from schemas.trust import merkle
from schemas.trust.merkle import Part as Proven
from schemas.trust.merkle import Reader
from services.common.faults import fault
from services.common.settings import Settings
from services.recorder.archive import folder as files
from services.recorder.archive.folder import File, Folder, Manifest
from services.recorder.archive.held import QUERIES, continuing
from services.recorder.archive.words import refused
from services.recorder.errors import unreadable
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.tails import tails
from services.recorder.ledger import mode, states, years
from services.recorder.ledger.database import QUERIES as LEDGER
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.trust import history, tiles
from services.recorder.trust.signing import Checkpoints, Kept

A_FILE: Final = 100_000  # events: some 5 MB compressed
LONG: Final = 6 * 3600.0  # seconds that one statement over a year may take
_TRIES: Final = 60  # to have the table for a moment, of up to two seconds each
_PAUSE: Final = 1.0

Advance = Callable[[int], object]


class Range(NamedTuple):
    """Positions, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a shard recorded in a year; ``bytes`` of its events, uncompressed."""

    year: int
    shard: int
    first: int
    last: int
    bytes: int

    @property
    def events(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def ranges(self) -> Iterator[Range]:
        """The positions of each of its files."""
        for first in range(self.first, self.last + 1, A_FILE):
            yield Range(first, min(first + A_FILE - 1, self.last))


Plan = dict[int, list[Part]]  # by year


class Leaving:
    """One run of ``recorder archive --before``."""

    def __init__(self, pool: Pool, ledger: Ledger, settings: Settings, folder: Folder) -> None:
        """Do nothing yet."""
        self._pool = pool
        self._ledger = ledger
        self._settings = settings
        self._folder = folder
        self._checkpoints = Checkpoints(pool, ledger, settings)

    async def plan(self, before: int) -> Plan:
        """What the ledger still holds of the years before that one. Raises NotArchived where it isn't whole."""
        plan: Plan = {}
        async with self._pool.acquire(timeout=10) as connection:
            outside = [row["year"] async for row in QUERIES.outside(connection)]
            await years.open_years(connection, [year for year in outside if year < before])
            for year in [row["year"] async for row in QUERIES.years(connection)]:
                if year < before:
                    rows = await connection.fetch(QUERIES.held.sql, year, timeout=LONG)
                    plan[year] = [_part(year, row) for row in rows]
        return {year: parts for year, parts in plan.items() if parts}

    async def check(self, plan: Plan) -> None:
        """Whether these years may leave. Raises NotArchived, Unavailable."""
        last = {part.shard: part.last for year in sorted(plan) for part in plan[year]}
        await self._check_published(last)
        self._folder.begin()
        missing = sum(part.bytes for parts in plan.values() for part in parts if not self._written(part))
        free = shutil.disk_usage(self._folder.path).free
        if free < missing:
            raise refused("no-room", folder=self._folder.path, free=free, wanted=missing)

    async def leave(self, plan: Plan, advance: Advance) -> list[Manifest]:
        """Have these years leave, the oldest first; ``advance`` hears of each event twice, written and read back.

        Raises NotArchived; Contradiction where the ledger isn't what was signed, Misconfigured where it can't be.
        """
        manifests: list[Manifest] = []
        for year in sorted(plan):
            written = [await self._write(part, advance) for part in plan[year]]
            await self._drop(year, written)
            manifests += written
        return manifests

    # --- may they? ---

    async def _check_published(self, last: dict[int, int]) -> None:
        """What leaves must be on its topic: the relay reads the ledger."""
        try:
            ends = await tails(self._settings, "events", last, macs_of(self._settings))
        except (KafkaError, TimeoutError, OSError) as error:
            raise unreadable(error) from error
        async with self._pool.acquire(timeout=10) as connection:
            closed = await states.unlike_in(connection)  # these need the events
            closed |= await mode.standing(connection, dict.fromkeys(last))
            for shard, end in last.items():
                found = await history.check_tail(connection, self._ledger, "events", shard, ends[shard])
                reason = found.reason or closed.get(shard)
                if reason:
                    raise refused("read-only", shard=shard, reason=reason)
                if found.next <= end:
                    raise refused("unpublished", shard=shard, position=found.next, last=end)

    def _written(self, part: Part) -> bool:
        return (self._folder.part(part.shard, part.year) / files.MANIFEST).exists()

    # --- writing, and reading back ---

    async def _write(self, part: Part, advance: Advance) -> Manifest:
        at = self._folder.part(part.shard, part.year)
        before = self._before(part, at)
        for each in part.ranges():
            path = at / files.name_of(*each)
            if not path.exists():
                await files.write_events(path, self._chunks(part.shard, each))
                fault("archive-written")
            advance(each.last - each.first + 1)
        kept = await self._checkpoints.make(part.shard)
        manifest = await self._read_back(part, at, kept, advance)
        if before is None or before.files != manifest.files or not (at / files.CHECKPOINT).exists():
            files.write(at / files.CHECKPOINT, kept.note)
            files.write_manifest(at, manifest)
        fault("archive-manifest")
        return manifest

    def _before(self, part: Part, at: Path) -> Manifest | None:
        """What an earlier run came to. Raises NotArchived where it is another archive's."""
        if not self._written(part):
            return None
        before = files.manifest_at(at)
        if (before.ledger, before.first, before.last) != (self._ledger.id, part.first, part.last):
            raise refused("other-archive", folder=at, first=before.first, last=before.last, ledger=before.ledger)
        return before

    async def _chunks(self, shard: int, wanted: Range) -> AsyncIterator[list[bytes]]:
        for first in range(wanted.first, wanted.last + 1, files.LINES):
            last = min(first + files.LINES - 1, wanted.last)
            async with self._pool.acquire(timeout=10) as connection:
                query = LEDGER.events_from(connection, shard=shard, first=first, count=last - first + 1)
                rows = [row async for row in query]
            if [row["position"] for row in rows] != list(range(first, last + 1)):
                raise refused("hole", shard=shard, first=first, last=last)
            yield [row["body"] for row in rows]

    async def _read_back(self, part: Part, at: Path, kept: Kept, advance: Advance) -> Manifest:
        """Hold what is on disk against the tree that was signed. Raises NotArchived."""
        end = part.last + 1
        ends = [each.last + 1 for each in part.ranges()]
        wanted: list[Proven] = [merkle.perfect(0, size) for size in (part.first, *ends)]
        async with self._pool.acquire(timeout=10) as connection:
            parts = [*wanted, *merkle.consistency_parts(end, kept.size)]
            read = await tiles.read(connection, part.shard, parts)
        return Manifest(
            ledger=self._ledger.id,
            shards=self._ledger.shards,
            shard=part.shard,
            year=part.year,
            first=part.first,
            last=part.last,
            events=part.events,
            files=tuple(_held_against(at, each, read, advance) for each in part.ranges()),
            peaks=tuple(_text(read(subtree)) for subtree in merkle.perfect(0, part.first)),
            root=_text(merkle.root(end, read)),
            checkpoint_size=kept.size,
            consistency=tuple(map(_text, merkle.consistency_proof(end, kept.size, read))),
        )

    # --- leaving ---

    async def _drop(self, year: int, manifests: Sequence[Manifest]) -> None:
        for manifest in manifests:
            for file in manifest.files:
                async with self._pool.acquire(timeout=10) as connection:
                    await QUERIES.note_ids(connection, shard=manifest.shard, first=file.first, last=file.last)
        fault("archive-noted")
        await in_turn(year, partial(self._leave, year, manifests))
        fault("archive-left")

    async def _leave(self, year: int, manifests: Sequence[Manifest]) -> None:
        """In one transaction: the ledger knows which files hold the year, and has it no more."""
        async with self._pool.acquire(timeout=10) as connection, connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await connection.execute("LOCK TABLE ONLY ledger.event IN ACCESS EXCLUSIVE MODE")
            ends = {row["shard"]: (row["first"], row["last"]) async for row in QUERIES.ends(connection, year=year)}
            if ends != {manifest.shard: (manifest.first, manifest.last) for manifest in manifests}:
                raise refused("grew", year=year)
            await QUERIES.note_files(connection, [row for manifest in manifests for row in _rows(manifest)])
            await connection.execute(f"DROP TABLE ledger.event_{year}")
            fault("archive-leaving")


async def in_turn(year: int, work: Callable[[], Awaitable[None]]) -> None:
    """Do what must have the table of events for a moment; tried again while somebody reads it. Raises NotArchived."""
    for _ in range(_TRIES):
        try:
            await work()
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(_PAUSE)  # somebody reads for long: whoever waits behind us goes first
        else:
            return
    raise refused("in-use", year=year)


def _rows(manifest: Manifest) -> Iterator[dict[str, object]]:
    for each in manifest.files:
        name, sha256 = f"{manifest.shard}/{manifest.year}/{each.file}", bytes.fromhex(each.sha256)
        row = each.model_dump(include={"first", "last", "bytes"})
        yield row | {"shard": manifest.shard, "year": manifest.year, "file": name, "sha256": sha256}


def _held_against(at: Path, wanted: Range, read: Reader, advance: Advance) -> File:
    """One file, read back."""
    path = at / files.name_of(*wanted)
    for bodies in continuing(path, *wanted, read):
        advance(len(bodies))
    length, sha256 = files.digest(path)
    return File(file=path.name, first=wanted.first, last=wanted.last, bytes=length, sha256=sha256)


def _part(year: int, row: asyncpg.Record) -> Part:
    part = Part(year, row["shard"], row["first"], row["last"], row["bytes"])
    if row["events"] != part.events:
        raise refused("hole", shard=part.shard, first=part.first, last=part.last)
    return part


def _text(hash_: bytes) -> str:
    return base64.b64encode(hash_).decode()


def this_year() -> int:
    """The year that isn't over, in UTC."""
    return datetime.now(UTC).year
