"""What must hold when everything has come to rest, whatever happened before.

    ledger    positions and receipt numbers gapless, versions 1…n a stream, hashes right
    receipts  each action accepted at most once, its events are there as its receipt says
    told      what apps were told is what the ledger holds, and nothing is there that no app sent
    topics    first occurrences are the ledger's records, in order, none missing
    states    what the recorder decides upon equals a fold of all events from the beginning
    models    the read models equal a replay of the topic into an empty database

``check`` runs all of them and names every breach that it finds.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from schemas.trust.canonical import canonical, leaf_hash
from schemas.trust.identity import event_id, shard_of
from services.common.settings import Settings
from services.projector import database as projections
from services.projector.settings import consumer_name
from services.recorder.domain import decider
from services.recorder.domain.deciding.core import Event, Key, S, State
from services.recorder.ledger.database import Ledger
from services.recorder.ledger.rows import event_of
from tests.faults.installation import database
from tests.faults.load import Json, Told, key_of
from tests.faults.topic import Record, read_topic
from tests.integration.projector_world import dump, engine_on, fold
from tests.support.servers import Servers

_SHOWN = 10
_REPLAY_BATCH = 700  # cut otherwise than the live projector cuts


@dataclass(frozen=True)
class Book:
    """The whole ledger, read."""

    ledger: Ledger
    sizes: dict[int, tuple[int, int]]  # shard → next position, next receipt number
    events: dict[int, list[asyncpg.Record]]
    receipts: dict[int, list[asyncpg.Record]]
    states: list[asyncpg.Record]


async def check(servers: Servers, settings: Settings, told: Told) -> str:
    """Check everything, once the services have nothing to do. Gives a line of figures.

    Raises AssertionError with all breaches.
    """
    book = await read_book(settings)
    events = await read_topic(settings, settings.topic("events"), settings.shards)
    receipts = await read_topic(settings, settings.topic("receipts"), settings.shards)
    breaches = [
        *in_ledger(book),
        *in_receipts(book),
        *as_told(book, told),
        *on_topic(book, events, receipts),
        *in_states(book),
        *await at_cursors(settings, book),
        *await in_models(servers, settings, events),
    ]
    assert not breaches, _listed(breaches)
    recorded = sum(size for size, _ in book.sizes.values())
    published = sum(map(len, events.values()))
    return (
        f"{len(told.sent)} sent: {len(told.accepted)} acknowledged, {told.refused} refused, "
        f"{len(told.unknown)} unknown; "
        f"{recorded} events, {published - recorded} of them published again"
    )


def _listed(breaches: list[str]) -> str:
    more = f"\n… and {len(breaches) - _SHOWN} more" if len(breaches) > _SHOWN else ""
    return f"{len(breaches)} breaches:\n" + "\n".join(breaches[:_SHOWN]) + more


async def read_book(settings: Settings) -> Book:
    """Read the ledger as it stands, in one snapshot."""
    connection = await asyncpg.connect(settings.database_url, timeout=30)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _read_book(connection)
    finally:
        await connection.close()


async def _read_book(connection: asyncpg.Connection[asyncpg.Record]) -> Book:
    found = await connection.fetchrow("SELECT ledger, shards FROM ledger.installation")
    assert found is not None
    shards = await connection.fetch("SELECT shard, size, next_receipt FROM ledger.shard")
    return Book(
        Ledger(found["ledger"], found["shards"]),
        {row["shard"]: (row["size"], row["next_receipt"]) for row in shards},
        _by_shard(await connection.fetch("SELECT * FROM ledger.event ORDER BY shard, position")),
        _by_shard(await connection.fetch("SELECT * FROM ledger.receipt ORDER BY shard, number")),
        await connection.fetch("SELECT shard, kind, key, version, state FROM ledger.state"),
    )


def _by_shard(rows: Iterable[asyncpg.Record]) -> dict[int, list[asyncpg.Record]]:
    found: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        found[row["shard"]].append(row)
    return found


# --- the ledger in itself ---


def in_ledger(book: Book) -> Iterator[str]:
    """Events: gapless, in order of time, hashed, versioned, and their columns what their bytes say."""
    for shard, (size, _) in book.sizes.items():
        events = book.events[shard]
        yield from _gapless(f"events of shard {shard}", [row["position"] for row in events], size)
        yield from _in_time(shard, events)
        yield from _versioned(shard, events)
        for row in events:
            yield from _true_to_its_bytes(row)


def _gapless(what: str, numbers: list[int], end: int) -> Iterator[str]:
    if numbers != list(range(end)):
        missing, beyond = sorted(set(range(end)) - set(numbers)), sorted(set(numbers) - set(range(end)))
        yield f"{what}: the shard's row says {end}; missing {missing[:_SHOWN]}, beyond it {beyond[:_SHOWN]}"


def _in_time(shard: int, events: list[asyncpg.Record]) -> Iterator[str]:
    times = [row["recorded_at"] for row in events]
    if times != sorted(times):
        yield f"shard {shard}: recorded_at goes back"


def _versioned(shard: int, events: list[asyncpg.Record]) -> Iterator[str]:
    versions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in events:
        versions[orjson.loads(row["body"])["office"], row["stream"]].append(row["version"])
    for stream, found in versions.items():
        if found != list(range(1, len(found) + 1)):
            yield f"shard {shard}: stream {stream} has the versions {found}"


def _true_to_its_bytes(row: asyncpg.Record) -> Iterator[str]:
    place, fields = f"{row['shard']}:{row['position']}", orjson.loads(row["body"])
    columns = (row["shard"], row["position"], str(row["id"]), row["stream"], row["version"], row["type"])
    members = (
        fields["shard"], int(fields["sequence"]), fields["id"], fields["partitionkey"], fields["streamversion"],
        fields["type"],
    )  # fmt: skip
    if columns != members:
        yield f"{place}: the columns say {columns}, the bytes {members}"
    if leaf_hash(row["body"]) != row["leaf_hash"]:
        yield f"{place}: leaf_hash isn't that of the bytes"


def in_receipts(book: Book) -> Iterator[str]:
    """Receipts: gapless; an action is accepted at most once, and its events are those that its receipt lists."""
    for shard, (_, next_receipt) in book.sizes.items():
        rows = book.receipts[shard]
        yield from _gapless(f"receipts of shard {shard}", [row["number"] for row in rows], next_receipt)
        receipts = [orjson.loads(row["receipt"]) for row in rows]
        binding = Counter(key_of(receipt) for row, receipt in zip(rows, receipts, strict=True) if row["binding"])
        yield from (f"shard {shard}: {key} has {count} binding receipts" for key, count in binding.items() if count > 1)
        yield from _events_of(book, shard, [receipt for receipt in receipts if receipt["outcome"] == "accepted"])


def _events_of(book: Book, shard: int, accepted: list[Json]) -> Iterator[str]:
    listed = [event["position"] for receipt in accepted for event in receipt["events"]]
    if sorted(listed) != list(range(len(book.events[shard]))):
        twice = [position for position, count in Counter(listed).items() if count > 1]
        lost = sorted(set(range(len(book.events[shard]))) - set(listed))
        yield f"shard {shard}: events that no receipt lists {lost[:_SHOWN]}, that several list {twice[:_SHOWN]}"
        return
    for receipt in accepted:
        for index, event in enumerate(receipt["events"]):
            yield from _event_of(book.events[shard][event["position"]], receipt, index, event)


def _event_of(row: asyncpg.Record, receipt: Json, index: int, event: Json) -> Iterator[str]:
    fields = orjson.loads(row["body"])
    actual = (fields["office"], fields["causationid"], fields["id"], fields["type"], fields["partitionkey"])
    expected = (
        receipt["office"], receipt["id"], event_id(*key_of(receipt), index), event["type"], event["stream"],
    )  # fmt: skip
    if actual != expected or fields["streamversion"] != event["version"] or fields["id"] != event["id"]:
        yield f"{row['shard']}:{row['position']} is {actual}, its receipt says {expected}"


# --- what apps were told ---


def as_told(book: Book, told: Told) -> Iterator[str]:
    """Every receipt that an app has seen is the ledger's; every one of the ledger's answers what was sent."""
    yield from told.contradictions
    for (shard, number), receipt in told.receipts.items():
        rows = book.receipts[shard]
        if number >= len(rows) or orjson.loads(rows[number]["receipt"]) != receipt:
            yield f"an app was told {receipt}; the ledger doesn't hold that receipt"
        if shard != shard_of(receipt["office"], book.ledger.shards):
            yield f"an app was told {receipt}; its office is in another shard"
    for rows in book.receipts.values():
        for row in rows:
            key = key_of(orjson.loads(row["receipt"]))
            if key not in told.sent:
                yield f"shard {row['shard']}, receipt {row['number']}: nobody sent {key}"


# --- the topics ---


def on_topic(book: Book, events: dict[int, list[Record]], receipts: dict[int, list[Record]]) -> Iterator[str]:
    """First occurrences are the ledger's bytes in order, none missing; repeats are the same bytes."""
    for shard in book.sizes:
        yield from _occurrences(
            f"events, shard {shard}",
            [(row["stream"].encode(), row["body"]) for row in book.events[shard]],
            [(int(orjson.loads(record.value)["sequence"]), record) for record in events[shard]],
        )
        yield from _occurrences(
            f"receipts, shard {shard}",
            [_published(book.ledger, row) for row in book.receipts[shard]],
            [(orjson.loads(record.value)["data"]["number"], record) for record in receipts[shard]],
        )


def _published(ledger: Ledger, row: asyncpg.Record) -> tuple[bytes, bytes]:
    """A receipt's key and value on its topic, from the contract."""
    data = orjson.loads(row["receipt"])
    envelope = {
        "specversion": "1.0", "id": f"{data['shard']}:{data['number']}", "source": ledger.source,
        "type": "chengzhang.receipt.v1", "time": data["recorded_at"], "datacontenttype": "application/json",
        "dataschema": "urn:chengzhang:schema:chengzhang.receipt.v1", "office": data["office"], "data": data,
        "bodydigest": row["body_digest"].hex(),
    }  # fmt: skip
    if not row["body_digest"]:  # of a receipt that was made anew: it is not known
        del envelope["bodydigest"]
    return data["id"].encode(), canonical(envelope)


def _occurrences(what: str, expected: list[tuple[bytes, bytes]], found: list[tuple[int, Record]]) -> Iterator[str]:
    following = 0
    for number, record in found:
        if number > following:
            yield f"{what}: offset {record.offset} holds {number}, where {following} comes first"
            return
        if number >= len(expected):
            yield f"{what}: offset {record.offset} holds {number}, the ledger has {len(expected)}"
            return
        if (record.key, record.value) != expected[number]:
            yield f"{what}: offset {record.offset} holds other bytes at {number} than the ledger"
        following = max(following, number + 1)
    if following != len(expected):
        yield f"{what}: the topic ends at {following}, the ledger at {len(expected)}"


# --- the recorder's states ---


class _Fold:
    """All states of a shard, folded from nothing."""

    def __init__(self) -> None:
        self.states: dict[Key, State] = {}
        self.versions: Counter[Key] = Counter()

    def of(self, kind: type[S], key: Key) -> S:
        """The state of that key, empty where nothing has touched it."""
        found = self.states.get(key)
        return found if isinstance(found, kind) else kind()

    def take(self, event: Event) -> None:
        """Evolve by one event."""
        self.states.update(decider.evolve(self, event))
        kind, ident = event.stream.split("/", 1)
        self.versions[event.key(kind, ident)] += 1

    def rows(self) -> dict[Key, tuple[int, Any]]:
        """Version and state by key, as the ledger keeps them."""
        return {key: (self.versions[key], _plain(self.states.get(key))) for key in {*self.states, *self.versions}}


def _plain(state: State | None) -> Any:  # noqa: ANN401  # JSON
    return None if state is None else json.loads(state.model_dump_json(exclude_defaults=True))


def in_states(book: Book) -> Iterator[str]:
    """The stored states are a fold of the events: nothing more, nothing less."""
    stored: dict[int, dict[Key, tuple[int, Any]]] = defaultdict(dict)
    for row in book.states:
        state = None if row["state"] is None else json.loads(row["state"])
        stored[row["shard"]][row["kind"], row["key"]] = (row["version"], state)
    for shard in book.sizes:
        folded = _Fold()
        for row in book.events[shard]:
            folded.take(event_of(orjson.loads(row["body"])))
        yield from _differences(f"states of shard {shard}", folded.rows(), stored[shard])


def _differences(what: str, expected: dict[Key, Any], actual: dict[Key, Any]) -> Iterator[str]:
    for key in sorted(expected.keys() | actual.keys()):
        if expected.get(key) != actual.get(key):
            yield f"{what}: {key} is {actual.get(key)}, folded anew {expected.get(key)}"


# --- the read models ---


async def at_cursors(settings: Settings, book: Book) -> list[str]:
    """Every cursor stands at its shard's end, on the last event's hash."""
    connection = await projections.connect(settings.database_url)
    try:
        rows = await connection.fetch(
            "SELECT shard, next, leaf_hash, state FROM cursor WHERE consumer = $1 ORDER BY shard",
            consumer_name(settings),
        )
    finally:
        await connection.close()
    actual = {row["shard"]: (row["next"], row["leaf_hash"], row["state"]) for row in rows}
    expected = {shard: (size, _last_hash(book, shard), "live") for shard, (size, _) in book.sizes.items()}
    wrong = [shard for shard in expected if actual.get(shard) != expected[shard]]
    return [f"cursor of shard {shard} is {actual.get(shard)}, the ledger says {expected[shard]}" for shard in wrong]


def _last_hash(book: Book, shard: int) -> bytes | None:
    events = book.events[shard]
    return events[-1]["leaf_hash"] if events else None


async def in_models(servers: Servers, settings: Settings, events: dict[int, list[Record]]) -> list[str]:
    """The read models hold what a replay of the topic into an empty database makes."""
    async with database(servers) as url:
        async with engine_on(url) as engine:
            records = [record for shard in sorted(events) for record in events[shard]]
            outcomes = await fold(engine, records, _REPLAY_BATCH)
        halted = [f"replay: {outcome.cursor.error}" for outcome in outcomes if outcome.halted]
        replayed, live = await dump(url), await dump(settings.database_url)
    return halted + [line for name, rows in replayed.items() for line in _rows_differ(name, rows, live[name])]


def _rows_differ(name: str, replayed: list[tuple[Any, ...]], live: list[tuple[Any, ...]]) -> Iterator[str]:
    if replayed == live:
        return
    only_live = [row for row in live if row not in replayed]
    only_replayed = [row for row in replayed if row not in live]
    yield (
        f"read model {name}: {len(live)} rows, replayed {len(replayed)}; "
        f"only live {only_live[:2]}, only replayed {only_replayed[:2]}"
    )
