"""CloudEvents in binary mode, whichever door it comes in by: attributes beside the data, and how much they may be."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from schemas.envelope import LARGEST_ACTION
from services.common.telling.explain import FieldError, Four
from services.recorder.intake.parsing import Unreadable

_INTEGERS: Final = frozenset({"expectedversion"})
MOST_ATTRIBUTES: Final = 64  # an action has 16
_DIGITS: Final = 20  # so many tell that a number is too large; Python refuses to read very many
_NO_TEXT: Final[Four] = (
    "is not UTF-8 text", "不是 UTF-8 文本",
    "write it in UTF-8, over HTTP percent-encoded", "请用 UTF-8 编码，经 HTTP 发送时再作百分号编码",
)  # fmt: skip
_TWICE: Final[Four] = ("is given twice", "重复出现", "give each header once", "每个消息头只能出现一次")
_ATTRIBUTE: Final = re.compile(r"ce[_-][a-z0-9]{1,64}|content-type", re.IGNORECASE | re.ASCII)


def binary(headers: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    """An action's members from binary mode's headers (``ce_…`` or ``ce-…``) and data."""
    attributes = {name[3:]: text for name, text in headers.items()}
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


def texts(
    headers: Iterable[tuple[str, bytes | None]], size: int, plain: Callable[[bytes], bytes] = bytes
) -> dict[str, str] | Unreadable:
    """What these headers say, by their names in lower case; each may come once.

    ``size`` is that of the data: together they are one action. ``plain`` undoes how the transport writes them.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        size += len(name) + len(value or b"")
        if beyond := beyond_limits(len(found) + 1, size):
            return beyond
        if name.lower() in found:
            return _bad_header(name, _TWICE)
        text = _text(value, plain)
        if text is None:
            return _bad_header(name, _NO_TEXT)
        found[name.lower()] = text
    return found


def _text(value: bytes | None, plain: Callable[[bytes], bytes]) -> str | None:
    try:
        return None if value is None else plain(value).decode()
    except UnicodeDecodeError:
        return None


def _bad_header(name: str, why: Four) -> Unreadable:
    shown = name if _ATTRIBUTE.fullmatch(name) else f"{name[:3]}…"  # any other name may hold anything, at any length
    en, zh, fix_en, fix_zh = why
    errors = (FieldError(f"/headers/{shown}", *why),)
    return Unreadable("bad-header", f"The header {shown} {en}: {fix_en}.", f"消息头 {shown} {zh}：{fix_zh}。", errors)
