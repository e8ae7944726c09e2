"""A shard's stored states: read as this code's fold made them, or not at all.

The shard's row says which fold they are of. Where it is an older one, a recorder makes them anew before it decides by
them (``recovery/refolding.py``); where it is a newer one, a recorder of that version goes on, and this one doesn't.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import asyncpg

from services.common.telling.both import Both
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger.database import QUERIES, Connection
from services.recorder.ledger.mode import noted
from services.recorder.ledger.reasons import reason

if TYPE_CHECKING:  # what shows the status needs no domain
    from services.recorder.domain.deciding.core import Key


async def read(connection: Connection, wanted: Sequence[tuple[int, Key]]) -> list[asyncpg.Record]:
    """Shard, kind, key, version and JSON of these states, each of its shard, as far as they exist."""
    shards, kinds, names = [shard for shard, _ in wanted], [key[0] for _, key in wanted], [key[1] for _, key in wanted]
    found = QUERIES.read_states(connection, shards=shards, fold_version=FOLD_VERSION, kinds=kinds, keys=names)
    return [record async for record in found]


def unlike(stored: int) -> Both | None:
    """Why states of that fold can't be decided by; None where they can."""
    if stored == FOLD_VERSION:
        return None
    return reason("older-states" if stored < FOLD_VERSION else "newer-states", stored=stored, ours=FOLD_VERSION)


async def unlike_in(connection: Connection) -> dict[int, Both]:
    """The shards whose states can't be decided by now, and why; what their fold waits for, if it does."""
    rows = QUERIES.unlike(connection, fold_version=FOLD_VERSION)
    found = {row["shard"]: noted(row) or unlike(row["fold_version"]) async for row in rows}
    return {shard: why for shard, why in found.items() if why is not None}


async def covered(connection: Connection, shards: Collection[int]) -> dict[int, int]:
    """How many of each shard's events its states tell of: none where they can't be read."""
    rows = QUERIES.sizes(connection, shards=list(shards))
    return {row["shard"]: row["size"] if row["fold_version"] == FOLD_VERSION else 0 async for row in rows}
