"""The tree in tiles, as C2SP tlog-tiles has them: grown from leaf hashes, and read back for proofs.

A tile of level l holds the roots of up to 256 perfect subtrees of height 8·l: at level 0 leaf hashes, above it the
roots of whole tiles below. What lies between is hashed anew when it is asked for, from one tile.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiosql

from schemas.trust.merkle import HASH, Part, Reader, Subtree, extended, root_of, split
from services.recorder.errors import Contradiction
from services.recorder.ledger.database import Connection

WIDTH: Final = 256  # hashes of a full tile
_HEIGHT: Final = 8  # levels of the tree in a tile
_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("tiles.sql"), "asyncpg", mandatory_parameters=False)


class At(NamedTuple):
    """Where a tile is."""

    level: int
    number: int


class Tile(NamedTuple):
    """A tile, full or partial."""

    at: At
    hashes: bytes


Tiles = Mapping[At, bytes]


# --- pure ---


def edge(size: int) -> list[At]:
    """The partial tiles of a tree of that size, one a level at most."""
    found: list[At] = []
    level = 0
    while size:
        if size % WIDTH:
            found.append(At(level, size // WIDTH))
        level, size = level + 1, size // WIDTH
    return found


def grown(partial: Tiles, size: int, leaves: Sequence[bytes]) -> list[Tile]:
    """The tiles that are new or longer once these leaves are appended to a tree of ``size``.

    ``partial``: the tiles at its edge.
    """
    found: list[Tile] = []
    level, fresh = 0, leaves
    while fresh:
        number = size // WIDTH
        hashes = [*split(partial[At(level, number)] if size % WIDTH else b""), *fresh]
        tiles = [b"".join(hashes[first : first + WIDTH]) for first in range(0, len(hashes), WIDTH)]
        found += [Tile(At(level, number + index), tile) for index, tile in enumerate(tiles)]
        fresh = [_root(tile) for tile in tiles if len(tile) == WIDTH * HASH]
        level, size = level + 1, number
    return found


def needed(parts: Iterable[Part]) -> list[At]:
    """The tiles that these parts of proofs are read from."""
    return sorted({_place(subtree)[0] for part in parts for subtree in part})


def reader(tiles: Tiles) -> Reader:
    """Roots of perfect subtrees, out of these tiles. The reader raises Contradiction where a tile is too short."""

    def read(subtree: Subtree) -> bytes:
        at, first, width = _place(subtree)
        hashes = tiles.get(at, b"")[first * HASH : (first + width) * HASH]
        if len(hashes) != width * HASH:
            last = first + width - 1
            raise Contradiction(
                f"tile {at.level}/{at.number} lacks hashes {first} to {last}",
                f"瓦片 {at.level}/{at.number} 缺少第 {first} 至 {last} 个哈希",
            )
        return _root(hashes)

    return read


def _place(subtree: Subtree) -> tuple[At, int, int]:
    """The tile that a subtree lies in, its first hash there, and how many hashes it spans."""
    level, height = divmod(subtree.height, _HEIGHT)
    first = subtree.number << height
    return At(level, first // WIDTH), first % WIDTH, 1 << height


def _root(hashes: bytes) -> bytes:
    return root_of(extended(b"", 0, split(hashes)))


# --- in the ledger ---


async def fetch(connection: Connection, shard: int, wanted: Sequence[At]) -> dict[At, bytes]:
    """These tiles, as far as they exist: one statement."""
    levels, numbers = [at.level for at in wanted], [at.number for at in wanted]
    rows = _QUERIES.tiles(connection, shard=shard, levels=levels, numbers=numbers)
    return {At(row["level"], row["number"]): row["hashes"] async for row in rows}


async def read(connection: Connection, shard: int, parts: Iterable[Part]) -> Reader:
    """A reader for these parts of proofs: one statement, a few tiles a level of the tree."""
    return reader(await fetch(connection, shard, needed(parts)))


async def tiled(connection: Connection, shard: int) -> int:
    """How many leaves the shard's tiles hold."""
    return await _QUERIES.tiled(connection, shard=shard) or 0


async def extend(connection: Connection, shard: int, size: int, end: int) -> None:
    """Extend tiles that hold ``size`` leaves up to ``end``. Within a transaction; raises Contradiction."""
    leaves = [row["leaf_hash"] async for row in _QUERIES.leaves(connection, shard=shard, first=size, end=end)]
    if len(leaves) != end - size:
        raise Contradiction(
            f"the ledger lacks events of shard {shard} between {size} and {end}",
            f"账本缺少分片 {shard} 在 {size} 至 {end} 之间的事件",
        )
    tiles = grown(await fetch(connection, shard, edge(size)), size, leaves)
    await _QUERIES.put_tiles(
        connection,
        shard=shard,
        levels=[tile.at.level for tile in tiles],
        numbers=[tile.at.number for tile in tiles],
        hashes=[tile.hashes for tile in tiles],
    )
