"""How often one may come: so many requests a second, and a second's worth at once.

The generic cell rate algorithm (ITU-T I.371): of each there is kept one number, the time at which all that it had would
be used up at the allowed pace.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from fastapi import Request

from services.common.http.problems import Problem

_AT_ONCE: Final = 1.0  # seconds' worth
_KEPT: Final = 10_000  # identities; who has come within the last second is not forgotten before there are so many
SCOPE: Final = "chengzhang.rates"  # where a request's scope has them


@dataclass(slots=True)
class Rates:
    """``per_second`` requests of each; 0: no limit."""

    per_second: int
    clock: Callable[[], float] = time.monotonic
    _used: dict[str, float] = field(default_factory=dict)

    def take(self, who: str) -> None:
        """Count one. Raises Problem 429 where it is one too many."""
        if not self.per_second:
            return
        now = self.clock()
        used = max(self._used.get(who, 0.0), now)
        if used - now > _AT_ONCE - 1 / self.per_second + 1e-9:
            raise _too_often(self.per_second, used - now)
        if len(self._used) >= _KEPT and who not in self._used:
            self._used = {each: at for each, at in self._used.items() if at > now}
        self._used[who] = used + 1 / self.per_second


def take(request: Request, who: str) -> None:
    """Count a request of somebody's, where this server counts any. Raises Problem 429."""
    rates: Rates | None = request.scope.get(SCOPE)
    if rates is not None:
        rates.take(who)


def _too_often(per_second: int, wait: float) -> Problem:
    detail = f"More than {per_second} requests a second. Send them again more slowly, or as batches."
    return Problem(429, "too-often", "Too often", detail, headers={"Retry-After": str(max(ceil(wait - _AT_ONCE), 1))})
