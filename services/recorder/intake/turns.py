"""Long work on the event loop, a few milliseconds at a time: heartbeats, requests and the append go on meanwhile."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

AT_A_STRETCH: Final = 0.005  # seconds


class Turns:
    """One piece of work, which asks after each step whether others should have their turn."""

    def __init__(self) -> None:
        """The first turn begins now."""
        self._since = perf_counter()  # not the loop's time, which stands still meanwhile

    async def after_a_step(self) -> None:
        """Let others have the loop, if this turn was long enough."""
        if perf_counter() - self._since > AT_A_STRETCH:
            await asyncio.sleep(0)
            self._since = perf_counter()
