"""What was signed of this ledger outside of it: sizes and roots, out of the file of checkpoints, or their topic.

Of a long file some are enough: per shard the newest, and one for every few thousand events before it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from schemas.trust.merkle import EMPTY_ROOT, Subtree, extended, folded, perfect, root_of
from services.common.settings import Settings
from services.recorder.errors import Contradiction, Untrusted
from services.recorder.kafka.fetching import ends_of, everything
from services.recorder.ledger.database import Connection
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.trust import outside, tiles
from services.recorder.trust.checkpoint import verified
from services.recorder.trust.keys import Keys
from services.recorder.trust.note import VerifierKey

APART: Final = 4096  # events
_LEAVES: Final = 50_000  # hashes in memory
Witnessed = Mapping[int, dict[int, bytes]]  # shard → size → root


def witnessed(settings: Settings, ledger: UUID) -> Witnessed:
    """Roots by shard and size; empty where there is no file. Raises Misconfigured where the file can't be read."""
    path = settings.checkpoints_file
    if not path.exists() or not settings.checkpoint_keys_file.exists():
        return {}
    return in_file(path, ledger, Keys.load(settings.checkpoint_keys_file).verifiers)


def in_file(path: Path, ledger: UUID, keys: list[VerifierKey]) -> Witnessed:
    """The same of one file, as far as these keys signed it."""
    kept = _Kept(ledger)
    for note in outside.notes(path):
        kept.take(note)
    return kept.verified(keys)


async def all_witnessed(settings: Settings, ledger: UUID) -> Witnessed:
    """The same, with what the topic of checkpoints has. Raises Misconfigured, Unavailable."""
    found = {shard: dict(roots) for shard, roots in witnessed(settings, ledger).items()}
    if not settings.checkpoint_keys_file.exists():
        return found
    kept = _Kept(ledger)
    topic = settings.topic("checkpoints")
    async for records in everything(settings, topic, await ends_of(settings, topic) or ()):
        for record in records:
            kept.take(record.value or b"")
    for shard, roots in kept.verified(Keys.load(settings.checkpoint_keys_file).verifiers).items():
        found.setdefault(shard, {}).update(roots)
    return found


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


class Broken(NamedTuple):
    """Where a history is no longer what was signed: the last size that fits, 0 where none does; the first that doesn't.

    ``failing``: how many sizes don't.
    """

    good: int
    first: int
    failing: int


def broken(signed: Iterable[tuple[int, bytes]], roots: Mapping[int, bytes]) -> Broken | None:
    """Hold sizes and roots that were signed against the roots that a history has; None where all of them fit."""
    notes = sorted(signed)
    failing = [size for size, root in notes if roots.get(size) != root]
    if not failing:
        return None
    return Broken(max((size for size, _ in notes if size < failing[0]), default=0), failing[0], len(failing))


async def broken_in(connection: Connection, shard: int, signed: Mapping[int, bytes]) -> Broken | None:
    """The same for the shard as the ledger has it, which is as large as any of them."""
    return broken(signed.items(), {size: await root_at(connection, shard, size) for size in signed})


async def root_at(connection: Connection, shard: int, size: int) -> bytes:
    """The root of the tree over a shard's first events, as the ledger has it; by its tiles where it can be."""
    if await tiles.tiled(connection, shard) < size:
        return root_of(await _peaks(connection, shard, size))
    whole = perfect(0, size)
    try:
        read = await tiles.read(connection, shard, [whole, [Subtree(0, size - 1)]])
        last = read(Subtree(0, size - 1))
        leaf = await STANDING.leaf(connection, shard=shard, position=size - 1)
        return folded([read(subtree) for subtree in whole]) if leaf in {last, None} else EMPTY_ROOT  # None: archived
    except Contradiction:  # tiles that don't hold together are no such tree either
        return EMPTY_ROOT


async def _peaks(connection: Connection, shard: int, size: int) -> bytes:
    """The peaks of the tree over a shard's first leaves."""
    peaks = b""
    for first in range(0, size, _LEAVES):
        count = min(_LEAVES, size - first)
        rows = STANDING.leaves(connection, shard=shard, first=first, count=count)
        peaks = extended(peaks, first, [row["leaf_hash"] async for row in rows])
    return peaks


def spoken_of(note: bytes, ledger: UUID) -> tuple[int | None, int | None]:
    """The shard and size that an unverified note speaks of, as far as it is this ledger's."""
    origin, _, rest = note.partition(b"\n")
    name, _, shard = origin.decode(errors="replace").rpartition("/")
    if name != str(ledger) or not shard.isascii() or not shard.isdigit():
        return None, None
    size = rest.partition(b"\n")[0]
    return int(shard), int(size) if size.isdigit() else None


class _Kept:
    """Notes by shard and stretch of events, the last few of each: the signatures of these only are checked."""

    def __init__(self, ledger: UUID) -> None:
        self._ledger = ledger
        self._notes: defaultdict[tuple[int, int], list[bytes]] = defaultdict(list)

    def take(self, note: bytes) -> None:
        """Keep it, if it is one of this ledger."""
        shard, size = spoken_of(note, self._ledger)
        if shard is not None and size is not None:
            stretch = self._notes[shard, size // APART]
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
