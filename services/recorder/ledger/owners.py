"""Whose a thing is, as far as it is recorded: under whose key what is said of it later is to be sealed."""

from collections.abc import Collection

from schemas.identity import shard_of
from services.recorder.domain.core import Key, Thing, state_of
from services.recorder.domain.facts import owner_of
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger.database import QUERIES, Pool, reached


class Owners:
    """Asks the ledger's states, without any lock."""

    def __init__(self, pool: Pool, shards: int) -> None:
        self._pool = pool
        self._shards = shards

    async def __call__(self, things: Collection[Key]) -> dict[Key, str]:
        """The persons, by the keys of these things' states; none of what isn't recorded. Raises Unavailable."""
        kinds, keys = [kind for kind, _ in things], [key for _, key in things]
        shards = [shard_of(key.partition("/")[0], self._shards) for key in keys]
        wanted = {"shards": shards, "kinds": kinds, "keys": keys, "fold_version": FOLD_VERSION}
        with reached():
            async with self._pool.acquire() as connection:
                rows = [row async for row in QUERIES.states_of(connection, **wanted)]
        found = {(row["kind"], row["key"]): _owner(row["kind"], row["state"]) for row in rows}
        return {key: owner for key, owner in found.items() if owner is not None}


def _owner(kind: str, raw: str) -> str | None:
    state = state_of(kind).model_validate_json(raw)
    return owner_of(state, kind) if isinstance(state, Thing) else None
