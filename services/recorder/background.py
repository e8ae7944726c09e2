"""Work beside everything else, until it is stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog


class Background:
    """Tasks of a process."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do this, too."""
        self._tasks.append(asyncio.create_task(work, name=name))

    async def stop(self) -> None:
        """Do no more: what is stored is gone on with after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def repeated(
    look: Callable[[], Awaitable[None]],
    every: float,
    log: structlog.stdlib.BoundLogger,
    told: tuple[str, str],
    *expected: type[Exception],
    at_once: bool = True,
) -> None:
    """Look every so many seconds, for ever, whatever comes of it.

    ``told``: what the log says where a look ends with what is expected, and where with anything else.
    """
    if not at_once:
        await asyncio.sleep(every)
    while True:
        try:
            await look()
        except expected as error:
            log.warning(told[0], error=type(error).__name__)
        except Exception:  # whatever it is, the next look comes
            log.exception(told[1])
        await asyncio.sleep(every)
