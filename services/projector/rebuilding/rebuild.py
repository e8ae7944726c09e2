"""Rebuild: a new version of the read models beside the live one, which serves and follows meanwhile; then the switch.

    begin    the schema ``office_v<N+1>``, or the half-built one that an interrupted rebuild left
    replay   the topic into it, as far as the live one has come
    compare  its rows with the live ones, at the same positions
    switch   in one transaction: cursors retired, views replaced, the version live

Every step may be cut short, and another rebuild goes on from there. Running projectors need no word of it: once the
cursors that they move are retired, they look which version is live.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import asyncpg
import orjson
import structlog

from services.common.faults import fault
from services.projector.database import CURSOR, VERSIONS
from services.projector.errors import Refused
from services.projector.rebuilding.beside import Beside
from services.projector.versioning import making, versions

_CATCH_UP_SECONDS: Final = 5.0  # how long the live version may be held still, below its lock_timeout
_TRIES: Final = 120
_PAUSE: Final = 1.0  # readers must get through between two tries
_log = structlog.get_logger(__name__)


class Rebuild(Beside):
    """One rebuild, which finds or begins the version to build."""

    resumed = False

    async def note(self, found: Mapping[str, Any]) -> None:
        """Keep what comparing found: a later rebuild that is told to go on need not compare again."""
        await VERSIONS.note_compared(
            self._connection, number=self.version.number, compared=orjson.dumps(found).decode()
        )

    async def switch(self) -> None:
        """Make it live. Waits for whoever reads. Raises Refused: somebody doesn't end, a view can't be replaced."""
        for model in self.version.tables:
            await self._connection.execute(f"ANALYZE {self.version.schema}.{model}")
        fault("before-switch")
        for _ in range(_TRIES):
            async for _ in self.replay():
                pass
            try:
                await self._switch()
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, TimeoutError) as error:
                _log.info("switch-postponed", raised=type(error).__name__)
                await asyncio.sleep(_PAUSE)
            except asyncpg.InvalidTableDefinitionError as error:
                raise Refused(
                    f"A public view may only gain columns, at its end: {error}", f"公开视图只能在末尾增加列：{error}"
                ) from error
            else:
                fault("after-switch")
                return
        raise Refused(
            "Somebody has kept reading the views for too long; nothing was switched. Run it again later.",
            "有人长时间占用视图，未切换。请稍后再运行。",
        )

    async def _begin(self, stack: AsyncExitStack) -> None:  # noqa: ARG002  # nothing is undone: it may go on later
        """Find the half-built version, or begin one; one by other folds, or with tables gone, is of no use."""
        await making.found(self._url, self._models)
        async with making.alone(self._connection):
            found = await versions.building(self._connection)
            if found is not None and found.digest == versions.digest(self._models) and not found.missing:
                self.version, self.resumed = found, True
                return
            if found is not None:
                await making.drop(self._connection, found.number)
            self.version = await making.following(self._connection, self._models)
            await making.make(self._connection, self.version, self._models, "building")

    async def _switch(self) -> None:
        """One transaction. While it holds the live cursors, nothing is folded there: the last events are caught up."""
        connection, shards = self._connection, list(range(self._settings.shards))
        live = await versions.live(connection)
        async with making.alone(connection):
            await connection.execute(f"SET LOCAL lock_timeout TO '{making.VIEW_LOCK_TIMEOUT}'")
            await connection.execute(f"SET LOCAL search_path TO {live.schema}")
            locked = CURSOR.lock_cursors(connection, consumer=self._consumer, shards=shards)
            ends = {row["shard"]: row["next"] async for row in locked}
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                await (await self._replay()).reach(ends)
            await making.retire(connection, self._consumer)
            await VERSIONS.make_live(connection, number=self.version.number)
            await making.show(connection, self.version, self._models)
            await VERSIONS.tell(connection, positions=" ".join(f"{shard}:{end}" for shard, end in ends.items()))
            fault("in-switch")
