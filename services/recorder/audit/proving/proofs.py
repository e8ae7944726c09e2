"""Proofs for others to check: RFC 6962 hashes, in the files that C2SP tlog-proof describes, never handed out unchecked.

Each takes a few look-ups, the same for a hundred events as for ten million: an event, a checkpoint or two, some tiles.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from schemas.trust import merkle
from schemas.trust.canonical import leaf_hash
from services.recorder.errors import Contradiction
from services.recorder.ledger.database import Connection
from services.recorder.trust import tiles
from services.recorder.trust.signing import Kept

Json = dict[str, Any]
_HEADER: Final = "c2sp.org/tlog-proof@v1"
_LOOK: Final = "`recorder audit verify` says what was changed."
_LOOK_ZH: Final = "请运行 `recorder audit verify` 查明被改之处。"


class Found(NamedTuple):
    """An event, where it is, and its exact bytes."""

    shard: int
    position: int
    body: bytes


class Inclusion(NamedTuple):
    """That an event is in the tree that a checkpoint signs."""

    event: Found
    checkpoint: Kept
    hashes: list[bytes]

    def text(self) -> bytes:
        """As a tlog-proof file."""
        lines = [_HEADER, f"index {self.event.position}", *map(encoded, self.hashes)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint.note

    def as_json(self) -> Json:
        """As programs get it."""
        event, hashes = self.event, [*map(encoded, self.hashes)]
        told = {"shard": event.shard, "index": event.position, "body": event.body.decode(), "hashes": hashes}
        return told | {"checkpoint": said_by(self.checkpoint)}


class Consistency(NamedTuple):
    """That the tree of a newer checkpoint begins with all leaves of an older one."""

    old: Kept
    new: Kept
    hashes: list[bytes]

    def lines(self) -> bytes:
        """The hashes in base64, one a line."""
        return "".join(f"{encoded(each)}\n" for each in self.hashes).encode()

    def as_json(self) -> Json:
        """As programs get it."""
        told = {"shard": self.old.shard, "old": said_by(self.old), "new": said_by(self.new)}
        return told | {"hashes": [*map(encoded, self.hashes)]}


def said_by(kept: Kept) -> Json:
    """A checkpoint, for programs: what it says, and the signed note itself."""
    note = kept.note.decode()
    return {"origin": note.partition("\n")[0], "size": kept.size, "root": encoded(kept.root), "note": note}


def encoded(value: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(value).decode()


async def included(connection: Connection, events: Sequence[Found], checkpoint: Kept) -> list[Inclusion]:
    """Prove that events are in the tree of their shard's checkpoint, which must reach them: one statement.

    Raises Contradiction.
    """
    size = checkpoint.size
    parts = [part for event in events for part in merkle.inclusion_parts(event.position, size)]
    read = await tiles.read(connection, checkpoint.shard, parts)
    made = [Inclusion(event, checkpoint, merkle.inclusion_proof(event.position, size, read)) for event in events]
    for (shard, position, body), _, hashes in made:
        if not merkle.verify_inclusion(leaf_hash(body), position, size, hashes, checkpoint.root):
            raise Contradiction(
                f"event {shard}:{position} is not what was signed: its bytes or tiles were changed. {_LOOK}",
                f"事件 {shard}:{position} 与已签名的不符：其内容或瓦片被改动。{_LOOK_ZH}",
            )
    return made


async def consistent(connection: Connection, old: Kept, new: Kept) -> Consistency:
    """Prove that one checkpoint's tree grew out of another's of the shard. Raises Contradiction."""
    read = await tiles.read(connection, old.shard, merkle.consistency_parts(old.size, new.size))
    hashes = merkle.consistency_proof(old.size, new.size, read)
    if not merkle.verify_consistency(old.size, old.root, new.size, new.root, hashes):
        raise Contradiction(
            f"shard {old.shard}: what was signed at {new.size} did not grow out of what was at {old.size}. {_LOOK}",
            f"分片 {old.shard}：在 {new.size} 处签名的历史并非由 {old.size} 处的历史增长而来。{_LOOK_ZH}",
        )
    return Consistency(old, new, hashes)
