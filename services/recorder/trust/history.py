"""History never forks.

Before a recorder appends to a shard, it holds the ledger against what the topics have at their ends, and against the
newest checkpoint that was signed outside of it.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
import structlog

from schemas.trust.canonical import leaf_hash
from services.common.kafka.macs import Strangers
from services.common.settings import Settings
from services.common.telling.both import Both
from services.recorder.errors import Misconfigured
from services.recorder.kafka.marks import macs_of
from services.recorder.kafka.tails import Tail, tails
from services.recorder.ledger import archived, mode, states
from services.recorder.ledger.database import QUERIES, Connection, Ledger, Pool
from services.recorder.ledger.reasons import reason
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.trust import strangers
from services.recorder.trust.witness import broken_in, newest

Log: Final = structlog.get_logger("history")
Signed = Mapping[int, tuple[int, bytes]]  # shard → size and root of its newest checkpoint
_BY_SIGNATURE: Final = frozenset({"short", "changed"})  # reasons for which a checkpoint stands


@dataclass(frozen=True, slots=True)
class Found:
    """What a topic's end says: the next position or number to publish, and why the shard must not go on, if so.

    ``differs``: both hold something else under the same number. ``strangers``: foreign records behind it.
    """

    next: int
    reason: Both | None = None
    differs: bool = False
    strangers: Strangers = field(default_factory=Strangers)


async def check_all(pool: Pool, ledger: Ledger, settings: Settings, *, alone: bool = False) -> dict[int, Both | None]:
    """For every shard why it is read-only, None where ledger and topics fit; also noted, for all recorders.

    ``alone``: no other recorder runs, so that nobody is there to know more of a checkpoint than this process does.
    """
    reasons = await check(pool, ledger, settings, range(ledger.shards), alone=alone)
    for shard, why in reasons.items():
        if why and why.word != "older-states":  # these are mended by this recorder, which says so
            Log.error("shard-read-only", shard=shard, reason=str(why))
    return reasons


async def check(
    pool: Pool, ledger: Ledger, settings: Settings, shards: Collection[int], *, alone: bool = False
) -> dict[int, Both | None]:
    """The same for these shards, without a word in the log."""
    reasons: dict[int, Both | None] = dict.fromkeys(shards)
    macs = macs_of(settings)
    for kind in ("events", "receipts"):
        ends = await tails(settings, kind, shards, macs)
        async with pool.acquire() as connection:
            await strangers.note(connection, settings.topic(kind), {shard: at.strangers for shard, at in ends.items()})
            for shard, tail in ends.items():
                found = await check_tail(connection, ledger, kind, shard, tail)
                reasons[shard] = reasons[shard] or found.reason
    signed = await signed_outside(settings, ledger)
    async with pool.acquire() as connection:
        for shard in shards:
            if reasons[shard] is None:
                reasons[shard] = await unlike_signed(connection, shard, signed)
        await _for_all(connection, reasons)
        by_signature = {shard: signed[shard][0] for shard, why in reasons.items() if why and why.word in _BY_SIGNATURE}
        known = dict.fromkeys(shards, mode.EVERYTHING) if alone else {shard: at[0] for shard, at in signed.items()}
        await mode.note(connection, reasons, by_signature, known)
        # What stays since another recorder found it, and this one can't know it mended.
        stays = await mode.standing(connection, reasons)
        # Not noted, for another recorder may be of that version.
        folds = await states.unlike_in(connection)
        return {shard: why or stays.get(shard) or folds.get(shard) for shard, why in reasons.items()}


async def signed_outside(settings: Settings, ledger: Ledger) -> Signed:
    """The newest checkpoint of each shard; where their file can't be read that is said, and nothing is compared."""
    try:
        return await asyncio.to_thread(newest, settings, ledger.id)  # a file that may have a million notes
    except Misconfigured as error:
        Log.error("checkpoints-not-compared", reason=str(error))
        return {}


async def _for_all(connection: Connection, reasons: dict[int, Both | None]) -> None:
    """What stands against every shard: a ledger that is being rebuilt, or a new one before a lost one's topics."""
    state = await STANDING.state(connection)
    whole = next((each for each in reasons.values() if each and each.word == "other-ledger"), None)
    whole = reason("restoring") if state["restoring"] else whole if not state["recorded"] else None
    if whole is not None:
        reasons |= dict.fromkeys(reasons, whole)


async def unlike_signed(connection: Connection, shard: int, signed: Signed) -> Both | None:
    """Why the ledger is not what the shard's newest checkpoint was signed for; None where it is, or none was."""
    if shard not in signed:
        return None
    size, root = signed[shard]
    row = await STANDING.stand(connection, shard=shard)
    if row["size"] < size:
        return reason("short", shard=shard, size=row["size"], signed=size)
    return reason("changed", shard=shard, signed=size) if await broken_in(connection, shard, {size: root}) else None


async def check_tail(connection: Connection, ledger: Ledger, kind: str, shard: int, tail: Tail) -> Found:
    """Hold one shard's ledger against the last record of its topic that is ours. A ledger that is ahead is normal.

    What the topic lacks must not have been archived: nothing could publish it.
    """
    found = replace(await _held(connection, ledger, kind, shard, tail), strangers=tail.strangers)
    if kind == "events" and found.reason is None:
        file = await archived.file_at(connection, shard, found.next)
        if file is not None:
            return replace(found, reason=reason("archived", shard=shard, at=found.next, file=file))
    return found


async def _held(connection: Connection, ledger: Ledger, kind: str, shard: int, tail: Tail) -> Found:
    if tail.wrong is not None:
        return Found(0, reason("keys", why=Both(str(tail.wrong), tail.wrong.zh)))
    if tail.last is None or tail.last.value is None:
        return Found(0)
    found = await _compare(connection, ledger, kind, shard, tail.last.value)
    # Every record of the shard is on its topic at least once, so there are at least as many offsets.
    if tail.end >= found.next:
        return found
    return Found(0, reason("hole", kind=kind, shard=shard, end=tail.end, wanted=found.next))


async def _compare(connection: Connection, ledger: Ledger, kind: str, shard: int, value: bytes) -> Found:
    fields: dict[str, Any] = orjson.loads(value)
    if fields["source"] != ledger.source:
        return Found(0, reason("other-ledger", kind=kind, theirs=fields["source"], ours=ledger.source))
    if kind == "events":
        at = int(fields["sequence"])
        ours = await _leaf(connection, shard, at)
        same = ours == leaf_hash(value)
    else:
        at = fields["data"]["number"]
        ours = await QUERIES.receipt_at(connection, shard=shard, number=at)
        same = ours is not None and orjson.loads(ours) == fields["data"]
    if ours is None:
        return Found(0, reason("ahead", kind=kind, shard=shard, at=at))
    if not same:
        return Found(0, reason("differs", kind=kind, shard=shard, at=at), differs=True)
    return Found(at + 1)


async def _leaf(connection: Connection, shard: int, position: int) -> bytes | None:
    """The hash of an event's bytes; of an archived one the hash that stayed. None where the ledger never had it."""
    body = await QUERIES.body_at(connection, shard=shard, position=position)
    if body is not None:
        return leaf_hash(body)
    return await archived.leaf_at(connection, shard, position)
