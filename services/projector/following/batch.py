"""One shard's part of a batch: from Kafka records to facts that follow on the cursor without a gap. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar

import orjson

from schemas.trust.canonical import leaf_hash
from services.projector.errors import Behind, Forked, Unfoldable
from services.projector.following.stage import Staged, stage


class Record(Protocol):
    """What this needs of a Kafka record."""

    @property
    def partition(self) -> int:
        """The shard."""

    @property
    def offset(self) -> int:
        """Where it stands in the partition."""

    @property
    def value(self) -> bytes | None:
        """The event's canonical bytes."""


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the read models are in a shard: ``next`` comes next, ``leaf_hash`` is that of the event before it."""

    shard: int
    next: int = 0
    ledger: str | None = None
    leaf_hash: bytes | None = None
    offset_hint: int | None = None
    state: str = "live"
    error: str | None = None


@dataclass(slots=True)
class Slice:
    """Consecutive events of one shard from position ``first`` on; ``records`` and ``facts`` go side by side.

    ``before`` is the record at ``first - 1``: it tells whether the topic holds the history that the cursor stands on.
    ``broken`` says what is wrong with the event after the last fact; ``gap`` that this event isn't there.
    """

    shard: int
    first: int
    before: Record | None = None
    ledger: str | None = None
    records: list[Record] = field(default_factory=list)
    facts: list[Staged] = field(default_factory=list)
    broken: str | None = None
    gap: bool = False

    @property
    def end(self) -> int:
        """The position after the last fact."""
        return self.first + len(self.facts)

    @property
    def tail(self) -> Record | None:
        """The record at ``end - 1``."""
        return self.records[-1] if self.records else self.before

    def take(self, records: Iterable[Record]) -> Self:
        """Take the records that follow. Drops those that came before; stops at a gap or a broken one."""
        for record in records:
            if self.gap or self.broken is not None:
                break
            self._take(record)
        return self

    def _take(self, record: Record) -> None:
        try:
            staged = stage(record.value or b"")
            self._belongs(staged)
        except Unfoldable as error:
            if _claimed_position(record) >= self.end:
                self.broken = f"position {self.end}, offset {record.offset}: {error}"
            return
        if staged.position == self.end:
            self.ledger = staged.ledger
            self.records.append(record)
            self.facts.append(staged)
        elif staged.position > self.end:
            self.gap = True
        elif staged.position == self.first - 1:
            self.before = record

    def _belongs(self, staged: Staged) -> None:
        if staged.shard != self.shard:
            raise Unfoldable(f"an event of shard {staged.shard} in the partition of shard {self.shard}")
        if self.ledger is not None and staged.ledger != self.ledger:
            raise Unfoldable(f"an event of another ledger: {staged.ledger}, where {self.ledger} is known")

    def after(self, cursor: Cursor, known_ledger: str | None = None) -> Slice:
        """What of this lies ahead of the cursor, proven to follow on it, and of the ledger that is known.

        Raises Behind where something is missing in between, Forked where the topic tells another history.
        """
        if self.first > cursor.next:
            raise Behind(f"shard {self.shard}: the batch begins at {self.first}, the cursor stands at {cursor.next}")
        done = cursor.next - self.first
        if done > len(self.facts):  # another projector is further than all of this
            return Slice(self.shard, cursor.next)
        before = self.records[done - 1] if done else self.before
        if (
            before is not None or self.facts or self.broken is None
        ):  # else nothing is to be applied, and it is known why
            _prove(before, cursor)
        facts, known = self.facts[done:], known_ledger or self.ledger
        if facts and known != self.ledger:
            raise Forked(f"position {cursor.next}: an event of another ledger: {self.ledger}, where {known} is known")
        records = self.records[done:]
        return Slice(self.shard, cursor.next, before, self.ledger, records, facts, self.broken, self.gap)

    def until(self, position: int) -> Slice:
        """What of this lies before a position."""
        return self if self.end < position else self._first(max(position - self.first, 0))

    def half(self) -> Slice:
        """The first half of it, at least one fact."""
        return self._first((len(self.facts) + 1) // 2)

    def _first(self, count: int) -> Slice:
        return Slice(self.shard, self.first, self.before, self.ledger, self.records[:count], self.facts[:count])

    def moved(self) -> Cursor:
        """Where the cursor stands once this is applied; there is at least one fact."""
        last = self.records[-1]
        return Cursor(self.shard, self.end, self.ledger, leaf_hash(last.value or b""), last.offset)


def _prove(before: Record | None, cursor: Cursor) -> None:
    """Compare the event before the cursor with the one that was applied."""
    if not cursor.next:
        return
    if before is None:
        raise Forked(
            f"position {cursor.next - 1}: the topic doesn't hold this event, after which the next should be applied"
        )
    if leaf_hash(before.value or b"") != cursor.leaf_hash:
        raise Forked(
            f"position {cursor.next - 1}: the topic holds another event than the one that was applied; "
            "topic or database were replaced by another history"
        )


def _claimed_position(record: Record) -> float:
    """The position that a broken record claims; infinite where it claims none."""
    try:
        return int(orjson.loads(record.value or b"")["sequence"])
    except (ValueError, TypeError, LookupError):
        return float("inf")


def by_shard(records: Iterable[R]) -> dict[int, list[R]]:
    """A batch mixes partitions: split it, each in order."""
    found: dict[int, list[R]] = {}
    for record in records:
        found.setdefault(record.partition, []).append(record)
    return found
