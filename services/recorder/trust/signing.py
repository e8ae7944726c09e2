"""Checkpoints are made here: the tiles grow, the tree is held against all that is known of it, then it is signed.

Refused where tiles and peaks have different roots, or where the tree doesn't extend the last checkpoint in the ledger
and the last one in the file outside: then somebody changed what was signed. A size is signed once, for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiosql
import asyncpg

from schemas.trust import merkle
from services.common.faults import fault
from services.common.settings import Settings
from services.recorder.errors import Contradiction, Misconfigured, Missing
from services.recorder.ledger.database import Connection, Ledger, Pool
from services.recorder.trust import keys, tiles, witness
from services.recorder.trust.checkpoint import Checkpoint, origin_of
from services.recorder.trust.keys import Keys

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("signing.sql"), "asyncpg", mandatory_parameters=False)
NAMED: Final = "CHENGZHANG_CHECKPOINTS_FILE names the file."
NAMED_ZH: Final = "该文件由 CHENGZHANG_CHECKPOINTS_FILE 指定。"
_LOOK: Final = "Nothing is signed. `recorder audit verify` says what was changed."
_LOOK_ZH: Final = "不再签名。请运行 `recorder audit verify` 查明被改之处。"
LARGEST_STEP: Final = 8192  # leaves a transaction, so that nothing else in the process waits for long
_LOCK: Final = 0x6370  # advisory locks: (class, shard)


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as the ledger keeps it."""

    shard: int
    size: int
    root: bytes
    note: bytes
    made_at: datetime

    @classmethod
    def of(cls, shard: int, row: asyncpg.Record) -> Kept:
        """From a row of ledger.checkpoint."""
        return cls(shard, row["size"], row["root"], row["note"], row["made_at"])


async def newest(connection: Connection, shard: int) -> Kept | None:
    """The shard's newest checkpoint."""
    row = await QUERIES.newest(connection, shard=shard)
    return None if row is None else Kept.of(shard, row)


async def of_size(connection: Connection, shard: int, size: int) -> Kept:
    """The shard's checkpoint of that size. Raises Missing."""
    row = await QUERIES.of_size(connection, shard=shard, size=size)
    if row is None:
        raise Missing(f"shard {shard} has no checkpoint of size {size}", f"分片 {shard} 没有大小为 {size} 的检查点")
    return Kept.of(shard, row)


class Checkpoints:
    """A ledger's checkpoints, to be made."""

    def __init__(self, pool: Pool, ledger: Ledger, settings: Settings) -> None:
        """Read nothing yet."""
        self._pool = pool
        self._ledger = ledger
        self._settings = settings
        self._outside: Mapping[int, tuple[int, bytes]] | None = None
        self._signed: dict[int, Kept] = {}  # the largest of each shard that this process signed or saw signed

    async def keys(self) -> Keys:
        """The keys that sign; made where nothing was ever signed here. Raises Misconfigured."""
        path, name = self._settings.checkpoint_keys_file, str(self._ledger.id)
        async with self._pool.acquire(timeout=10) as connection:
            signed = await QUERIES.any_signed(connection)
        found = Keys.load(path) if signed else keys.ensure(path, name)
        if found.verifiers[0].name != name:
            holder = found.verifiers[0].name
            raise Misconfigured(
                f"{path} holds the keys of {holder}, this is the ledger {name}.",
                f"{path} 中是 {holder} 的密钥，而本账本是 {name}。",
            )
        return found

    async def make(self, shard: int) -> Kept:
        """Sign the shard's tree as it stands; where that was done before, check it again and give what was signed.

        Raises Contradiction, Misconfigured, Missing where the shard has no event yet.
        """
        signing = await self.keys()
        known = await self._known_outside()
        while True:
            async with self._locked(shard) as connection:
                kept = await self._step(connection, shard, signing, known.get(shard))
            if kept is not None:
                self._signed[shard] = kept
                fault("checkpoint-stored")
                return kept

    async def _known_outside(self) -> Mapping[int, tuple[int, bytes]]:
        """The newest checkpoints of the file outside, read once: what this process adds, it remembers itself."""
        if self._outside is None:
            self._outside = await asyncio.to_thread(witness.newest, self._settings, self._ledger.id)
        return self._outside

    @asynccontextmanager
    async def _locked(self, shard: int) -> AsyncIterator[Connection]:
        async with self._pool.acquire(timeout=10) as connection, connection.transaction():
            await QUERIES.lock(connection, lock=_LOCK, shard=shard)
            yield connection

    async def _step(
        self, connection: Connection, shard: int, signing: Keys, known: tuple[int, bytes] | None
    ) -> Kept | None:
        """Extend the tiles; sign if they are whole by now."""
        head = await QUERIES.head(connection, shard=shard)
        size: int = head["size"]
        last = await newest(connection, shard)
        mine = self._signed.get(shard)  # the ledger may have gone back behind it
        before = [(each.size, each.root) for each in (last, mine) if each is not None] + ([known] if known else [])
        if not size and not before:
            raise Missing(f"shard {shard} has no events yet", f"分片 {shard} 尚无事件")
        if not await _whole(connection, shard, size):
            return None
        root = await _checked(connection, shard, size, merkle.root_of(head["peaks"]), before)
        if last is not None and last.size == size:
            return last
        return await self._sign(connection, shard, Checkpoint(origin_of(self._ledger.id, shard), size, root), signing)

    async def _sign(self, connection: Connection, shard: int, checkpoint: Checkpoint, signing: Keys) -> Kept:
        note = checkpoint.signed(signing.signing)
        fault("checkpoint-signed")
        made_at = await QUERIES.keep(connection, shard=shard, size=checkpoint.size, root=checkpoint.root, note=note)
        return Kept(shard, checkpoint.size, checkpoint.root, note, made_at)


async def _whole(connection: Connection, shard: int, size: int) -> bool:
    """Extend the tiles by a step, and say whether they reach ``size``."""
    held = await tiles.tiled(connection, shard)
    end = min(size, held + LARGEST_STEP)
    if held < end:
        await tiles.extend(connection, shard, held, end)
        fault("tiles-extended")
    return end == size


async def _checked(
    connection: Connection, shard: int, size: int, peaks_root: bytes, before: Sequence[tuple[int, bytes]]
) -> bytes:
    """The root of the shard's tree, once tiles, peaks and earlier sizes and roots agree. Raises Contradiction."""
    for old, _ in before:
        if old > size:
            raise Contradiction(
                f"shard {shard} has {size} events, but {old} were signed: the ledger lost events. "
                "`recorder recover` brings back what the topic still has.",
                f"分片 {shard} 有 {size} 条事件，而已签名 {old} 条：账本丢失了事件。"
                "请用 `recorder recover` 从主题找回。",
            )
    parts = [merkle.perfect(0, size), *(part for old, _ in before for part in merkle.consistency_parts(old, size))]
    read = await tiles.read(connection, shard, parts)
    root = merkle.root(size, read)
    if root != peaks_root:
        raise Contradiction(
            f"shard {shard}: the tiles have another root than the peaks at {size} events. {_LOOK}",
            f"分片 {shard}：{size} 条事件处，瓦片与树峰的根不同。{_LOOK_ZH}",
        )
    for old, old_root in before:
        proof = merkle.consistency_proof(old, size, read)
        if not merkle.verify_consistency(old, old_root, size, root, proof):
            raise Contradiction(
                f"shard {shard}: the history up to {size} is not the one that was signed at {old}. {_LOOK}",
                f"分片 {shard}：至 {size} 条的历史与在 {old} 条处签名的不是同一历史。{_LOOK_ZH}",
            )
    return root
