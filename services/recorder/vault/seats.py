"""Who sits in a section today: whose texts a reader of that section may open."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiosql

from schemas.trust.identity import shard_of
from services.recorder.domain.deciding.core import SHANGHAI
from services.recorder.domain.deciding.timeline import Person
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.ledger.database import Pool, reached
from services.recorder.vault.vault import Owner

_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


class Seats:
    """Asks the ledger's states, which say it as of now; nobody sits anywhere where they can't be read."""

    def __init__(self, pool: Pool, shards: int) -> None:
        self._pool = pool
        self._shards = shards

    async def sitting(self, owners: Collection[Owner], section: str) -> set[Owner]:
        """Those whose main post of today is in that section of their office. Raises Unavailable."""
        by_key = {"/".join(owner): owner for owner in owners}
        shards = [shard_of(owner.office, self._shards) for owner in by_key.values()]
        today = datetime.now(SHANGHAI).date().isoformat()
        found: set[Owner] = set()
        with reached():
            async with self._pool.acquire(timeout=10) as connection:
                asked = {"fold_version": FOLD_VERSION, "shards": shards, "keys": list(by_key)}
                async for row in _QUERIES.persons(connection, **asked):
                    owner = by_key[row["key"]]
                    person = Person.model_validate_json(row["state"] or "{}")
                    if person.placed(owner.person, today).section == section:
                        found.add(owner)
        return found
