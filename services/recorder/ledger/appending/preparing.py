"""What deciding needs, loaded: each statement once, for all shards of a commit."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from services.recorder.domain import decider
from services.recorder.domain.deciding.core import Action, Key
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger import states
from services.recorder.ledger.appending.deciding import Batch
from services.recorder.ledger.database import QUERIES, Connection
from services.recorder.ledger.rows import event_of
from services.recorder.ledger.submission import Submission

Parts = Mapping[int, Sequence[Submission]]  # by shard
Keys = dict[int, set[Key]]
MOST_KEYS: Final = 6_000  # of states that a commit loads, so that a few long rolls are a commit of their own


async def prepare(connection: Connection, batches: Mapping[int, Batch], parts: Parts) -> Parts:
    """Load all that deciding needs; the submissions, from each shard's first on, for which its batch has it then."""
    await _look_up(connection, batches, parts)
    await _search(connection, batches, parts)
    keys: Keys = {shard: set() for shard in batches}
    asking: list[tuple[Batch, Action]] = []
    prepared: dict[int, Sequence[Submission]] = {}
    for shard, batch in batches.items():
        taken, room = 0, MOST_KEYS - sum(map(len, keys.values()))
        for submission in parts[shard]:
            if len(keys[shard]) >= room:
                break
            taken += 1
            if (action := _new(batch, submission)) is not None:
                keys[shard].update(decider.reads(action))
                if decider.asks_more(action):
                    asking.append((batch, action))
        prepared[shard] = parts[shard][:taken]
    await _load(connection, batches, keys)
    while more := _more(asking, keys):
        await _load(connection, batches, more)
    return prepared


def _new(batch: Batch, submission: Submission) -> Action | None:
    """The action to decide, as far as it is known what it is about; none where it was answered before."""
    if submission.action is None or submission.key_digest in batch.known:
        return None
    return batch.aimed(submission.action)


def _more(asking: Sequence[tuple[Batch, Action]], known: Keys) -> Keys:
    """What only those that are loaded by now name, by shard; known from now on."""
    found: Keys = {}
    for batch, action in asking:
        shard = batch.head.shard
        if more := {key for key in decider.reads_more(batch.working, action) if key not in known[shard]}:
            found.setdefault(shard, set()).update(more)
    for shard, keys in found.items():
        known[shard] |= keys
    return found


async def _look_up(connection: Connection, batches: Mapping[int, Batch], parts: Parts) -> None:
    asked = [(shard, submission) for shard in batches for submission in parts[shard]]
    named = {
        (shard, event)
        for shard, submission in asked
        if submission.action is not None
        for event in _events(submission.action)
    }
    rows = QUERIES.look_up(
        connection,
        shards=[shard for shard, _ in asked],
        digests=[submission.key_digest for _, submission in asked],
        events_of=[shard for shard, _ in named],
        events=[UUID(event) for _, event in named],
    )
    async for record in rows:
        batch = batches[record["shard"]]
        if record["key"] is not None:
            batch.known[record["key"]] = (record["other"], record["body"])
        elif record["body"] is None:
            batch.archived[str(UUID(bytes=record["other"]))] = record["stream"]
        else:
            event = event_of(orjson.loads(record["body"]))
            batch.targets[event.id] = event


def _events(action: Action) -> list[str]:
    """The recorded events that deciding the action needs."""
    return [*([action.data.event] if decider.aims(action.data) else ()), *decider.cites(action)]


async def _search(connection: Connection, batches: Mapping[int, Batch], parts: Parts) -> None:
    """What may rest on the events that these take back, where that needs to be looked for."""
    wanted = _wanted(batches, parts)
    if not wanted:
        return
    shards, kinds, offices, idents = (list(column) for column in zip(*wanted, strict=True))
    rows = QUERIES.naming(
        connection, shards=shards, fold_version=FOLD_VERSION, kinds=kinds, offices=offices, idents=idents
    )
    found: dict[int, dict[Key, asyncpg.Record]] = {}
    async for row in rows:
        key = row["kind"], row["key"]
        found.setdefault(row["shard"], {})[key] = row
        for event in wanted[row["shard"], row["kind"], row["office"], row["ident"]]:
            batches[row["shard"]].naming[event].append(key)
    for shard, named in found.items():
        working = batches[shard].working
        working.load(working.missing(named), named.values())


def _wanted(batches: Mapping[int, Batch], parts: Parts) -> dict[tuple[int, str, str, str], list[str]]:
    """Shard, kind and office of states, an id that they may name: the events that made what has that id."""
    wanted: dict[tuple[int, str, str, str], list[str]] = {}
    for shard, batch in batches.items():
        taking = (each for each in parts[shard] if each.action is not None and decider.takes_back(each.action.data))
        for submission in taking:
            action = _new(batch, submission)
            search = action and decider.searched(action)
            if action and action.target and search and action.target.id not in batch.naming:
                batch.naming[action.target.id] = []
                for kind, ident in itertools.product(search.kinds, search.idents):
                    wanted.setdefault((shard, kind, search.office, ident), []).append(action.target.id)
    return wanted


async def _load(connection: Connection, batches: Mapping[int, Batch], keys: Keys) -> None:
    missing = {shard: batches[shard].working.missing(wanted) for shard, wanted in keys.items()}
    wanted = [(shard, key) for shard, absent in missing.items() for key in absent]
    if not wanted:
        return
    found: dict[int, list[asyncpg.Record]] = {}
    for record in await states.read(connection, wanted):
        found.setdefault(record["shard"], []).append(record)
    for shard, absent in missing.items():
        batches[shard].working.load(absent, found.get(shard, ()))
