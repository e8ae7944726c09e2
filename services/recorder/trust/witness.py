"""What was signed of this ledger outside of it: sizes and roots, out of the file of checkpoints, or their topic.

Of a long file some are enough: per shard the newest, and one for every few thousand events before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.merkle import EMPTY_ROOT, Subtree, folded, perfect, root_of
from services.common.settings import Settings
from services.recorder.errors import Contradiction, Misconfigured, Untrusted, silent, unreadable
from services.recorder.kafka import topics
from services.recorder.ledger.database import Connection
from services.recorder.ledger.peaks import over
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.trust import outside, tiles
from services.recorder.trust.checkpoint import verified
from services.recorder.trust.keys import Keys
from services.recorder.trust.note import VerifierKey

APART: Final = 4096  # events
_PATIENCE_MS: Final = 30_000
Witnessed = Mapping[int, dict[int, bytes]]  # shard → size → root


def witnessed(settings: Settings, ledger: UUID) -> Witnessed:
    """Roots by shard and size; empty where there is no file. Raises Misconfigured where the file can't be read."""
    path = settings.checkpoints_file
    if not path.exists() or not settings.checkpoint_keys_file.exists():
        return {}
    keys = Keys.load(settings.checkpoint_keys_file).verifiers
    try:
        kept = _Kept(ledger)
        for note in outside.notes(path):
            kept.take(note)
    except OSError as error:
        raise Misconfigured(
            f"{path}: the checkpoints can't be read ({error.strerror}).",
            f"{path}：无法读取检查点（{error.strerror}）。",
        ) from error
    return kept.verified(keys)


async def all_witnessed(settings: Settings, ledger: UUID) -> Witnessed:
    """The same, with what the topic of checkpoints has. Raises Misconfigured, Unavailable."""
    found = {shard: dict(roots) for shard, roots in witnessed(settings, ledger).items()}
    if not settings.checkpoint_keys_file.exists():
        return found
    kept = _Kept(ledger)
    async for note in _published(settings):
        kept.take(note)
    for shard, roots in kept.verified(Keys.load(settings.checkpoint_keys_file).verifiers).items():
        found.setdefault(shard, {}).update(roots)
    return found


async def _published(settings: Settings) -> AsyncIterator[bytes]:
    topic = settings.topic("checkpoints")
    places = [TopicPartition(topic, p) for p in range(await topics.partitions(settings.kafka, topic))]
    if not places:
        return
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, enable_auto_commit=False, auto_offset_reset="earliest", check_crcs=True
    )
    try:
        await consumer.start()
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        for place, end in ends.items():
            while await consumer.position(place) < end:
                found = await consumer.getmany(place, timeout_ms=_PATIENCE_MS)
                if not found:
                    raise silent(topic, place.partition)
                for record in found[place]:
                    yield record.value or b""
    except KafkaError as error:
        raise unreadable(error) from error
    finally:
        await consumer.stop()


def newest(settings: Settings, ledger: UUID) -> Mapping[int, tuple[int, bytes]]:
    """Size and root of each shard's largest checkpoint; the file is read again when it has changed."""
    files = [_state(path) for path in (settings.checkpoints_file, settings.checkpoint_keys_file)]
    return _newest(settings, ledger, tuple(files))


@lru_cache(maxsize=2)
def _newest(settings: Settings, ledger: UUID, files: tuple[tuple[int, int], ...]) -> Mapping[int, tuple[int, bytes]]:
    del files  # what it is remembered by
    return {shard: max(roots.items()) for shard, roots in witnessed(settings, ledger).items()}


def _state(path: Path) -> tuple[int, int]:
    if not path.exists():
        return 0, 0
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


async def root_at(connection: Connection, shard: int, size: int) -> bytes:
    """The root of the tree over a shard's first events, as the ledger has it; by its tiles where it can be."""
    if await tiles.tiled(connection, shard) < size:
        return root_of(await over(connection, shard, b"", 0, size))
    whole = perfect(0, size)
    try:
        read = await tiles.read(connection, shard, [whole, [Subtree(0, size - 1)]])
        last = read(Subtree(0, size - 1))
        leaf = await STANDING.leaf(connection, shard=shard, position=size - 1)
        return folded([read(subtree) for subtree in whole]) if leaf in {last, None} else EMPTY_ROOT  # None: archived
    except Contradiction:  # tiles that don't hold together are no such tree either
        return EMPTY_ROOT


class _Kept:
    """Notes by shard and stretch of events, the last few of each: the signatures of these only are checked."""

    def __init__(self, ledger: UUID) -> None:
        self._name = str(ledger)
        self._notes: defaultdict[tuple[int, int], list[bytes]] = defaultdict(list)

    def take(self, note: bytes) -> None:
        """Keep it, if it is one of this ledger."""
        origin, _, rest = note.partition(b"\n")
        name, _, shard = origin.decode(errors="replace").rpartition("/")
        size = rest.partition(b"\n")[0]
        if name == self._name and shard.isdecimal() and size.isdigit():
            stretch = self._notes[int(shard), int(size) // APART]
            stretch.append(note)
            del stretch[:-3]

    def verified(self, keys: list[VerifierKey]) -> dict[int, dict[int, bytes]]:
        """Roots by shard and size: of each stretch the last note whose signature holds."""
        found: defaultdict[int, dict[int, bytes]] = defaultdict(dict)
        for (shard, _), notes in self._notes.items():
            for note in reversed(notes):
                if (root := _root(note, keys)) is not None:
                    found[shard][root[0]] = root[1]
                    break
        return found


def _root(note: bytes, keys: list[VerifierKey]) -> tuple[int, bytes] | None:
    try:
        checkpoint = verified(note, keys)
    except Untrusted:
        return None
    return checkpoint.size, checkpoint.root
