"""What a large batch holds, told from its framing before anything is made of it.

Four million headers of three bytes take a record of 12 MB and, as Python's objects, 300 MB and more: aiokafka makes
them all, whoever wants them. Small batches can't hold so many, and aren't looked at.

https://kafka.apache.org/documentation/#recordbatch
"""

from __future__ import annotations

import struct
from typing import Final

from aiokafka.record.util import decode_varint_py as varint  # not that in C, which reads beyond the end

from services.recorder.kafka.decompressing import TooLarge

LARGE: Final = 1024 * 1024  # bytes of a batch, or of what is left of it: in less there is no harm
MOST_HEADERS: Final = 10_000
MOST_RECORDS: Final = 200_000  # in one batch: 32 MiB hold no more actions, and to step over each takes time
_COUNT_AT: Final = 57
_RECORDS_AT: Final = 61


def check(raw: memoryview) -> None:
    """Raises TooLarge for a batch (uncompressed) that would take much memory. What is broken is left to its readers."""
    if len(raw) <= LARGE:
        return
    (count,) = struct.unpack_from(">i", raw, _COUNT_AT)
    if count > MOST_RECORDS:
        raise TooLarge
    at = _RECORDS_AT
    try:
        for _ in range(count):
            length, at = varint(raw, at)
            if len(raw) - at > LARGE and _headers(raw, at) > MOST_HEADERS:  # whatever length it says that it has
                raise TooLarge
            at += max(length, 0)
    except (IndexError, ValueError):
        return


def _headers(raw: memoryview, at: int) -> int:
    """How many headers the record has whose attributes are there."""
    for _ in ("attributes", "timestamp", "offset"):
        _, at = varint(raw, at)
    for _ in ("key", "value"):
        length, at = varint(raw, at)
        at += max(length, 0)
    count: int = varint(raw, at)[0]
    return count
