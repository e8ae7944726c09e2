"""Two histories under the same numbers: where they part, and what each of them holds from there on."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from schemas.trust.canonical import leaf_hash
from services.common.telling.both import Both
from services.recorder.ledger import archived
from services.recorder.ledger.database import QUERIES, Pool
from services.recorder.recovery.refilling.tape import Tapes
from services.recorder.recovery.refilling.telling import Remark, remark
from services.recorder.recovery.subject import ending

_AT_ONCE: Final = 1000


class Held(NamedTuple):
    """One event or receipt: its hash, and its bytes; of an archived event the hash alone."""

    digest: bytes
    raw: bytes | None


async def parting(pool: Pool, shard: int, tapes: Tapes, kind: str) -> Remark:
    """Compare both from the beginning. They are known to differ somewhere. Raises Unavailable."""
    tape = tapes.of(kind)
    await tape.begin(0)
    at = 0
    while True:
        mine = await _rows(pool, shard, kind, at)
        theirs = [Held(leaf_hash(each.raw), each.raw) for each in await tape.ahead(_AT_ONCE)]
        pairs = enumerate(zip(mine, theirs, strict=False))
        same = next((index for index, (a, b) in pairs if a.digest != b.digest), None)
        if same is not None or not mine or not theirs:
            break
        shared = min(len(mine), len(theirs))
        tape.take(shared)
        at += shared
    index = same or 0
    at += index
    return remark(
        "fork", shard, kind=kind, at=at,
        ours=await ending(pool, shard, kind) - at if mine[index:] else 0, our_first=_first(mine[index:]),
        theirs=tape.next + tape.left() - at if theirs[index:] else 0, their_first=_first(theirs[index:]),
    )  # fmt: skip


async def _rows(pool: Pool, shard: int, kind: str, first: int) -> list[Held]:
    query = QUERIES.events_from if kind == "events" else QUERIES.receipts_from
    async with pool.acquire() as connection:
        left = await archived.leaves_from(connection, shard, first, _AT_ONCE) if kind == "events" else []
        if left:
            return [Held(leaf, None) for leaf in left]
        rows = query(connection, shard=shard, first=first, count=_AT_ONCE)
        return [Held(leaf_hash(row["body"]), row["body"]) async for row in rows]


def _first(held: Sequence[Held]) -> Both:
    """What one of the two holds first from where they part, and when that was recorded."""
    what, when = ("archived" if held else "-"), "-"
    if held and held[0].raw is not None:
        fields: dict[str, Any] = orjson.loads(held[0].raw)
        what, when = f"{fields['type']} {fields['id']}", fields.get("recordedtime") or fields["recorded_at"]
    return Both(f"{what} of {when}", f"{what}（{when}）")
