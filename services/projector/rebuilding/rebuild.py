"""Rebuild: a new version of the read models beside the live one, which serves and follows meanwhile; then the switch.

    begin    the schema ``office_v<N+1>``, or the half-built one that an interrupted rebuild left
    replay   the topic into it, as far as the live one has come
    compare  its rows with the live ones, at the same positions
    switch   in one transaction: cursors retired, views replaced, the version live

Every step may be cut short, and another rebuild goes on from there. Running projectors need no word of it: once the
cursors that they move are retired, they look which version is live.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Any, Final, Self

import asyncpg
import orjson
import structlog

from services.common.faults import fault
from services.common.settings import Settings
from services.projector import database
from services.projector.database import CURSOR, VERSIONS, Connection
from services.projector.errors import Refused
from services.projector.following.engine import Engine
from services.projector.read_models import ReadModel
from services.projector.rebuilding.beside import compared_at, near
from services.projector.rebuilding.compare import Comparison
from services.projector.rebuilding.replay import Replay
from services.projector.settings import consumer_name
from services.projector.versioning import founding, versions
from services.projector.versioning.versions import Version

_CATCH_UP_SECONDS: Final = 5.0  # how long the live version may be held still, below its lock_timeout
_TRIES: Final = 120
_PAUSE: Final = 1.0  # readers must get through between two tries
_log = structlog.get_logger(__name__)


class Rebuild:
    """One rebuild. As a context manager it is the only one, and finds or begins the version to build."""

    def __init__(self, settings: Settings, models: tuple[ReadModel, ...]) -> None:
        self._settings = settings
        self._url = settings.database_url
        self._consumer = consumer_name(settings)
        self._models = models
        self._open = AsyncExitStack()
        self._connection: Connection
        self._engine: Engine
        self._replay: Replay
        self.version: Version
        self.resumed = False

    async def __aenter__(self) -> Self:
        """Raises Refused where another one is at work, Unreadable without the topic, Lost without the live one."""
        try:
            await founding.create(self._url, self._models)
            self._connection = await database.connect(self._url)
            self._open.callback(self._connection.terminate)
            await versions.beside(self._connection)
            await self._begin()
            self._engine = Engine(self._url, self._consumer, self._models, self.version)
            self._open.push_async_callback(self._engine.close)
            await self._engine.open(self._settings.shards)
            self._replay = await self._open.enter_async_context(Replay(self._settings, self._engine))
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def replay(self) -> AsyncIterator[tuple[int, int]]:
        """Bring it near the live version; yields (events applied, events to apply). Raises Halted, Unreadable."""
        async for counts in near(self._connection, self._consumer, self._replay, self.version):
            yield counts

    def compared(self) -> AbstractAsyncContextManager[Comparison]:
        """Bring it exactly to where a snapshot of the live version stands, and compare."""
        fault("before-compare")
        return compared_at(self._url, self._consumer, self._replay, self.version)

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
                    f"A public view may only gain columns, at its end: {error}",
                    f"公开视图只能在末尾增加列：{error}",
                ) from error
            else:
                fault("after-switch")
                return
        raise Refused(
            "Somebody has kept reading the views for too long; nothing was switched. Run it again later.",
            "有人长时间占用视图，未切换。请稍后再运行。",
        )

    async def _begin(self) -> None:
        """Find the half-built version, or begin one; one by other folds, or with tables gone, is of no use."""
        connection = self._connection
        async with versions.alone(connection), connection.transaction():
            found = await versions.building(connection)
            if found is not None and found.digest == versions.digest(self._models) and not found.missing:
                self.version, self.resumed = found, True
                return
            if found is not None:
                await versions.drop(connection, found.number)
            number = 1 + await VERSIONS.highest(connection)
            self.version = Version.of(number, self._models)
            await versions.make(connection, self.version, self._models, "building")

    async def _switch(self) -> None:
        """One transaction. While it holds the live cursors, nothing is folded there: the last events are caught up."""
        connection = self._connection
        live = await versions.live(connection)
        async with versions.alone(connection), connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout TO '{versions.VIEW_LOCK_TIMEOUT}'")
            await connection.execute(f"SET LOCAL search_path TO {live.schema}")
            rows = [row async for row in CURSOR.lock_all(connection, consumer=self._consumer)]
            ends = {row["shard"]: row["next"] for row in rows}
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                async for _ in self._replay.to(ends):
                    pass
            await versions.retire(connection, self._consumer)
            await VERSIONS.make_live(connection, number=self.version.number)
            await versions.show(connection, self.version, self._models)
            await VERSIONS.tell(connection, positions=" ".join(f"{shard}:{end}" for shard, end in ends.items()))
            fault("in-switch")


async def rebuild(settings: Settings, models: Sequence[ReadModel]) -> AsyncIterator[tuple[int, int]]:
    """All of it, whatever the comparison says; yields (events applied, events to apply)."""
    async with Rebuild(settings, tuple(models)) as work:
        async for counts in work.replay():
            yield counts
        async with work.compared():
            pass
        await work.switch()
