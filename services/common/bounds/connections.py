"""All connections of a server: how many, in all and of one client, and which of them wait for their client.

A connection waits while its client owes something: the rest of its headers or body, the next request, or the reading of
an answer. What waits too long is cut off; where there are too many connections, the one that has waited longest goes,
so that whoever holds connections and says nothing keeps nobody out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

_LOOK_SECONDS: Final = 0.5


class Connection(Protocol):
    """What this needs of one."""

    @property
    def host(self) -> str:
        """The client's address."""

    def cut(self) -> None:
        """End it at once, whatever is under way."""


@dataclass(slots=True)
class Connections:
    """At most ``most`` of them, ``of_one`` from one address."""

    most: int
    of_one: int
    _hosts: Counter[str] = field(default_factory=Counter)
    _all: set[Connection] = field(default_factory=set)
    _waiting: dict[Connection, float] = field(default_factory=dict)  # until when; the longest waiting first
    _looking: asyncio.TimerHandle | None = None

    def admit(self, new: Connection) -> bool:
        """Count it; False where there is no room, and none that waits could go."""
        if self._hosts[new.host] >= self.of_one and not self._evict(new.host):
            return False
        if len(self._all) >= self.most and not self._evict(None):
            return False
        self._all.add(new)
        self._hosts[new.host] += 1
        return True

    def wait(self, connection: Connection, seconds: float) -> None:
        """From now on its client owes something, for so long at most."""
        loop = asyncio.get_running_loop()
        self._waiting.pop(connection, None)  # to the end
        self._waiting[connection] = loop.time() + seconds
        if self._looking is None:
            self._looking = loop.call_later(_LOOK_SECONDS, self._look)

    def work(self, connection: Connection) -> None:
        """From now on it is we who owe something."""
        self._waiting.pop(connection, None)

    def lose(self, connection: Connection) -> None:
        """It is no more."""
        self._waiting.pop(connection, None)
        if connection in self._all:
            self._all.remove(connection)
            self._hosts[connection.host] -= 1
            if not self._hosts[connection.host]:
                del self._hosts[connection.host]

    def _evict(self, host: str | None) -> bool:
        longest = next((each for each in self._waiting if host is None or each.host == host), None)
        if longest is None:
            return False
        self.lose(longest)
        longest.cut()
        return True

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in [each for each, until in self._waiting.items() if until < now]:
            self._waiting.pop(connection)
            connection.cut()
        self._looking = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look) if self._waiting else None
