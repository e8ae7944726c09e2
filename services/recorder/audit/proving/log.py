"""A ledger as a transparency log: checkpoints, tiles, entries and proofs, as far as they are signed."""

import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiosql

from schemas.trust.identity import shard_of
from schemas.trust.merkle import HASH
from services.recorder.archive.held import QUERIES as ARCHIVED
from services.recorder.archive.held import Archive
from services.recorder.audit import source
from services.recorder.audit.proving.proofs import Consistency, Found, Inclusion, consistent, included
from services.recorder.errors import Missing
from services.recorder.ledger.database import Connection, Pool, reached
from services.recorder.trust import signing, tiles
from services.recorder.trust.signing import Kept
from services.recorder.trust.tiles import WIDTH, At

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("proofs.sql"), "asyncpg", mandatory_parameters=False)
_LEVELS: Final = 8  # of tiles that 2^63 events could fill


class AuditLog:
    """All that an auditor may ask. ``make`` signs a shard as it stands, where a proof needs a newer checkpoint."""

    def __init__(self, pool: Pool, shards: int, make: Callable[[int], Awaitable[Kept]]) -> None:
        self._pool = pool
        self._shards = shards
        self._make = make

    async def checkpoint(self, shard: int) -> Kept:
        """The newest. Raises Missing, Unavailable."""
        async with self.connection() as connection:
            return await self._newest(connection, shard)

    async def shard(self, office: str) -> int:
        """The one that an office is in. Raises Missing, Unavailable."""
        async with self.connection() as connection:
            return await shard_with(connection, self._shards, office)

    async def tile(self, shard: int, at: At, width: int) -> bytes:
        """A tile's first ``width`` hashes, as far as they are signed. Raises Missing, Unavailable."""
        async with self.connection() as connection:
            signed = await self._newest(connection, shard)
            _within(signed.size >> 8 * min(at.level, _LEVELS), at.number, width)
            hashes = (await tiles.fetch(connection, shard, [at])).get(at, b"")[: width * HASH]
        if len(hashes) != width * HASH:
            raise Missing(
                f"shard {shard} lacks tile {at.level}/{at.number}; run `recorder audit verify`",
                f"分片 {shard} 缺少瓦片 {at.level}/{at.number}；请运行 `recorder audit verify`",
            )
        return hashes

    async def entries(self, shard: int, number: int, width: int) -> bytes:
        """The events under a tile of level 0, each after its length in two bytes. Raises Missing, Unavailable."""
        first = number * WIDTH
        async with self.connection() as connection:
            _within((await self._newest(connection, shard)).size, number, width)
            rows = source.QUERIES.bodies(connection, shard=shard, first=first, end=first + width)
            bodies = [row["body"] async for row in rows]
        if len(bodies) != width:
            last = first + width - 1
            raise Missing(
                f"events {first} to {last} of shard {shard} are not all in the ledger: archived?",
                f"分片 {shard} 第 {first} 至 {last} 条事件不全在账本中：是否已归档？",
            )
        return b"".join(struct.pack(">H", len(body)) + body for body in bodies)

    async def event(self, event: UUID, sources: Sequence[Path] = ()) -> Found:
        """An event by its id; an archived one from these folders. Raises Missing, NotArchived, Unavailable."""
        async with self.connection() as connection:
            row = await QUERIES.event(connection, event=event)
            if row is not None:
                return Found(row["shard"], row["position"], row["body"])
            left = await ARCHIVED.left(connection, event=event)
            if left is None:
                raise Missing(f"no event {event} was ever in the ledger", f"账本从未有过事件 {event}")
            shard, position, file = left["shard"], left["position"], left["file"]
            archive = await source.archive_in(connection, sources) if sources else Archive({})
        body = archive.body(shard, position)
        if body is None:
            raise Missing(
                f"the event {event} left the ledger for an archive ({file}): "
                "`recorder audit prove --source FOLDER` takes it from there",
                f"事件 {event} 已移出账本归档（{file}）：请用 `recorder audit prove --source 目录` 从归档中取得",
            )
        return Found(shard, position, body)

    async def inclusion(self, event: Found) -> Inclusion:
        """Prove an event by the newest checkpoint; where that doesn't reach it yet, a new one is signed.

        Raises Contradiction, Misconfigured, Unavailable.
        """
        async with self.connection() as connection:
            signed = await signing.newest(connection, event.shard)
        if signed is None or signed.size <= event.position:
            signed = await self.sign(event.shard)
        async with self.connection() as connection:
            return (await included(connection, [event], signed))[0]

    async def sign(self, shard: int) -> Kept:
        """A checkpoint of the shard as it stands now. Raises Contradiction, Misconfigured, Missing, Unavailable."""
        with reached():
            return await self._make(shard)

    async def consistency(self, shard: int, old: int, new: int | None) -> Consistency:
        """Prove that one checkpoint grew out of another, by default that the newest did.

        Raises Missing, Contradiction, Unavailable.
        """
        async with self.connection() as connection:
            signed = await self._newest(connection, shard)
            new = signed.size if new is None else new
            if old > new:
                raise Missing(
                    f"a tree of {new} events can't have grown out of one of {old}",
                    f"{new} 条事件的树不可能由 {old} 条的树增长而来",
                )
            return await consistent(
                connection, await self._of_size(connection, shard, old), await self._of_size(connection, shard, new)
            )

    async def _of_size(self, connection: Connection, shard: int, size: int) -> Kept:
        try:
            return await signing.of_size(connection, shard, size)
        except Missing as error:
            near = [str(row["size"]) async for row in QUERIES.sizes(connection, shard=shard, size=size)]
            raise Missing(
                f"{error}; those nearest to it have {', '.join(near)}", f"{error.zh}；最近的大小为 {'、'.join(near)}"
            ) from None

    async def _newest(self, connection: Connection, shard: int) -> Kept:
        if not 0 <= shard < self._shards:
            raise Missing(
                f"there is no shard {shard}: they are 0 to {self._shards - 1}",
                f"没有分片 {shard}：分片为 0 至 {self._shards - 1}",
            )
        found = await signing.newest(connection, shard)
        if found is None:
            raise Missing(f"shard {shard} has no checkpoint yet", f"分片 {shard} 尚无检查点")
        return found

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to the ledger. Raises Unavailable, also where it breaks meanwhile."""
        with reached():
            async with self._pool.acquire(timeout=10) as connection:
                yield connection


async def shard_with(connection: Connection, shards: int, office: str) -> int:
    """The shard of an office, which must be there: by a slip another one would be looked at. Raises Missing."""
    shard = shard_of(office, shards)
    if not await QUERIES.known(connection, shard=shard, office=office):
        raise Missing(
            f"nothing was ever recorded of an office {office}; check how it is written",
            f"没有机关 {office} 的任何记录；请核对写法",
        )
    return shard


def _within(signed: int, number: int, width: int) -> None:
    """Raise Missing where a tile's first hashes are not among the signed ones of its level."""
    if number * WIDTH + width > signed:
        raise Missing(f"the newest checkpoint has {signed} hashes at this level", f"最新检查点在该层有 {signed} 个哈希")
