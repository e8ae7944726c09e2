"""What is to be verified, fixed at the start, so that live recorders don't matter.

In this order: how far the topics reach, which checkpoints are kept, then how far the ledger is. So a topic or a
checkpoint that is ahead of the ledger is wrong, and not only late.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from services.common.settings import Settings
from services.recorder.archive.folder import digest
from services.recorder.archive.held import Archive
from services.recorder.audit.verifying.checks.leaves import RANGE, Range
from services.recorder.audit.verifying.checks.notes import Kept, Notary, Signatures, given, in_file
from services.recorder.audit.verifying.checks.topics import Partition
from services.recorder.audit.verifying.checks.tree import Head
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.audit.verifying.queries import QUERIES, connected
from services.recorder.audit.verifying.skipping import Skipped, skipped
from services.recorder.audit.verifying.work import Whole
from services.recorder.errors import Misconfigured, NotArchived, Unsettled
from services.recorder.kafka.fetching import Record, ends_of, everything
from services.recorder.ledger import states
from services.recorder.trust.keys import Keys
from services.recorder.trust.note import VerifierKey
from services.recorder.trust.tiles import At

KINDS: Final = ("events", "receipts")
_ROWS: Final = 1000  # of a cursor
_UPPER: Final = 2  # the level from which on tiles are held against the whole tree
Ranges = dict[int, list[tuple[int, int]]]  # shard → first and last of what left the ledger


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. ``shards``: none means all; ``files``: checkpoints kept elsewhere; ``keys``: trusted ones.

    ``archives``: the folders of what left the ledger.
    """

    shards: Sequence[int] = ()
    files: Sequence[Path] = ()
    keys: Sequence[VerifierKey] = ()
    archives: Sequence[Path] = ()
    kafka: bool = True
    read_models: bool = True

    @property
    def models(self) -> bool:
        """Whether read models are verified: they are of all shards."""
        return self.read_models and not self.shards


@dataclass(slots=True)
class Plan:
    """The work, and what was found while it was laid out."""

    heads: dict[int, Head] = field(default_factory=dict)
    ranges: list[Range] = field(default_factory=list)
    wholes: list[Whole] = field(default_factory=list)
    partitions: list[Partition] = field(default_factory=list)
    signed: defaultdict[int, Signatures] = field(default_factory=lambda: defaultdict(Signatures))
    upper: dict[int, dict[At, bytes]] = field(default_factory=lambda: defaultdict(dict))
    findings: list[Findings] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    archived: Ranges = field(default_factory=dict)
    unlike: set[int] = field(default_factory=set)  # shards whose states are of another fold

    @property
    def total(self) -> int:
        """Rows and records to read."""
        events = sum(part.end - part.first for part in self.ranges)
        receipts = sum(head.next_receipt for head in self.heads.values())
        return 2 * events + receipts + sum(part.end for part in self.partitions)


async def plan(settings: Settings, options: Options) -> Plan:
    """Lay out the work. Raises Unavailable, Misconfigured, NotArchived."""
    made = Plan()
    ends = {kind: await ends_of(settings.kafka, settings.topic(kind)) for kind in KINDS} if options.kafka else {}
    if not options.kafka:
        made.skipped.append(skipped("kafka", "left-out", option="--without-kafka"))
    files = [in_file(settings.checkpoints_file, "file"), *map(given, options.files)]
    async with connected(settings.database_url) as connection:
        await _Layout(connection, settings, options, made).lay(ends, files)
    return made


async def settled(settings: Settings, made: Plan) -> None:
    """Raise Unsettled where years left the ledger or came back, or states were made anew, since it was laid out.

    That may look like a loss.
    """
    async with connected(settings.database_url) as connection:
        if {*await states.unlike_in(connection)} != made.unlike:
            raise Unsettled(
                "states were made anew meanwhile, by another version of the recorder. Run this again.",
                "其间有状态由其他版本的记录服务重新生成。请再执行一次。",
            )
        if await _archived(connection) != made.archived:
            raise Unsettled(
                "years left the ledger or came back meanwhile (`recorder archive`). Run this again.",
                "其间有年度移出账本或调回（`recorder archive`）。请再执行一次。",
            )


async def _archived(connection: asyncpg.Connection[asyncpg.Record]) -> Ranges:
    archived: Ranges = defaultdict(list)
    for row in await connection.fetch(QUERIES.archived.sql):
        archived[row["shard"]].append((row["first"], row["last"]))
    return archived


class _Layout:
    """The ledger's side of the plan."""

    def __init__(
        self, connection: asyncpg.Connection[asyncpg.Record], settings: Settings, options: Options, made: Plan
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._options = options
        self._made = made

    async def lay(self, ends: dict[str, list[int] | None], files: Iterable[Iterable[Kept]]) -> None:
        """Fix everything."""
        installation = await self._connection.fetchrow(QUERIES.installation.sql)
        if installation is None:
            raise Misconfigured(
                "this ledger has no identity: the table ledger.installation is empty.",
                "账本没有标识：表 ledger.installation 是空的。",
            )
        ledger, count = installation["ledger"], installation["shards"]
        shards = self._shards(count)
        notary = Notary(ledger, shards, self._keys())
        await self._kept(notary, files)
        tiled = {row["shard"]: row["size"] for row in await self._connection.fetch(QUERIES.tiled.sql)}
        for row in await self._connection.fetch(QUERIES.heads.sql):
            if row["shard"] in shards:
                self._made.heads[row["shard"]] = Head(*row)
        self._believe(notary)
        await self._beyond(shards)
        archived = self._made.archived = await _archived(self._connection)
        self._made.unlike = {*await states.unlike_in(self._connection)}
        archive = await self._archive(ledger)
        for head in self._made.heads.values():
            left = archived.get(head.shard, [])
            await self._shard(head, tiled.get(head.shard, 0), left, archive)
            self._partitions(head, ledger, ends)
            if all(archive is not None and archive.holds(head.shard, first) for first, _ in left):
                source = f"urn:chengzhang:ledger:{ledger}"
                like = head.shard not in self._made.unlike
                self._made.wholes.append(Whole(self._settings.database_url, head.shard, count, source, archive, like))
                if not like:
                    self._made.skipped.append(skipped("states", "other-fold", shard=head.shard))
            else:
                self._made.skipped.append(skipped("contents", "archived", shard=head.shard))

    def _shards(self, count: int) -> list[int]:
        unknown = [shard for shard in self._options.shards if not 0 <= shard < count]
        if unknown:
            raise Misconfigured(
                f"there is no shard {unknown[0]}: this ledger has 0 to {count - 1}.",
                f"没有分片 {unknown[0]}：本账本的分片为 0 至 {count - 1}。",
            )
        return sorted(set(self._options.shards)) or list(range(count))

    def _keys(self) -> list[VerifierKey]:
        if self._options.keys:
            return list(self._options.keys)
        path = self._settings.checkpoint_keys_file
        return Keys.load(path).verifiers if path.exists() else []

    async def _kept(self, notary: Notary, files: Iterable[Iterable[Kept]]) -> None:
        """Show the notary every checkpoint that is kept: in files, on the topic, in the ledger; some at a time."""
        for kept in files:
            notary.take(kept)
        async for records in self._published():  # in a thread, so that signatures don't keep Kafka waiting
            await asyncio.to_thread(notary.take, [Kept("topic", record.value or b"") for record in records])
        async with self._connection.transaction():
            async for row in self._connection.cursor(QUERIES.checkpoints.sql, prefetch=_ROWS):
                notary.take([Kept("ledger", row["note"], (row["shard"], row["size"], row["root"]))])

    async def _published(self) -> AsyncIterator[list[Record]]:
        if not self._options.kafka:
            return
        kafka, topic = self._settings.kafka, self._settings.topic("checkpoints")
        ends = await ends_of(kafka, topic)
        if ends is None:
            self._made.skipped.append(skipped("published", "no-topic", topic=topic))
            return
        async for records in everything(kafka, topic, ends):
            yield records

    def _believe(self, notary: Notary) -> None:
        if not notary.keys:
            if notary.seen:
                path = self._settings.checkpoint_keys_file
                self._made.skipped.append(skipped("checkpoints", "no-key", path=path))
            return
        self._made.findings += notary.wrong.values()
        self._made.signed = notary.signed
        for head in self._made.heads.values():
            if head.size and head.shard not in notary.signed:
                self._made.skipped.append(skipped("signed", "none-kept", shard=head.shard))

    async def _beyond(self, shards: list[int]) -> None:
        for row in await self._connection.fetch(QUERIES.beyond.sql, shards):
            findings = Findings(row["shard"])
            for position in row["events"] or ():
                findings.add(Kind.BEYOND, position, f"below {row['size']}", position)
            for number in row["receipts"] or ():
                findings.add(Kind.RECEIPT_BEYOND, number, f"below {row['next_receipt']}", number)
            self._made.findings.append(findings)

    async def _archive(self, ledger: UUID) -> Archive | None:
        """The archives that were named; their files must be those that left."""
        if not self._options.archives:
            return None
        archive = await Archive.at(self._connection, ledger, self._options.archives)
        for held in archive.files():
            try:
                found = digest(held.path)[1]
            except NotArchived as error:
                found = str(error)
            if found != held.sha256:
                findings = Findings(held.shard)
                findings.add(Kind.ARCHIVE, held.first, held.sha256, found, file=str(held.path))
                self._made.findings.append(findings)
        return archive

    async def _shard(self, head: Head, tiled: int, archived: list[tuple[int, int]], archive: Archive | None) -> None:
        sizes = self._made.signed[head.shard].sizes()
        for first in range(0, head.size, RANGE):
            end = min(first + RANGE, head.size)
            cuts = tuple(size for size in sizes if first < size <= end)
            left = tuple(each for each in archived if each[0] < end and each[1] >= first)
            self._made.ranges.append(
                Range(self._settings.database_url, head.shard, first, end, cuts, tiled, left, archive)
            )
        for row in await self._connection.fetch(QUERIES.upper_tiles.sql, head.shard, _UPPER):
            self._made.upper[head.shard][At(row["level"], row["number"])] = row["hashes"]

    def _partitions(self, head: Head, ledger: UUID, ends: dict[str, list[int] | None]) -> None:
        for kind, offsets in ends.items():
            topic, size = self._settings.topic(kind), head.size if kind == "events" else head.next_receipt
            if offsets is None or head.shard >= len(offsets):
                findings = Findings(head.shard)
                findings.add(Kind.TOPIC_MISSING, None, f"partition {head.shard} of {topic}", None, topic=kind)
                self._made.findings.append(findings)
                continue
            source = f"urn:chengzhang:ledger:{ledger}"
            self._made.partitions.append(
                Partition(
                    self._settings.database_url, self._settings.kafka, topic, kind, head.shard, offsets[head.shard],
                    size, source,
                )
            )  # fmt: skip
