"""History never forks.

Before a recorder appends to a shard, it holds the ledger against what the topics have at their ends, and against the
newest checkpoint that was signed outside of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog

from schemas.canonical import leaf_hash
from services.common.settings import Settings
from services.recorder import topics
from services.recorder.errors import Misconfigured
from services.recorder.ledger import archived
from services.recorder.ledger.database import QUERIES, Connection, Ledger, Pool
from services.recorder.recovery.queries import QUERIES as RECOVERY
from services.recorder.recovery.witness import newest, root_at
from services.recorder.topics import Tail

Log: Final = structlog.get_logger("history")
Signed = Mapping[int, tuple[int, bytes]]  # shard → size and root of its newest checkpoint
_OTHER: Final = "topic belongs to"
_RESTORING: Final = (
    "the ledger is being rebuilt from the topics. Nothing is appended meanwhile. "
    "Run `recorder restore --from kafka` again, so that it is finished; then restart."
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a topic's end says: the next position or number to publish, and why the shard must not go on, if so.

    ``differs``: both hold something else under the same number.
    """

    next: int
    reason: str | None = None
    differs: bool = False


async def check_all(pool: Pool, ledger: Ledger, settings: Settings) -> dict[int, str | None]:
    """For every shard why it is read-only, None where ledger and topics fit; also noted for ``recorder status``."""
    reasons = await check(pool, ledger, settings, range(ledger.shards))
    for shard, reason in reasons.items():
        if reason:
            Log.error("shard-read-only", shard=shard, reason=reason)
    return reasons


async def check(pool: Pool, ledger: Ledger, settings: Settings, shards: Collection[int]) -> dict[int, str | None]:
    """The same for these shards, without a word in the log."""
    reasons: dict[int, str | None] = dict.fromkeys(shards)
    for kind in ("events", "receipts"):
        tails = await topics.tails(settings.kafka, settings.topic(kind), shards)
        async with pool.acquire() as connection:
            for shard, tail in tails.items():
                found = await check_tail(connection, ledger, kind, shard, tail)
                reasons[shard] = reasons[shard] or found.reason
    signed = await signed_outside(settings, ledger)
    async with pool.acquire() as connection:
        for shard in shards:
            if reasons[shard] is None:
                reasons[shard] = await unlike_signed(connection, shard, signed)
        await _for_all(connection, reasons)
        await QUERIES.note_mode(connection, shards=list(reasons), reasons=list(reasons.values()))
    return reasons


async def signed_outside(settings: Settings, ledger: Ledger) -> Signed:
    """The newest checkpoint of each shard; where their file can't be read that is said, and nothing is compared."""
    try:
        return await asyncio.to_thread(newest, settings, ledger.id)  # a file that may have a million notes
    except Misconfigured as error:
        Log.error("checkpoints-not-compared", reason=str(error))
        return {}


async def _for_all(connection: Connection, reasons: dict[int, str | None]) -> None:
    """What stands against every shard: a ledger that is being rebuilt, or a new one before a lost one's topics."""
    state = await RECOVERY.state(connection)
    whole = next((reason for reason in reasons.values() if reason and _OTHER in reason), None)
    whole = _RESTORING if state["restoring"] else whole if not state["recorded"] else None
    if whole is not None:
        reasons |= dict.fromkeys(reasons, whole)


async def unlike_signed(connection: Connection, shard: int, signed: Signed) -> str | None:
    """Why the ledger is not what the shard's newest checkpoint was signed for; None where it is, or none was."""
    if shard not in signed:
        return None
    size, root = signed[shard]
    row = await RECOVERY.stand(connection, shard=shard)
    if row["size"] < size:
        return _short(shard, row["size"], size)
    return None if await root_at(connection, shard, size) == root else _changed(shard, size)


async def check_tail(connection: Connection, ledger: Ledger, kind: str, shard: int, tail: Tail) -> Found:
    """Hold one shard's ledger against the last record of its topic. A ledger that is ahead is normal.

    What the topic lacks must not have been archived: nothing could publish it.
    """
    found = await _held(connection, ledger, kind, shard, tail)
    if kind == "events" and found.reason is None:
        file = await archived.file_at(connection, shard, found.next)
        if file is not None:
            return Found(found.next, _archived(shard, found.next, file))
    return found


async def _held(connection: Connection, ledger: Ledger, kind: str, shard: int, tail: Tail) -> Found:
    if tail.last is None or tail.last.value is None:
        return Found(0)
    try:
        found = await _compare(connection, ledger, kind, shard, tail.last.value)
    except (ValueError, KeyError, TypeError):
        return Found(0, _foreign(kind, shard, tail.last.offset))
    # Every record of the shard is on its topic at least once, so there are at least as many offsets.
    return found if tail.end >= found.next else Found(0, _hole(kind, shard, tail.end, found.next))


async def _compare(connection: Connection, ledger: Ledger, kind: str, shard: int, value: bytes) -> Found:
    fields: dict[str, Any] = orjson.loads(value)
    if fields["source"] != ledger.source:
        return Found(0, _other_ledger(kind, fields["source"], ledger.source))
    if kind == "events":
        at = int(fields["sequence"])
        ours = await _leaf(connection, shard, at)
        same = ours == leaf_hash(value)
    else:
        at = fields["data"]["number"]
        ours = await QUERIES.receipt_at(connection, shard=shard, number=at)
        same = ours is not None and orjson.loads(ours) == fields["data"]
    if ours is None:
        return Found(0, _ahead(kind, shard, at))
    if not same:
        return Found(0, _differs(kind, shard, at), differs=True)
    return Found(at + 1)


async def _leaf(connection: Connection, shard: int, position: int) -> bytes | None:
    """The hash of an event's bytes; of an archived one the hash that stayed. None where the ledger never had it."""
    body = await QUERIES.body_at(connection, shard=shard, position=position)
    if body is not None:
        return leaf_hash(body)
    return await archived.leaf_at(connection, shard, position)


def _hole(kind: str, shard: int, end: int, wanted: int) -> str:
    return (
        f"the {kind} topic has {end} records of shard {shard} where {wanted} must be: "
        "it was made anew while a recorder ran. Nothing is appended to this shard. "
        f"Fill it again from the ledger: `recorder republish --topic {kind} --shard {shard} --yes`."
    )


def _foreign(kind: str, shard: int, offset: int) -> str:
    return (
        f"the last record of the {kind} topic (partition {shard}, offset {offset}) was not written by a recorder. "
        "Nothing is appended to this shard. Find out who can write to this topic; then have it filled again "
        f"from the ledger: `recorder republish --topic {kind} --shard {shard} --yes`."
    )


def _other_ledger(kind: str, theirs: str, ours: str) -> str:
    return (
        f"the {kind} {_OTHER} {theirs}, this is {ours}. Nothing is appended to this shard. "
        "Point CHENGZHANG_DATABASE_URL or CHENGZHANG_TOPIC_PREFIX at what belongs together; or, if the database was "
        "lost and this one is new, stop the recorders and run `recorder restore --from kafka`."
    )


def _ahead(kind: str, shard: int, at: int) -> str:
    return (
        f"the {kind} topic is ahead of the ledger: it holds {shard}:{at}, the ledger doesn't "
        "(restored from an older backup?). Nothing is appended to this shard, so that history doesn't fork. "
        f"Run `recorder recover --shard {shard}`: it brings the missing bytes back from the topic."
    )


def _differs(kind: str, shard: int, at: int) -> str:
    return (
        f"the {kind} topic and the ledger differ at {shard}:{at}. "
        "Nothing is appended to this shard. Keep both as they are. "
        f"Run `recorder recover --shard {shard}`: it changes nothing, and says where the two histories part."
    )


def _short(shard: int, size: int, signed: int) -> str:
    return (
        f"a checkpoint was signed for {signed} events of shard {shard}, the ledger has {size} "
        "(restored from an older backup?). Nothing is appended to this shard, so that history doesn't fork. "
        f"Run `recorder recover --shard {shard}`: it brings back what the topic has."
    )


def _changed(shard: int, signed: int) -> str:
    return (
        f"the first {signed} events of shard {shard} are not those that a checkpoint was signed for: history was "
        "changed. Nothing is appended to this shard. Keep everything as it is. "
        f"Run `recorder recover --shard {shard}`: it says whether the topic holds what was signed."
    )


def _archived(shard: int, at: int, file: str) -> str:
    return (
        f"the events topic lacks {shard}:{at}, which was archived ({file}). Nothing is appended to this shard. "
        "Bring its year back (recorder archive --bring-back DIR), then restart: the topic is filled from the ledger."
    )
