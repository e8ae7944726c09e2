"""Two histories under the same numbers: where they part, and what each of them holds from there on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from schemas.canonical import leaf_hash
from services.recorder.ledger import archived
from services.recorder.ledger.database import Pool
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.recovery.queries import QUERIES
from services.recorder.recovery.refilling.tape import Tape, Tapes

_AT_ONCE: Final = 1000


class Held(NamedTuple):
    """One event or receipt: its hash, and its bytes; of an archived event the hash alone."""

    digest: bytes
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two histories from where they part: the first thing that it holds there, and how many in all."""

    first: str
    recorded: str
    count: int


@dataclass(frozen=True, slots=True)
class Fork:
    """Ledger and topic differ. ``kind``: events or receipts; ``at``: the first position or number that differs."""

    shard: int
    kind: str
    at: int
    ledger: Side
    topic: Side


async def parting(pool: Pool, shard: int, tapes: Tapes, kind: str) -> Fork:
    """Compare both from the beginning. They are known to differ somewhere. Raises Unavailable."""
    one: Tape[Any] = tapes.events if kind == "events" else tapes.receipts
    await one.begin(0)
    at = 0
    while True:
        mine = await _rows(pool, shard, kind, at)
        theirs = [Held(leaf_hash(each.raw), each.raw) for each in await one.ahead(_AT_ONCE)]
        pairs = enumerate(zip(mine, theirs, strict=False))
        same = next((index for index, (a, b) in pairs if a.digest != b.digest), None)
        if same is not None or not mine or not theirs:
            break
        shared = min(len(mine), len(theirs))
        one.take(shared)
        at += shared
    index = same or 0
    ends = await _ledger_end(pool, shard, kind), one.next + one.left()
    return Fork(
        shard, kind, at + index, _side(mine[index:], ends[0] - at - index), _side(theirs[index:], ends[1] - at - index)
    )


async def _rows(pool: Pool, shard: int, kind: str, first: int) -> list[Held]:
    query = QUERIES.events if kind == "events" else QUERIES.receipts
    column = "body" if kind == "events" else "receipt"
    async with pool.acquire() as connection:
        left = await archived.leaves_from(connection, shard, first, _AT_ONCE) if kind == "events" else []
        if left:
            return [Held(leaf, None) for leaf in left]
        rows = [row[column] async for row in query(connection, shard=shard, first=first, count=_AT_ONCE)]
    return [Held(leaf_hash(raw), raw) for raw in rows]


async def _ledger_end(pool: Pool, shard: int, kind: str) -> int:
    async with pool.acquire() as connection:
        row = await STANDING.stand(connection, shard=shard)
    return int(row["size"] if kind == "events" else row["next_receipt"])


def _side(held: Sequence[Held], count: int) -> Side:
    if not held:
        return Side("-", "-", 0)
    if held[0].raw is None:
        return Side("archived", "-", count)
    fields: dict[str, Any] = orjson.loads(held[0].raw)
    return Side(f"{fields['type']} {fields['id']}", fields.get("recordedtime") or fields["recorded_at"], count)
