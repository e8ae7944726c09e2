"""What can be wrong with a history: a closed list of kinds, and what was found of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

MOST: Final = 1000  # of a kind and shard that are listed; the rest are counted


class Kind(StrEnum):
    """What is wrong; ``position`` is the event's, unless said otherwise."""

    HASH = "hash"  # an event's leaf hash is not that of its bytes
    GAP = "gap"  # there is no event
    DUPLICATE = "duplicate"  # there are two
    ARCHIVE = "archive"  # a file of the archive is not the one that left, or can't be read from there on
    BEYOND = "beyond"  # an event behind the shard's end
    EVENT = "event"  # the bytes are no event of this place, or the row's columns say otherwise
    VERSION = "version"  # the versions of a stream are not 1, 2, 3 …
    TIME = "time"  # recorded before the event before it
    PEAKS = "peaks"  # the shard's peaks are not those of its leaf hashes; position: the shard's size
    TILE = "tile"  # a stored tile holds another hash; position: the first event that it is about
    CHECKPOINT = "checkpoint"  # the tree had another root when it was signed; position: its size then
    SIGNATURE = "signature"  # not a checkpoint that a trusted key signed; position: its size where it tells one
    RECEIPT = "receipt"  # the bytes are no receipt of this number, or the row's columns say otherwise; position: number
    RECEIPT_GAP = "receipt-gap"  # there is no receipt; position: its number
    RECEIPT_BEYOND = "receipt-beyond"  # a receipt behind the shard's end; position: its number
    RECEIPT_EVENT = "receipt-event"  # a receipt lists an event that isn't so; position: the listed event's
    UNRECEIPTED = "unreceipted"  # an event that no receipt lists
    FOLD = "fold"  # an event that can't be folded into the states before it
    STATE = "state"  # a state is not its events' fold; position: the last event that touches it
    TOPIC_MISSING = "topic-missing"  # there is no such topic
    TOPIC_RECORD = "topic-record"  # the topic holds other bytes than the ledger; of receipts, position: number
    TOPIC_FOREIGN = "topic-foreign"  # a record that no recorder wrote; position: what it claims, where it claims any
    TOPIC_GAP = "topic-gap"  # the topic holds later ones, not this one; of receipts, position: number
    TOPIC_AHEAD = "topic-ahead"  # the topic holds what the ledger doesn't; of receipts, position: number
    READ_MODEL = "read-model"  # a row is not what a fresh replay makes


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where. ``more`` says what else helps."""

    kind: Kind
    shard: int | None
    position: int | None
    expected: Any
    found: Any
    more: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As the report has it."""
        named = {"kind": self.kind.value, "shard": self.shard, "position": self.position}
        return {**named, "expected": _plain(self.expected), "found": _plain(self.found)} | self.more


def _plain(value: Any) -> Any:  # noqa: ANN401  # what JSON holds, and bytes
    return value.hex() if isinstance(value, bytes) else value


@dataclass(slots=True)
class Findings:
    """What a part of the work checked of a shard, and found."""

    shard: int | None = None
    checked: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    unlisted: Counter[str] = field(default_factory=Counter)
    _listed: Counter[Kind] = field(default_factory=Counter)

    def add(self, kind: Kind, position: int | None, expected: object, found: object, **more: object) -> None:
        """Note a problem; beyond ``MOST`` of a kind only how many there are."""
        if self._listed[kind] >= MOST:
            self.unlisted[kind.value] += 1
            return
        self._listed[kind] += 1
        self.problems.append(Problem(kind, self.shard, position, expected, found, dict(more)))

    def compare(self, kind: Kind, position: int, pairs: Iterable[tuple[str, object, object]]) -> None:
        """Note where bytes say something else than they should: name, what they should say, what they say."""
        wrong = [each for each in pairs if each[1] != each[2]]
        if wrong:
            self.add(kind, position, {each[0]: each[1] for each in wrong}, {each[0]: each[2] for each in wrong})

    def take(self, other: Findings) -> None:
        """Take on what another part found."""
        self.checked += other.checked
        self.problems += other.problems
        self.unlisted += other.unlisted
