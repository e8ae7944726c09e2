"""The MACs of what the recorder writes, and where its records say that they are."""

from typing import Any, Final

import orjson

from schemas.mac import sequence
from services.common.macs import Macs
from services.common.settings import Settings
from services.recorder.errors import Misconfigured

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
