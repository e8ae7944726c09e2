"""Which shards a command is about."""

from __future__ import annotations

from collections.abc import Iterable

from services.recorder.recovery.refusals import refused


def chosen(only: Iterable[int], count: int) -> list[int]:
    """These shards in order, all ``count`` where none is named. Raises Refused where one doesn't exist."""
    shards = sorted(set(only)) or list(range(count))
    if wrong := [shard for shard in shards if not 0 <= shard < count]:
        raise refused("no-shard", shard=wrong[0], last=count - 1)
    return shards
