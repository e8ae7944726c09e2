"""How much there is at once of bodies that are large: what is made of one takes several times its bytes.

Afterwards the memory goes back to the system. By itself glibc keeps what lies between pieces that are still in use, and
so, after a few large bodies, a multiple of what is used.
"""

import asyncio
import ctypes
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from services.common.http.problems import Problem

SMALL: Final = 64 * 1024  # bytes: up to that none is counted, and each is parsed where it comes
_PATIENCE_SECONDS: Final = 10.0
_QUIET_SECONDS: Final = 1.0  # after the last one, until memory is given back
_OPTION: Final = getattr(ctypes.CDLL(None), "mallopt", None)
_OWN_MAPPING: Final = (-3, 1024 * 1024)  # M_MMAP_THRESHOLD: from so many bytes on, a piece goes back when it is freed
_GIVING_BACK: Final = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others give back by themselves


@dataclass(slots=True)
class Room:
    """So many bytes at once."""

    most: int
    _taken: int = 0
    _left: asyncio.Condition = field(default_factory=asyncio.Condition)
    _giving_back: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def taking(self, size: int) -> AsyncIterator[None]:
        """Hold so many bytes' room; wait for it a while. Raises Problem 429."""
        size, large = min(size, self.most), size > SMALL
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._left:
                await self._left.wait_for(lambda: self._taken + size <= self.most)
                self._taken += size
        except TimeoutError:
            detail = "Too many large bodies are at work. Send it again, as it is, in a while, or in smaller parts."
            raise Problem(429, "busy", "Too much at once", detail, headers={"Retry-After": "5"}) from None
        try:
            yield
        finally:
            async with self._left:
                self._taken -= size
                self._left.notify_all()
            if large and (self._giving_back is None or self._giving_back.done()):
                self._giving_back = asyncio.create_task(self._give_back())

    async def _give_back(self) -> None:
        await asyncio.sleep(_QUIET_SECONDS)
        while self._taken:  # noqa: ASYNC110  # what matters is that it has been quiet for some time
            await asyncio.sleep(_QUIET_SECONDS)
        await asyncio.to_thread(give_back)


def hold_little() -> None:
    """Have large pieces of memory go back as soon as they are freed.

    glibc says the same at first, and means ever larger ones from the first large piece on that is freed.
    """
    if _OPTION is not None:
        _OPTION(*_OWN_MAPPING)


def give_back() -> None:
    """Give the system what is free."""
    gc.collect()
    if _GIVING_BACK is not None:
        _GIVING_BACK(0)
