"""What rebuild and verify share: another version, brought to where the live one stands, which moves on meanwhile."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Self

from services.common.faults import fault
from services.common.settings import Settings
from services.projector import database
from services.projector.database import Connection
from services.projector.following.engine import Engine
from services.projector.read_models import ReadModel
from services.projector.rebuilding.compare import Comparison, compared, snapshot
from services.projector.rebuilding.replay import Replay
from services.projector.settings import consumer_name
from services.projector.versioning import making, versions
from services.projector.versioning.versions import Version

_NEAR: Final = 2_000  # events: from here on, waiting for them is no wait


class Beside(ABC):
    """A version beside the live one. As a context manager it is the only one."""

    version: Version

    def __init__(self, settings: Settings, models: tuple[ReadModel, ...]) -> None:
        self._settings = settings
        self._url = settings.database_url
        self._consumer = consumer_name(settings)
        self._models = models
        self._open = AsyncExitStack()
        self._connection: Connection
        self._engine: Engine
        self._opened: Replay | None = None

    async def __aenter__(self) -> Self:
        """Raises Refused where another one is at work, NotRunning where nothing has ever been made, Lost."""
        async with AsyncExitStack() as stack:
            self._connection = await stack.enter_async_context(database.connected(self._url))
            await making.only(self._connection)
            await self._begin(stack)
            self._engine = Engine(self._url, self._consumer, self._models, self.version)
            stack.push_async_callback(self._engine.close)
            await self._engine.open(self._settings.shards)
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self._open.aclose()

    @abstractmethod
    async def _begin(self, stack: AsyncExitStack) -> None:
        """Find or make the version; what is to be undone at the end goes onto the stack."""

    async def _replay(self) -> Replay:
        """Raises Unreadable without the topic, NotRunning without Kafka."""
        if self._opened is None:
            self._opened = await self._open.enter_async_context(Replay(self._settings, self._engine))
        return self._opened

    async def replay(self) -> AsyncIterator[tuple[int, int]]:
        """Bring it near the live version; yields (events applied, events to apply).

        Raises Halted, Unreadable, NotRunning.
        """
        replay = await self._replay()
        done = sum((await versions.positions(self._connection, self._consumer, self.version)).values())
        while True:
            ends = await self._live_positions()
            yield done, sum(ends.values())
            async for count in replay.to(ends):
                done += count
                yield done, sum(ends.values())
            if sum((await self._live_positions()).values()) - done <= _NEAR:
                return

    async def _live_positions(self) -> dict[int, int]:
        return await versions.positions(self._connection, self._consumer, await versions.live(self._connection))

    @asynccontextmanager
    async def compared(self) -> AsyncIterator[Comparison]:
        """Bring it exactly to where a snapshot of the live version stands, and compare."""
        fault("before-compare")
        async with snapshot(self._url, self._consumer) as stood:
            await (await self._replay()).reach(stood.positions)
            async with compared(self._url, stood, self.version) as found:
                yield found
