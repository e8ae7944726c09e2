"""What is to be verified, fixed at the start, so that live recorders don't matter.

In this order: how far the topics reach, which checkpoints are kept, then how far the ledger is. So a topic or a
checkpoint that is ahead of the ledger is wrong, and not only late.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.common.settings import Settings
from services.recorder.archive.folder import digest
from services.recorder.archive.held import QUERIES as ARCHIVED
from services.recorder.archive.held import Archive
from services.recorder.audit.proving.log import shard_with
from services.recorder.audit.verifying.checks.leaves import RANGE, Range
from services.recorder.audit.verifying.checks.notes import Kept, Notary, Signatures, given, in_file
from services.recorder.audit.verifying.checks.topics import Partition
from services.recorder.audit.verifying.checks.tree import Head, upper_of
from services.recorder.audit.verifying.problems import Findings, Kind
from services.recorder.audit.verifying.running import Job
from services.recorder.audit.verifying.skipping import Skipped, skipped
from services.recorder.audit.verifying.work import QUERIES, Connection, Whole, connected
from services.recorder.errors import Misconfigured, NotArchived, Unsettled
from services.recorder.kafka.fetching import ends_of, everything
from services.recorder.ledger import states
from services.recorder.ledger.database import Ledger, founded
from services.recorder.trust import tiles
from services.recorder.trust.keys import Keys
from services.recorder.trust.note import VerifierKey
from services.recorder.trust.tiles import At

KINDS: Final = ("events", "receipts")
_ROWS: Final = 1000  # of a cursor
Ranges = dict[int, list[tuple[int, int]]]  # shard → first and last of what left the ledger


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. ``shards`` and those that ``offices`` are in: none means all.

    ``files``: checkpoints kept elsewhere; ``keys``: trusted ones; ``archives``: the folders of what left the ledger.
    """

    shards: Sequence[int] = ()
    offices: Sequence[str] = ()
    files: Sequence[Path] = ()
    keys: Sequence[VerifierKey] = ()
    archives: Sequence[Path] = ()
    kafka: bool = True
    read_models: bool = True

    @property
    def models(self) -> bool:
        """Whether read models are verified: they are of all shards."""
        return self.read_models and not self.shards and not self.offices


@dataclass(slots=True)
class Plan:
    """The work, and what was found while it was laid out."""

    heads: dict[int, Head] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    signed: defaultdict[int, Signatures] = field(default_factory=lambda: defaultdict(Signatures))
    upper: dict[int, dict[At, bytes]] = field(default_factory=dict)
    found: Findings = field(default_factory=Findings)
    skipped: list[Skipped] = field(default_factory=list)
    archived: Ranges = field(default_factory=dict)
    unlike: set[int] = field(default_factory=set)  # shards whose states are of another fold

    @property
    def total(self) -> int:
        """Rows and records to read."""
        rows = sum(2 * head.size + head.next_receipt for head in self.heads.values())
        return rows + sum(job.end for job in self.jobs if isinstance(job, Partition))


async def plan(settings: Settings, options: Options) -> Plan:
    """Lay out the work. Raises Unavailable, Misconfigured, NotArchived."""
    ends = {kind: await ends_of(settings, settings.topic(kind)) for kind in KINDS} if options.kafka else {}
    files = [in_file(settings.checkpoints_file, "file"), *map(given, options.files)]
    async with connected(settings.database_url) as connection:
        layout = _Layout(connection, settings, options, await founded(connection), ends)
        await layout.lay(files)
    return layout.made


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


async def _archived(connection: Connection) -> Ranges:
    archived: Ranges = defaultdict(list)
    for row in await connection.fetch(ARCHIVED.files.sql, None):
        archived[row["shard"]].append((row["first"], row["last"]))
    return archived


@dataclass(slots=True)
class _Layout:
    """The ledger's side of the plan; ``ends``: how far the topics reach; ``tiled``: events that tiles must hold."""

    connection: Connection
    settings: Settings
    options: Options
    ledger: Ledger
    ends: dict[str, list[int] | None]
    made: Plan = field(default_factory=Plan)
    tiled: dict[int, int] = field(default_factory=dict)
    archive: Archive | None = None

    async def lay(self, files: Iterable[Iterable[Kept]]) -> None:
        """Fix everything."""
        made, shards = self.made, await self._shards()
        if not self.options.kafka:
            made.skipped.append(skipped("kafka", "left-out", option="--without-kafka"))
        notary = Notary(self.ledger.id, shards, self._keys())
        await self._kept(notary, files)
        for *row, events, receipts in await self.connection.fetch(QUERIES.heads.sql, shards):
            self._head(Head(*row), events or (), receipts or ())
        self._believe(notary)
        made.archived = await _archived(self.connection)
        made.unlike = {*await states.unlike_in(self.connection)}
        await self._at_hand()
        for head in made.heads.values():
            made.upper[head.shard] = await tiles.fetch(self.connection, head.shard, upper_of(head.size))
        parts = (self._ranges, self._whole, self._partitions)  # hashes first, so that their rate is theirs
        made.jobs = [job for part in parts for head in made.heads.values() for job in part(head)]

    async def _shards(self) -> list[int]:
        count = self.ledger.shards
        unknown = [shard for shard in self.options.shards if not 0 <= shard < count]
        if unknown:
            raise Misconfigured(
                f"there is no shard {unknown[0]}: this ledger has 0 to {count - 1}.",
                f"没有分片 {unknown[0]}：本账本的分片为 0 至 {count - 1}。",
            )
        asked = {await shard_with(self.connection, count, office) for office in self.options.offices}
        return sorted(asked.union(self.options.shards)) or list(range(count))

    def _keys(self) -> list[VerifierKey]:
        path = self.settings.checkpoint_keys_file
        return list(self.options.keys) or (Keys.load(path).verifiers if path.exists() else [])

    async def _kept(self, notary: Notary, files: Iterable[Iterable[Kept]]) -> None:
        """Show the notary every checkpoint that is kept: in files, on the topic, in the ledger; some at a time."""
        for kept in files:
            notary.take(kept)
        if self.options.kafka:
            if not (path := self.settings.mac_keys_file).exists():
                self.made.skipped.append(skipped("macs", "no-mac-keys", path=path))
            topic = self.settings.topic("checkpoints")
            ends = await ends_of(self.settings, topic)
            if ends is None:
                self.made.skipped.append(skipped("published", "no-topic", topic=topic))
            async for records in everything(self.settings, topic, ends or ()):
                notes = [Kept("topic", record.value or b"") for record in records]
                await asyncio.to_thread(notary.take, notes)  # so that signatures don't keep Kafka waiting
        async with self.connection.transaction():
            async for shard, size, root, note in self.connection.cursor(QUERIES.checkpoints.sql, prefetch=_ROWS):
                notary.take([Kept("ledger", note, (shard, size, root))])
                self.tiled[shard] = size  # the newest comes last

    def _believe(self, notary: Notary) -> None:
        if not notary.keys:
            if notary.seen:
                path = self.settings.checkpoint_keys_file
                self.made.skipped.append(skipped("checkpoints", "no-key", path=path))
            return
        for findings in notary.wrong.values():
            self.made.found.take(findings)
        self.made.signed = notary.signed
        for head in self.made.heads.values():
            if head.size and head.shard not in notary.signed:
                self.made.skipped.append(skipped("signed", "none-kept", shard=head.shard))

    def _head(self, head: Head, events: Iterable[int], receipts: Iterable[int]) -> None:
        """Where a shard stands; what is behind its end is wrong."""
        self.made.heads[head.shard] = head
        findings = Findings(head.shard)
        for position in events:
            findings.add(Kind.BEYOND, position, f"below {head.size}", position)
        for number in receipts:
            findings.add(Kind.RECEIPT_BEYOND, number, f"below {head.next_receipt}", number)
        self.made.found.take(findings)

    async def _at_hand(self) -> None:
        """The archives that were named; their files must be those that left."""
        if not self.options.archives:
            return
        self.archive = await Archive.at(self.connection, self.ledger.id, self.options.archives)
        for held in self.archive.files():
            try:
                found = digest(held.path)[1]
            except NotArchived as error:
                found = str(error)
            if found != held.sha256:
                findings = Findings(held.shard)
                findings.add(Kind.ARCHIVE, held.first, held.sha256, found, file=str(held.path))
                self.made.found.take(findings)

    def _ranges(self, head: Head) -> Iterator[Job]:
        url, shard, left = self.settings.database_url, head.shard, self.made.archived.get(head.shard, [])
        sizes = self.made.signed[shard].sizes()
        for first in range(0, head.size, RANGE):
            end = min(first + RANGE, head.size)
            cuts = tuple(size for size in sizes if first < size <= end)
            gone = tuple(each for each in left if each[0] < end and each[1] >= first)
            yield Range(url, shard, first, end, cuts, self.tiled.get(shard, 0), gone, self.archive)

    def _whole(self, head: Head) -> Iterator[Job]:
        shard, archive, like = head.shard, self.archive, head.shard not in self.made.unlike
        left = self.made.archived.get(shard, [])
        if not all(archive is not None and archive.holds(shard, first) for first, _ in left):
            self.made.skipped.append(skipped("contents", "archived", shard=shard))
            return
        yield Whole(self.settings.database_url, shard, self.ledger, archive, like)
        if not like:
            self.made.skipped.append(skipped("states", "other-fold", shard=shard))

    def _partitions(self, head: Head) -> Iterator[Job]:
        for kind, offsets in self.ends.items():
            if offsets is None or head.shard >= len(offsets):
                findings = Findings(head.shard)
                expected = f"partition {head.shard} of {self.settings.topic(kind)}"
                findings.add(Kind.TOPIC_MISSING, None, expected, None, topic=kind)
                self.made.found.take(findings)
            else:
                size = head.size if kind == "events" else head.next_receipt
                yield Partition(self.settings, kind, head.shard, offsets[head.shard], size, self.ledger.source)
