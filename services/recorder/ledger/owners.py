"""Whose a thing is, as far as it is recorded: under whose key what is said of it later is to be sealed."""

from collections.abc import Collection, Sequence
from uuid import UUID

import orjson

from schemas.trust.identity import shard_of
from services.recorder.domain.deciding.core import Key, Thing, state_of
from services.recorder.domain.deciding.facts import PROPOSAL as EVENT
from services.recorder.domain.deciding.facts import owner_of
from services.recorder.ledger import states
from services.recorder.ledger.database import QUERIES, Connection, Pool, reached


class Owners:
    """Asks the ledger's states, without any lock."""

    def __init__(self, pool: Pool, shards: int) -> None:
        self._pool = pool
        self._shards = shards

    async def __call__(self, things: Collection[Key]) -> dict[Key, str]:
        """The persons, by the keys of these things' states; none of what isn't recorded. Raises Unavailable."""
        with reached():
            async with self._pool.acquire() as connection:
                found = await self._of_states(connection, [key for key in things if key[0] != EVENT])
                return found | await self._of_events(connection, [key for key in things if key[0] == EVENT])

    async def _of_states(self, connection: Connection, things: Sequence[Key]) -> dict[Key, str]:
        rows = await states.read(connection, [(self._shard(key), key) for key in things]) if things else []
        told = {(row["kind"], row["key"]): row["state"] for row in rows if row["state"] is not None}
        found = {key: _owner(key[0], state) for key, state in told.items()}
        return {key: owner for key, owner in found.items() if owner is not None}

    async def _of_events(self, connection: Connection, things: Sequence[Key]) -> dict[Key, str]:
        """Of an entry whom it is about first: it says that itself."""
        asked = {
            "events_of": [self._shard(key) for key in things],
            "events": [UUID(key[1].partition("/")[2]) for key in things],
        }
        rows = QUERIES.look_up(connection, shards=[], digests=[], **asked)
        bodies = [orjson.loads(row["body"]) async for row in rows if row["body"] is not None]
        found = {(EVENT, f"{body['office']}/{body['id']}"): body["data"]["stamps"][:1] for body in bodies}
        return {key: stamps[0]["person"] for key, stamps in found.items() if stamps and key in things}

    def _shard(self, key: Key) -> int:
        return shard_of(key[1].partition("/")[0], self._shards)


def _owner(kind: str, raw: str) -> str | None:
    state = state_of(kind).model_validate_json(raw)
    return owner_of(state, kind) if isinstance(state, Thing) else None
