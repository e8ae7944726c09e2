"""What a process takes of the machine's memory: now, and at most while something is done to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psutil

MB: Final = 1024 * 1024
_EVERY: Final = 0.01  # seconds between two looks: a peak of tens of megabytes takes longer to be made


def resident(pid: int) -> int:
    """Megabytes."""
    return int(psutil.Process(pid).memory_info().rss) // MB


class Peak:
    """The most that was seen, in megabytes; ``before`` is what it was at first."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.before = self.most = resident(pid)

    @property
    def grown(self) -> int:
        """By how much it was more than before, at most."""
        return self.most - self.before

    def look(self) -> None:
        """Look once."""
        self.most = max(self.most, resident(self._pid))


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Look at that process until the end of the block."""
    peak, over = Peak(pid), threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            peak.look()

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield peak
    finally:
        over.set()
        looking.join()
        peak.look()
