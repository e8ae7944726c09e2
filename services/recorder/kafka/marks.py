"""Which records on the recorder's topics are its own: by their MACs, which say so of every position."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from schemas.trust.mac import sequence
from services.common.kafka.macs import Foreign, Macs, Strangers
from services.common.settings import Settings
from services.recorder.errors import Misconfigured
from services.recorder.kafka.fetching import Record

_UNREADABLE: Final = (ValueError, TypeError, LookupError)


def macs_of(settings: Settings) -> Macs:
    """Those of this installation. Raises Misconfigured."""
    return Macs(settings.mac_keys_file, Misconfigured)


def number_of(kind: str, value: bytes | None) -> int | None:
    """The position of an event, the number of a receipt, as the record says it; None where it says none."""
    return sequence(value) if kind == "events" else _receipt(value)


def _receipt(value: bytes | None) -> int | None:
    try:
        number: Any = orjson.loads(value or b"")["data"]["number"]
    except _UNREADABLE:
        return None
    return number if isinstance(number, int) and number >= 0 else None


class Marks:
    """Judges the records of one partition of ``events`` or ``receipts``, and remembers those that are foreign."""

    def __init__(self, macs: Macs, kind: str, topic: str, shard: int) -> None:
        """Nothing was seen yet."""
        self.kind = kind
        self._place = macs.at(topic, shard)
        self.strangers = Strangers()

    def ours(self, records: Sequence[Record]) -> list[Record]:
        """Those that the recorder wrote. Raises Misconfigured where the file of keys is too old."""
        return [record for record in records if self.is_ours(record)]

    def is_ours(self, record: Record) -> bool:
        """Whether the recorder wrote it. Raises Misconfigured where the file of keys is too old."""
        why = self._place.foreign(record.headers, number_of(self.kind, record.value), record.value)
        if why is None:
            return True
        self.strangers.see(Foreign.of(record, why))
        return False
