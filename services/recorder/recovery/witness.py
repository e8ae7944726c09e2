"""What was signed of this ledger outside of it: sizes and roots, out of the file of checkpoints.

Of a long file some are enough: per shard the newest, and one for every few thousand events before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from schemas.merkle import EMPTY_ROOT, Subtree, folded, perfect, root_of
from services.common.settings import Settings
from services.recorder.audit import outside, tiles
from services.recorder.audit.checkpoint import verified
from services.recorder.audit.keys import Keys
from services.recorder.audit.note import VerifierKey
from services.recorder.errors import Contradiction, Misconfigured, Untrusted
from services.recorder.ledger.database import Connection
from services.recorder.ledger.peaks import over
from services.recorder.recovery.queries import QUERIES

APART: Final = 4096  # events
Witnessed = Mapping[int, dict[int, bytes]]  # shard → size → root


def witnessed(settings: Settings, ledger: UUID) -> Witnessed:
    """Roots by shard and size; empty where there is no file. Raises Misconfigured where the file can't be read."""
    path = settings.checkpoints_file
    found: defaultdict[int, dict[int, bytes]] = defaultdict(dict)
    if not path.exists() or not settings.checkpoint_keys_file.exists():
        return found
    keys = Keys.load(settings.checkpoint_keys_file).verifiers
    try:
        for (shard, _), notes in _candidates(settings, ledger).items():
            for note in reversed(notes):
                if (root := _root(note, keys)) is not None:
                    found[shard][root[0]] = root[1]
                    break
    except OSError as error:
        raise Misconfigured(f"{path}: the checkpoints can't be read ({error.strerror}).") from error
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


async def root_at(connection: Connection, shard: int, size: int) -> bytes:
    """The root of the tree over a shard's first events, as the ledger has it; by its tiles where it can be."""
    if await tiles.tiled(connection, shard) < size:
        return root_of(await over(connection, shard, b"", 0, size))
    whole = perfect(0, size)
    try:
        read = await tiles.read(connection, shard, [whole, [Subtree(0, size - 1)]])
        last = read(Subtree(0, size - 1))
        leaf = await QUERIES.leaf(connection, shard=shard, position=size - 1)
        return folded([read(subtree) for subtree in whole]) if leaf in {last, None} else EMPTY_ROOT  # None: archived
    except Contradiction:  # tiles that don't hold together are no such tree either
        return EMPTY_ROOT


def _candidates(settings: Settings, ledger: UUID) -> dict[tuple[int, int], list[bytes]]:
    """The notes by shard and stretch, the last few of each: signatures are checked of these only."""
    kept: defaultdict[tuple[int, int], list[bytes]] = defaultdict(list)
    for note in outside.notes(settings.checkpoints_file):
        origin, _, rest = note.partition(b"\n")
        name, _, shard = origin.decode(errors="replace").rpartition("/")
        size = rest.partition(b"\n")[0]
        if name == str(ledger) and shard.isdecimal() and size.isdigit():
            stretch = kept[int(shard), int(size) // APART]
            stretch.append(note)
            del stretch[:-3]
    return kept


def _root(note: bytes, keys: list[VerifierKey]) -> tuple[int, bytes] | None:
    try:
        checkpoint = verified(note, keys)
    except Untrusted:
        return None
    return checkpoint.size, checkpoint.root
