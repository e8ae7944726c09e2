"""States of an older fold are made anew from their events before anybody decides by them.

One shard at a time, in portions, beside the states that count until then: nobody reads half of a fold, and a process
that was killed is gone on with at the portion it had come to. The last few events are folded under the shard's lock; in
that same transaction the new states take the old ones' place. A recorder of the earlier version may append meanwhile,
with its own states, and finds at its next append that the shard is a newer one's.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import aiosql
import asyncpg
import structlog

from services.common.faults import fault
from services.common.settings import Settings
from services.common.telling.both import Both
from services.recorder.archive.held import Archive, Held
from services.recorder.audit import source
from services.recorder.audit.source import LedgerSource
from services.recorder.domain.fold_version import FOLD_VERSION
from services.recorder.errors import Hole, NotArchived, RecorderError, Refused, Unavailable
from services.recorder.ledger.database import SESSION, TRANSIENT, Pool
from services.recorder.ledger.folding import AT_ONCE, Folding, fold
from services.recorder.ledger.locking import locked_one
from services.recorder.ledger.reasons import reason
from services.recorder.ledger.rows import recorded

LOOK_EVERY: Final = 5.0  # seconds; how soon a file of an archive that was missing is found
_LONG: Final = 3600.0  # seconds that deleting a shard's states may take
_STUCK: Final = (NotArchived, Refused, Hole)  # what an operator must mend
Log: Final = structlog.get_logger("refolding")
_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg", mandatory_parameters=False)


class Refolder:
    """Looks for shards with states of an older fold, for as long as a recorder runs."""

    def __init__(self, pool: Pool, settings: Settings) -> None:
        """Do nothing yet."""
        self._pool = pool
        self._settings = settings
        self._told: dict[int, Both] = {}  # what shards wait for, as far as the log says it
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look, every few seconds."""
        self._task = asyncio.create_task(self._keep(), name="refolder")

    async def stop(self) -> None:
        """Fold no more: what is stored is gone on with after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            try:
                await self.look()
            except (Unavailable, *TRANSIENT) as error:
                Log.warning("refold-retried", error=type(error).__name__)
            except Exception:  # noqa: BLE001  # whatever it is, the next look comes
                Log.exception("refold-failed")
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Make anew what is of an older fold, one shard after the other; nothing while another process does.

        Raises Unavailable and what the driver raises where the ledger can't be asked.
        """
        async with self._pool.acquire(timeout=10) as pooled:
            if not [row async for row in _QUERIES.older(pooled, fold_version=FOLD_VERSION)]:
                return
        connection = await asyncpg.connect(
            self._settings.database_url, timeout=10, command_timeout=60, server_settings=SESSION
        )
        try:  # the lock is this connection's, so that it goes with the process
            if await _QUERIES.lock(connection):
                for row in [row async for row in _QUERIES.older(connection, fold_version=FOLD_VERSION)]:
                    await self._refold(connection, row)
        finally:
            connection.terminate()

    async def _refold(self, connection: asyncpg.Connection[asyncpg.Record], row: asyncpg.Record) -> None:
        shard = row["shard"]
        try:
            await Refolding(connection, shard, self._settings.archive_folder).run(row["fold_version"])
            self._told.pop(shard, None)
        except _STUCK as error:
            why = Both(str(error), error.zh)
            await _QUERIES.waits(connection, shard=shard, reason=why.en, reason_zh=why.zh)
            if self._told.get(shard) != why:
                Log.error("refold-waits", shard=shard, reason=why.en)
            self._told[shard] = why


class Refolding:
    """One shard's fold, on a connection that holds the lock."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], shard: int, folder: Path) -> None:
        """``folder``: where files of what left the ledger are looked for."""
        self._connection = connection
        self._shard = shard
        self._folder = folder
        self._folding = Folding()
        self._at = 0  # events that are folded and stored

    async def run(self, stored: int) -> None:
        """All of it, from where it was left. ``stored``: the fold that the states are of now.

        Raises NotArchived, Refused or Hole where an operator must mend something; Unavailable.
        """
        self._at = await self._begin()
        told = Log.bind(shard=self._shard, stored=stored, into=FOLD_VERSION)
        told.info("refold-begun" if self._at == 0 else "refold-resumed", events=self._at)
        while not await self._switched():
            await self._catch_up()
        told.info("refold-ended", events=self._at)

    async def _begin(self) -> int:
        """Where to go on; at the first event where what is there can't be gone on with."""
        wanted = {"shard": self._shard, "fold_version": FOLD_VERSION}
        at: int | None = await _QUERIES.under_way(self._connection, **wanted)
        if at is None:
            async with self._connection.transaction():
                await self._discard()
                await _QUERIES.begin(self._connection, **wanted)
        return at or 0

    async def _discard(self) -> None:
        await self._connection.execute(_QUERIES.discard.sql, self._shard, timeout=_LONG)

    async def _catch_up(self) -> None:
        """Fold up to where the shard ends now; nobody waits meanwhile."""
        events = LedgerSource(self._connection, await self._sizes(), await self._archive())
        async for chunk in events.chunks(self._shard, self._at):
            for first in range(0, len(chunk.bodies), AT_ONCE):
                async with self._connection.transaction():
                    await self._take(chunk.bodies[first : first + AT_ONCE])
                    fault("refold-portion")
                fault("refold-stored")

    async def _switched(self) -> bool:
        """Under the shard's lock fold the last few events, and have the new states count; False where they are many."""
        async with self._connection.transaction():
            row = await locked_one(self._connection, self._shard)
            if row["size"] - self._at > AT_ONCE:
                return False
            ledger = LedgerSource(self._connection, await self._sizes(), await self._archive())
            async for chunk in ledger.chunks(self._shard, self._at):
                await self._take(chunk.bodies)
            await _QUERIES.switch(self._connection, shard=self._shard, fold_version=FOLD_VERSION)
            await self._discard()
            fault("refold-switch")
        fault("refold-switched")
        return True

    async def _take(self, bodies: list[bytes]) -> None:
        """Fold these events, and store what they change. Within a transaction."""
        await self._fold(bodies)
        changed = self._folding.changed()
        self._at += len(bodies)
        await _QUERIES.advance(
            self._connection,
            shard=self._shard,
            fold_version=FOLD_VERSION,
            kinds=[state[0] for state in changed],
            keys=[state[1] for state in changed],
            versions=[state[2] for state in changed],
            states=[state[3] for state in changed],
            position=self._at,
        )

    async def _fold(self, bodies: list[bytes]) -> None:
        try:
            events = await asyncio.to_thread(lambda: [recorded(body).event for body in bodies])
            await fold(self._folding, self._connection, self._shard, events)
        except (RecorderError, asyncpg.PostgresError, *TRANSIENT):
            raise
        except Exception as error:
            last, why = self._at + len(bodies) - 1, type(error).__name__
            raise _refused("unfoldable", shard=self._shard, first=self._at, last=last, why=why) from error

    async def _sizes(self) -> list[int]:
        return [row["size"] for row in await self._connection.fetch(source.QUERIES.shards.sql)]

    async def _archive(self) -> Archive:
        """The files of what left the ledger, as far as it is still to be folded. Raises Refused where one is absent."""
        rows = [row async for row in _QUERIES.left(self._connection, shard=self._shard, position=self._at)]
        absent = [row for row in rows if not (self._folder / row["file"]).is_file()]
        if absent:
            file, year = absent[0]["file"], absent[0]["year"]
            raise _refused("refold-archive", count=len(absent), file=file, folder=self._folder, year=year)
        held = [
            Held(self._folder / row["file"], self._shard, row["first"], row["last"], row["bytes"], row["sha256"].hex())
            for row in rows
        ]
        return Archive({self._shard: held})


def _refused(word: str, /, **values: object) -> Refused:
    why = reason(word, **values)
    return Refused(why.en, why.zh)
