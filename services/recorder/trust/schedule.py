"""The checkpointer: in the background of a recorder, a checkpoint a shard every so many events or seconds.

Only where the shard grew. Two recorders may both run one: whoever comes first signs, the other finds it done.
"""

import asyncio
from typing import Final

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from services.common.settings import Settings
from services.recorder.background import Background, repeated
from services.recorder.errors import Contradiction, Misconfigured
from services.recorder.ledger.database import TRANSIENT, Ledger, Pool
from services.recorder.metrics import CHECKPOINTS
from services.recorder.trust.delivery import Delivery
from services.recorder.trust.signing import QUERIES, Checkpoints

LOOK: Final = 1.0  # seconds between looks at how far the shards are
Log: Final = structlog.get_logger("checkpointer")


class Checkpointer(Background):
    """The background task. ``make`` signs a shard at once, for whoever asks for a proof, as ``Checkpoints`` does."""

    def __init__(self, pool: Pool, ledger: Ledger, settings: Settings) -> None:
        """Do nothing yet."""
        super().__init__()
        self._pool = pool
        self._settings = settings
        self._checkpoints = Checkpoints(pool, ledger, settings)
        self._delivery = Delivery(pool, ledger, settings)
        self.make = self._checkpoints.make
        self._refused: dict[int, str] = {}
        self._again: dict[int, float] = {}  # when a refused shard is looked at again
        self._begun = False

    async def start(self) -> None:
        """Begin."""
        told = ("checkpoints-retried", "checkpointer-failed")
        self.begin("checkpointer", repeated(self._look, LOOK, Log, told, *TRANSIENT))

    async def stop(self) -> None:
        """Sign no more; what was signed and not delivered is delivered after the next start."""
        await super().stop()
        await self._delivery.stop()

    async def _look(self) -> None:
        if not self._begun:
            await self._begin()
            self._begun = True
        await self._round()

    async def _begin(self) -> None:
        """Learn what was refused before this process; have a key before the first event."""
        async with self._pool.acquire(timeout=10) as connection:
            self._refused = {row["shard"]: row["reason"] async for row in QUERIES.refusals(connection)}
        try:
            await self._checkpoints.keys()
        except Misconfigured as error:
            Log.error("checkpoint-keys", reason=str(error))  # and again, by shard, where one is due

    async def _round(self) -> None:
        async with self._pool.acquire(timeout=10) as connection:
            rows = [row async for row in QUERIES.progress(connection)]
        for row in rows:
            if self._due(row):
                await self._sign(row["shard"])
        await self._deliver()

    def _due(self, row: asyncpg.Record) -> bool:
        if row["shard"] in self._refused:
            return _now() >= self._again.get(row["shard"], 0)
        grew = row["size"] - row["signed"]
        late = row["age"] is None or row["age"] >= self._settings.checkpoint_seconds
        return grew != 0 and (late or not 0 < grew < self._settings.checkpoint_events)

    async def _sign(self, shard: int) -> None:
        try:
            kept = await self.make(shard)
        except (Contradiction, Misconfigured) as error:
            await self._refuse(shard, str(error), error.zh)
            return
        CHECKPOINTS.inc()
        Log.debug("checkpoint", shard=shard, size=kept.size)
        if shard in self._refused:
            async with self._pool.acquire(timeout=10) as connection:
                await QUERIES.resume(connection, shard=shard)
            del self._refused[shard]
            Log.info("checkpoints-resumed", shard=shard)

    async def _refuse(self, shard: int, reason: str, reason_zh: str) -> None:
        self._again[shard] = _now() + self._settings.checkpoint_seconds
        if self._refused.get(shard) == reason:
            return
        Log.error("checkpoint-refused", shard=shard, reason=reason)
        async with self._pool.acquire(timeout=10) as connection:
            await QUERIES.refuse(connection, shard=shard, reason=reason, reason_zh=reason_zh)
        self._refused[shard] = reason  # once it is noted; else it is noted the next time

    async def _deliver(self) -> None:
        """To the file, then to the topic; where one of them can't be had, it is told later."""
        try:
            await self._delivery.file()
        except Misconfigured as error:
            Log.error("checkpoints-not-filed", reason=str(error))
        try:
            await self._delivery.publish()
        except (KafkaError, TimeoutError) as error:
            Log.warning("checkpoints-not-published", error=type(error).__name__)


def _now() -> float:
    return asyncio.get_running_loop().time()
