"""Proofs for others to check: RFC 6962 hashes, in the files that C2SP tlog-proof describes, never handed out unchecked.

Each takes a few look-ups, the same for a hundred events as for ten million: an event, a checkpoint or two, some tiles.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiosql

from schemas import merkle
from schemas.canonical import leaf_hash
from services.recorder.archive.held import QUERIES as ARCHIVED
from services.recorder.archive.held import Archive
from services.recorder.errors import Contradiction, Missing
from services.recorder.ledger.database import Connection, founded
from services.recorder.trust import signing, tiles
from services.recorder.trust.signing import Kept

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("proofs.sql"), "asyncpg", mandatory_parameters=False)
_HEADER: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Found:
    """An event, where it is, and its exact bytes."""

    shard: int
    position: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an event is in the tree that a checkpoint signs."""

    event: Found
    checkpoint: Kept
    hashes: list[bytes]

    def text(self) -> bytes:
        """As a tlog-proof file."""
        lines = [_HEADER, f"index {self.event.position}", *map(encoded, self.hashes)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.checkpoint.note


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the tree of a newer checkpoint begins with all leaves of an older one."""

    old: Kept
    new: Kept
    hashes: list[bytes]

    def lines(self) -> bytes:
        """The hashes in base64, one a line."""
        return "".join(f"{encoded(each)}\n" for each in self.hashes).encode()


def encoded(value: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(value).decode()


async def locate(connection: Connection, event: UUID, sources: Sequence[Path] = ()) -> Found:
    """Find an event; one that left the ledger, in the archives ``sources``. Raises Missing, NotArchived."""
    row = await QUERIES.event(connection, event=event)
    if row is not None:
        return Found(row["shard"], row["position"], row["body"])
    left = await ARCHIVED.left(connection, event=event)
    if left is None:
        raise Missing(f"no event {event} was ever in the ledger", f"账本从未有过事件 {event}")
    if sources:
        body = (await _archive(connection, sources)).body(left["shard"], left["position"])
        if body is not None:
            return Found(left["shard"], left["position"], body)
    raise Missing(
        f"the event {event} left the ledger for an archive ({left['file']}): "
        "`recorder audit prove --source FOLDER` takes it from there",
        f"事件 {event} 已移出账本归档（{left['file']}）：请用 `recorder audit prove --source 目录` 从归档中取得",
    )


async def _archive(connection: Connection, folders: Sequence[Path]) -> Archive:
    return await Archive.at(connection, (await founded(connection)).id, folders)


async def inclusion(connection: Connection, event: Found, checkpoint: Kept) -> Inclusion:
    """Prove that the event is in the checkpoint's tree, which must reach it. Raises Contradiction."""
    return (await inclusions(connection, [event], checkpoint))[0]


async def inclusions(connection: Connection, events: Sequence[Found], checkpoint: Kept) -> list[Inclusion]:
    """Prove the same of many events of the checkpoint's shard, by one statement. Raises Contradiction."""
    parts = [part for event in events for part in merkle.inclusion_parts(event.position, checkpoint.size)]
    read = await tiles.read(connection, checkpoint.shard, parts)
    return [_inclusion(event, checkpoint, read) for event in events]


def _inclusion(event: Found, checkpoint: Kept, read: merkle.Reader) -> Inclusion:
    hashes = merkle.inclusion_proof(event.position, checkpoint.size, read)
    leaf = leaf_hash(event.body)
    if not merkle.verify_inclusion(leaf, event.position, checkpoint.size, hashes, checkpoint.root):
        raise Contradiction(
            f"event {event.shard}:{event.position} is not what was signed: its bytes or tiles were changed. {_LOOK}",
            f"事件 {event.shard}:{event.position} 与已签名的不符：其内容或瓦片被改动。{_LOOK_ZH}",
        )
    return Inclusion(event, checkpoint, hashes)


async def consistency(connection: Connection, shard: int, old: int, new: int) -> Consistency:
    """Prove that one checkpoint's tree grew out of another's. Raises Missing, Contradiction."""
    before, after = await _signed(connection, shard, old), await _signed(connection, shard, new)
    read = await tiles.read(connection, shard, merkle.consistency_parts(old, new))
    hashes = merkle.consistency_proof(old, new, read)
    if not merkle.verify_consistency(old, before.root, new, after.root, hashes):
        raise Contradiction(
            f"shard {shard}: what was signed at {new} did not grow out of what was at {old}. {_LOOK}",
            f"分片 {shard}：在 {new} 处签名的历史并非由 {old} 处的历史增长而来。{_LOOK_ZH}",
        )
    return Consistency(before, after, hashes)


_LOOK: Final = "`recorder audit verify` says what was changed."
_LOOK_ZH: Final = "请运行 `recorder audit verify` 查明被改之处。"


async def _signed(connection: Connection, shard: int, size: int) -> Kept:
    try:
        return await signing.of_size(connection, shard, size)
    except Missing as error:
        near = [str(row["size"]) async for row in QUERIES.sizes(connection, shard=shard, size=size)]
        if not near:
            raise Missing(f"shard {shard} has no checkpoints yet", f"分片 {shard} 尚无检查点") from error
        raise Missing(
            f"{error}; those nearest to it have {', '.join(near)}", f"{error.zh}；最近的大小为 {'、'.join(near)}"
        ) from None
