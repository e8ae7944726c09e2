"""The headers that the recorder's records carry, for tests that put some there as it would."""

from __future__ import annotations

from schemas.trust.mac import sequence
from services.common.kafka.macs import Macs
from services.common.settings import Settings
from services.recorder.errors import Misconfigured


def marked(settings: Settings, kind: str, shard: int, value: bytes, at: int | None = None) -> list[tuple[str, bytes]]:
    """Of an event, whose bytes say its position; of anything else at ``at``."""
    position = sequence(value) if at is None else at
    assert position is not None
    return Macs(settings.mac_keys_file, Misconfigured).at(settings.topic(kind), shard).headers(position, value)
