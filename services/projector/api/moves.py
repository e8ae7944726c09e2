"""Reading your own write: wait until a position is applied, by whichever projector."""

import asyncio
from typing import Final

import structlog

from services.common.telling.log import raised
from services.projector import database
from services.projector.api.live import Live
from services.projector.database import CHANNEL, TRANSIENT

_POLL_SECONDS: Final = 0.5  # a notification is a hint that can get lost
_RETRY_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)


class Moves:
    """Wakes those who wait whenever a cursor has moved; PostgreSQL tells by NOTIFY, from the moving transaction."""

    def __init__(self, url: str, live: Live, consumer: str) -> None:
        self._url = url
        self._live = live
        self._consumer = consumer
        self._moved = asyncio.Event()

    async def listen(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except TRANSIENT as error:
                _log.warning("listening-interrupted", raised=raised(error))
            await asyncio.sleep(_RETRY_SECONDS)

    async def reached(self, shard: int, position: int, seconds: float) -> bool:
        """Wait until that position is applied; False where it isn't in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    moved = self._moved  # before looking, so that no move falls in between
                    if await self._live.next(self._consumer, shard) > position:
                        return True
                    await _wait(moved)
        except TimeoutError:
            return False

    async def _listen(self) -> None:
        lost = asyncio.Event()
        async with database.connected(self._url) as connection:
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener(CHANNEL, self._wake)
            await lost.wait()

    def _wake(self, *_notification: object) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


async def _wait(moved: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_POLL_SECONDS):  # not wait_for, which can lose a cancellation (until Python 3.12)
            await moved.wait()
    except TimeoutError as error:
        del error  # then look again
