"""Long work on the event loop, a few milliseconds at a time: heartbeats, requests and the append go on meanwhile."""

import asyncio
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Final, TypeVar

AT_A_STRETCH: Final = 0.005  # seconds
T = TypeVar("T")
R = TypeVar("R")


async def in_turns(items: Iterable[T], step: Callable[[T], R]) -> list[R]:
    """What the step makes of each, in order; others have the loop in between."""
    made: list[R] = []
    since = perf_counter()  # not the loop's time, which stands still meanwhile
    for item in items:
        made.append(step(item))
        if perf_counter() - since > AT_A_STRETCH:
            await asyncio.sleep(0)
            since = perf_counter()
    return made
