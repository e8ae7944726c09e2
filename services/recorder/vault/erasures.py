"""Erasures recorded in the ledger, applied to the vault: the key of whoever was erased is destroyed.

The ledger says who was erased, the vault follows. A recorder applies what it finds before it opens or seals anything,
after each erasure that it took, and every few seconds. So a crash in between, a vault restored from a backup that still
held the key, and an erasure that another recorder took all come to the same end.

Each office erases its own: the key that goes is the one under which that office sealed. What only the topic says closes
a key until the ledger says it, too, and destroys none: nothing that can't be undone rests on what isn't recorded here.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import aiosql
import structlog

from services.common.faults import fault
from services.recorder.background import Background, repeated
from services.recorder.domain import erasure
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Unavailable
from services.recorder.ledger import states
from services.recorder.ledger.database import TRANSIENT, Connection, Pool
from services.recorder.vault.ahead import Ahead
from services.recorder.vault.vault import Owner, Vault

LOOK_EVERY: Final = 5.0  # seconds: how late a key is destroyed at the most, where nobody was told
Log: Final = structlog.get_logger("erasures")
_SNAPSHOT: Final[Any] = {"isolation": "repeatable_read", "readonly": True}  # what can be read, and what it says
_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


class Erasures(Background):
    """What keeps the vault at what the ledger says."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        """Nothing runs yet."""
        super().__init__()
        self._pool = pool
        self._vault = vault
        self._ahead: list[Ahead] = []
        self._asked: set[int] = set()
        self._closed: set[Owner] | None = None  # not known before the first look

    async def start(self) -> None:
        """Look every few seconds from now on."""
        told = ("erasures-retried", "erasures-failed")
        self.begin("erasures", repeated(self.apply, LOOK_EVERY, Log, told, Unavailable, *TRANSIENT, at_once=False))

    async def apply(self, ahead: Collection[Ahead] = (), asked: Collection[int] = ()) -> None:
        """Destroy the keys of all whom their offices have erased, and close those of whom only the topic says so.

        ``ahead``: what only the topic says, which was asked of these shards; it counts until the ledger's states tell.
        Raises what the driver raises where the ledger can't be asked; Unavailable where the vault can't, or nobody
        knows who was erased.
        """
        self._ahead += ahead
        self._asked |= {*asked}
        async with self._pool.acquire(timeout=10) as connection, connection.transaction(**_SNAPSHOT):
            await self._must_be_told(connection)
            erased = await _erased(connection)
            if self._ahead:
                sizes = await states.covered(connection, {fact.shard for fact in self._ahead})
                self._ahead = [fact for fact in self._ahead if fact.at >= sizes.get(fact.shard, 0)]
        if waiting := await self._vault.not_destroyed(erased) if erased else set():
            fault("before-destroy")
            await self._vault.destroy({owner: erased[owner] for owner in waiting})
            Log.info("erased", persons=len(waiting), events=sorted(erased[owner] for owner in waiting))
        closed = {fact.owner for fact in self._ahead}
        if closed != self._closed:
            await self._vault.close(closed)
            self._closed = closed

    async def _must_be_told(self, connection: Connection) -> None:
        """Where states can't be read only the topic says who was erased: it must have been asked."""
        if {*await states.unlike_in(connection)} - self._asked:
            raise Unavailable("who was erased can't be told: another version of the recorder has made states anew")

    async def apply_now(self) -> None:
        """The same for somebody who waits. Raises Unavailable: it is tried again soon in any case."""
        try:
            await self.apply()
        except (Unavailable, *TRANSIENT) as error:
            raise Unavailable("recorded, but whether the person's key is destroyed already isn't known") from error


async def _erased(connection: Connection) -> dict[Owner, str]:
    """Whom offices have erased, and by which event."""
    found: dict[Owner, str] = {}
    async for row in _QUERIES.recorded(connection, fold_version=FOLD_VERSION):
        event = erasure.Erasure.model_validate_json(row["state"] or "{}").erased
        if event is not None:
            office, _, person = row["key"].partition("/")
            found[Owner(office, person)] = event
    return found
