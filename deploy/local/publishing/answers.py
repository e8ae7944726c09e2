"""What became of the actions that were sent: counted by receipt, and what still waits for one."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.local.sample.draft import refusal_of

Json = dict[str, Any]
Key = tuple[str, str, str]
ATTEMPTS: Final = 5


def key_of(action: Json) -> Key:
    """What makes an action itself, for ever: office, source and id. Its receipt has the same three."""
    return action["office"], action["source"], action["id"]


def again(receipt: Json) -> bool:
    """Whether it may pass when it is sent again."""
    return not receipt["final"] and refusal_of(receipt) is None


@dataclass(slots=True)
class Sent:
    """An action under way; ``about`` is what others may have to wait for."""

    body: bytes
    about: frozenset[str] = frozenset()
    attempts: int = 1


@dataclass(slots=True)
class Answers:
    """The state of one publication.

    ``foreseen``: refusals of what the sample only tries. ``at_least``: the last position that it made, by shard.
    ``silent``: the address where nobody answers just now.
    """

    accepted: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    foreseen: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Json] = field(default_factory=dict)
    at_least: dict[int, int] = field(default_factory=dict)
    waiting: dict[Key, Sent] = field(default_factory=dict)
    silent: str | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def done(self) -> int:
        """How many are answered for good."""
        return self.accepted + self.repeated + self.refused.total() + self.foreseen.total()

    def take(self, receipt: Json) -> Sent | None:
        """Count a receipt from the topic. Returns what to send again: refused for now, and not tried too often."""
        key = key_of(receipt)
        sent = self.waiting.get(key)
        if sent is None:
            return None  # somebody else's
        self.news.set()
        if again(receipt) and sent.attempts < ATTEMPTS:
            sent.attempts += 1
            return sent
        del self.waiting[key]
        self.count(receipt, repeat=False)
        return None

    def count(self, receipt: Json, *, repeat: bool) -> None:
        """Count a receipt that settles an action."""
        if receipt["outcome"] != "accepted":
            if refusal_of(receipt):
                self.foreseen[receipt["code"]] += 1
            else:
                self.refuse(receipt["code"], receipt)
            return
        self.accepted += not repeat
        self.repeated += repeat
        self.note(receipt)

    def refuse(self, code: str, example: Json) -> None:
        """Count a refusal, and keep the first of its kind to show."""
        self.refused[code] += 1
        self.examples.setdefault(code, example)

    def note(self, receipt: Json) -> None:
        """Remember how far a reader has to have read to see it."""
        if receipt.get("at_least"):
            shard, position = (int(part) for part in receipt["at_least"].split(":"))
            self.at_least[shard] = max(position, self.at_least.get(shard, -1))

    def last_by_office(self) -> dict[str, Key]:
        """Of each office that waits, the action sent last: when that one was read, so were those before it."""
        return {key[0]: key for key in self.waiting}

    def settle(self, office: str) -> None:
        """All of the office's were recorded before: a repeat writes no receipt."""
        for key in [key for key in self.waiting if key[0] == office]:
            del self.waiting[key]
            self.repeated += 1
        self.news.set()
