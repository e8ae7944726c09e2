"""How the recorder stands, asked of ledger and Kafka directly: it tells even when the service doesn't run."""

import asyncio
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import asyncpg
from aiokafka.errors import KafkaError

from services.common.settings import Settings
from services.common.telling.both import Both
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Unavailable
from services.recorder.kafka import topics
from services.recorder.kafka.fetching import bounds, consuming
from services.recorder.ledger.database import QUERIES, founded, reached
from services.recorder.ledger.mode import noted
from services.recorder.ledger.reasons import reason
from services.recorder.ledger.standing import QUERIES as STANDING
from services.recorder.ledger.states import unlike


@dataclass(frozen=True, slots=True)
class Refold:
    """A shard's states are made anew: from which fold, into which, and how many of its events are in."""

    stored: int
    into: int
    folded: int
    events: int


@dataclass(frozen=True, slots=True)
class Foreign:
    """Records on a topic that no recorder wrote: how many were seen, where the last is, what it pretends to be."""

    topic: str
    count: int
    offset: int
    told: str


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard: next position and receipt number, how far both are relayed, whether it takes actions.

    ``checkpoint`` is the size that was signed last, ``unsigned`` why nothing is signed now. ``refold``: how far its
    states are, where they are made anew.
    """

    shard: int
    next: int
    next_receipt: int
    relayed: int
    relayed_receipts: int
    mode: Literal["writable", "read-only"]
    reason: str | None
    reason_zh: str | None
    checkpoint: int | None
    unsigned: str | None
    unsigned_zh: str | None
    refold: Refold | None = None
    foreign: tuple[Foreign, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """The recorder. ``intake_lag``: actions on the topic that are not recorded yet; None where Kafka doesn't answer.

    ``checkpoints_waiting``: signed, and not yet both in the file and on the topic.
    """

    state: Literal["running", "starting", "stopped"]
    ledger: str
    intake_lag: int | None
    quarantined: int
    shards: list[Shard]
    checkpoints_waiting: int

    def as_json(self) -> dict[str, Any]:
        """As programs get it: reasons in English."""
        told = asdict(self)
        for shard in told["shards"]:
            del shard["reason_zh"], shard["unsigned_zh"]
        return told


async def status(settings: Settings) -> Status:
    """Ask. Raises Unavailable where the ledger can't be reached."""
    with reached():
        connection = await asyncpg.connect(settings.database_url, timeout=5, command_timeout=10)
        try:
            ledger = await founded(connection)
            quarantined = await QUERIES.quarantined(connection)
            waiting = await QUERIES.undelivered(connection)
            whole = reason("restoring") if await STANDING.restoring(connection) else None
            rows = [row async for row in QUERIES.status(connection, fold_version=FOLD_VERSION)]
            foreign = [row async for row in QUERIES.foreign_records(connection)]
            shards = [_shard(row, whole, [each for each in foreign if each["shard"] == row["shard"]]) for row in rows]
        finally:
            connection.terminate()
    lag = await _intake_lag(settings)
    return Status(await asyncio.to_thread(_state, settings), str(ledger.id), lag, quarantined, shards, waiting)


def _shard(row: asyncpg.Record, whole: Both | None, foreign: list[asyncpg.Record]) -> Shard:
    """``whole``: what stands against every shard, whether or not a recorder has noted it."""
    why = whole or noted(row) or unlike(row["fold_version"])
    en, zh = (None, None) if why is None else (why.en, why.zh)
    return Shard(
        row["shard"], row["size"], row["next_receipt"], row["events"], row["receipts"],
        "read-only" if en else "writable", en, zh, row["signed"], row["unsigned"], row["unsigned_zh"], _refold(row),
        tuple(Foreign(each["topic"], each["count"], each["offset"], each["told"]) for each in foreign),
    )  # fmt: skip


def _refold(row: asyncpg.Record) -> Refold | None:
    if row["fold_version"] >= FOLD_VERSION:
        return None
    return Refold(row["fold_version"], FOLD_VERSION, row["folded"] or 0, row["size"])


def _state(settings: Settings) -> Literal["running", "starting", "stopped"]:
    """Asked with the standard library: a client for this one question took longer to import than all the rest."""
    try:
        with build_opener(ProxyHandler({})).open(f"{settings.recorder_url}/readyz", timeout=5):
            return "running"
    except HTTPError:
        return "starting"
    except (OSError, HTTPException):
        return "stopped"


async def _intake_lag(settings: Settings) -> int | None:
    try:
        async with topics.administering(settings, 5) as admin, consuming(settings) as consumer:
            committed = await admin.list_consumer_group_offsets(f"{settings.topic_prefix}-recorder")
            found = await bounds(consumer, await topics.intake_places(settings))
    except (KafkaError, TimeoutError, Unavailable):
        return None
    read = {place: committed[place].offset if place in committed else at.first for place, at in found.items()}
    return sum(at.end - read[place] for place, at in found.items())
