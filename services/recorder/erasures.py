"""Erasures recorded in the ledger, applied to the vault: the key of whoever was erased is destroyed.

The ledger says who was erased, the vault follows. A recorder applies what it finds before it opens or seals anything,
after each erasure that it took, and every few seconds. So a crash in between, a vault restored from a backup that still
held the key, and an erasure that another recorder took all come to the same end.

A person's key is one for all offices, and so is an erasure. While any office holds the person, the key stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import aiosql
import structlog

from services.common.faults import fault
from services.recorder.domain.erasure import Erasure
from services.recorder.errors import Unavailable
from services.recorder.ledger.database import TRANSIENT, Pool
from services.recorder.vault import Vault

LOOK_EVERY: Final = 5.0  # seconds: how late a key is destroyed at the most, where nobody was told
Log: Final = structlog.get_logger("erasures")
_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg")


class Erasures:
    """What keeps the vault at what the ledger says."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        """Nothing runs yet."""
        self._pool = pool
        self._vault = vault
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look every few seconds from now on."""
        self._worker = asyncio.create_task(self._look(), name="erasures")

    async def stop(self) -> None:
        """Look no more."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)

    async def apply(self, more: Mapping[str, str] | None = None) -> None:
        """Destroy the keys of all who are erased and not held, by the ledger and by ``more``: person → event.

        Raises what the driver raises where the ledger can't be asked, and Unavailable where the vault can't.
        """
        async with self._pool.acquire(timeout=10) as connection:
            erased, held = due([(row["key"], row["state"]) async for row in _QUERIES.recorded(connection)])
        erased = {who: event for who, event in {**(more or {}), **erased}.items() if who not in held}
        waiting = await self._vault.not_destroyed(erased) if erased else set()
        if not waiting:
            return
        fault("before-destroy")
        await self._vault.destroy({who: erased[who] for who in waiting})
        Log.info("erased", persons=len(waiting), events=sorted(erased[who] for who in waiting))

    async def apply_now(self) -> None:
        """The same for somebody who waits. Raises Unavailable: it is tried again soon in any case."""
        try:
            await self.apply()
        except (Unavailable, *TRANSIENT) as error:
            raise Unavailable("recorded, but whether the person's key is destroyed already isn't known") from error

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.apply()
            except (Unavailable, *TRANSIENT) as error:
                Log.warning("erasures-retried", error=type(error).__name__)
            except Exception:  # noqa: BLE001  # whatever it is, the next look comes
                Log.exception("erasures-failed")


def due(rows: Collection[tuple[str, str]]) -> tuple[dict[str, str], set[str]]:
    """From states by key (``office/person``): who was erased, by which event, and who is held anywhere."""
    erased: dict[str, str] = {}
    held: set[str] = set()
    for key, text in rows:
        person = key.partition("/")[2]
        state = Erasure.model_validate_json(text or "{}")
        if state.erased:
            erased.setdefault(person, state.erased)
        if state.holds:
            held.add(person)
    return erased, held
