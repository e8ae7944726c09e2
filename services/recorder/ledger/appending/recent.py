"""Whose the last batches of a shard were: a recorder beside others need not forget all of its states after each.

The shard's row holds it as JSON: ``[[first receipt, next receipt, [office, …]], …]``, the newest batch last; null in
place of the offices where they were many. Where something else moved the shard there is a hole, and nothing is known.
"""

from collections.abc import Collection
from typing import Final

import orjson

NOTHING: Final = "[]"
_BATCHES: Final = 4
_OFFICES: Final = 32  # the row stays short


def noted(recent: str, first: int, following: int, offices: Collection[str]) -> str:
    """The same with the batch of the receipts from ``first`` to before ``following``."""
    batches = [*orjson.loads(recent), [first, following, sorted(offices) if len(offices) <= _OFFICES else None]]
    return orjson.dumps(batches[-_BATCHES:]).decode()


def since(recent: str, at: int, following: int) -> frozenset[str] | None:
    """The offices that the receipts from ``at`` to before ``following`` were about; None where that isn't known."""
    offices: set[str] = set()
    for first, end, about in reversed(orjson.loads(recent)):
        if end != following or about is None or first < at:
            return None
        offices.update(about)
        following = first
        if first == at:
            return frozenset(offices)
    return None
