"""CloudEvents in binary mode, whichever door it comes in by: attributes beside the data, and how much they may be."""

from __future__ import annotations

from typing import Any, Final

from schemas.envelope import LARGEST_ACTION
from services.recorder.intake.reading import Unreadable

_INTEGERS: Final = frozenset({"expectedversion"})
MOST_ATTRIBUTES: Final = 64  # an action has 16
_DIGITS: Final = 20  # so many tell that a number is too large; Python refuses to read very many


def binary(attributes: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    """An action's members from binary mode's attributes (without their prefix) and data."""
    fields: dict[str, Any] = {**attributes, "data": data}
    for name in _INTEGERS & attributes.keys():
        if attributes[name].isascii() and attributes[name].isdigit():
            fields[name] = int(attributes[name].lstrip("0")[:_DIGITS] or "0")
    return fields


def beyond_limits(attributes: int, size: int) -> Unreadable | None:
    """What binary mode's attributes and data may be, together, as one action in structured mode; ``size`` in bytes."""
    if attributes <= MOST_ATTRIBUTES and size <= LARGEST_ACTION:
        return None
    return Unreadable(
        "too-large",
        f"The data and attributes have more than {LARGEST_ACTION} bytes, or there are more than {MOST_ATTRIBUTES} "
        "attributes. Split it.",
        f"数据与属性合计超过 {LARGEST_ACTION} 字节，或属性多于 {MOST_ATTRIBUTES} 个。请拆分。",
    )
