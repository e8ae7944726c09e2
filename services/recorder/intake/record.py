"""A Kafka record as an action: CloudEvents structured or binary mode, by its headers.

Where ``content-type`` says structured, nothing else that stands in headers counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka import ConsumerRecord

from schemas.envelope import LARGEST_ACTION, STRUCTURED
from services.common.explain import FieldError, Four
from services.recorder.intake.batches import UNREADABLE
from services.recorder.intake.reading import Readable, Unreadable, read, read_json

_INTEGERS: Final = frozenset({"expectedversion"})
MOST_ATTRIBUTES: Final = 64  # an action has 16
_DIGITS: Final = 20  # so many tell that a number is too large; Python refuses to read very many
_NO_TEXT: Final[Four] = (
    "is not UTF-8 text", "不是 UTF-8 文本",
    "write it in UTF-8, over HTTP percent-encoded", "请用 UTF-8 编码，经 HTTP 发送时再作百分号编码",
)  # fmt: skip
_TWICE: Final[Four] = ("is given twice", "重复出现", "give each header once", "每个消息头只能出现一次")
_ATTRIBUTE: Final = re.compile(r"ce[_-][a-z0-9]{1,64}|content-type", re.IGNORECASE | re.ASCII)


def read_record(  # noqa: PLR0911  # one return a way in which a record can be none
    record: ConsumerRecord[Any, bytes | None],
) -> Readable | Unreadable:
    """Read one record. Never raises for what a sender did."""
    if record.headers and record.headers[0][0] is UNREADABLE:
        return _unreadable_batch(record.headers[0][1])
    value = record.value
    if not value:
        return Unreadable(
            "empty", "The record has no value. Send the action as its value.", "记录内容为空。请将操作放在消息体中。"
        )
    headers = [(name, text) for name, text in record.headers or () if isinstance(name, str)]
    media = _content_type(headers)
    if isinstance(media, Unreadable):
        return media
    beside = [] if media == STRUCTURED else [header for header in headers if header[0].startswith("ce_")]
    attributes = texts(beside, len(value))
    if isinstance(attributes, Unreadable):
        return attributes
    fields = read_json(value)
    if isinstance(fields, Unreadable):
        return fields
    if attributes:
        return read(binary(attributes, fields), value + "".join(attributes.values()).encode())
    if media == STRUCTURED or (not media and "specversion" in fields):
        return read(fields, value)
    return Unreadable(
        "no-cloudevent",
        f"Neither a content-type header {STRUCTURED} nor ce_ headers nor a JSON object with specversion.",
        f"既没有 content-type: {STRUCTURED} 头，也没有 ce_ 头，内容也不是含 specversion 的 JSON 对象。",
    )


def _unreadable_batch(reason: bytes | None) -> Unreadable:
    why = (reason or b"").decode(errors="replace")[:64]
    return Unreadable(
        "unreadable-batch",
        f"The batch from this offset on can't be read ({why}). Send its records again in smaller batches, "
        "compressed with gzip, or not.",
        f"自该偏移量起的一批消息无法读取（{why}）。请分成较小的批次重新发送，使用 gzip 压缩或不压缩。",
    )


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


def _content_type(headers: Iterable[tuple[str, bytes | None]]) -> str | Unreadable:
    given = texts([header for header in headers if header[0].lower() == "content-type"], 0)
    if isinstance(given, Unreadable):
        return given
    return given.get("content-type", "").partition(";")[0].strip().lower()


def _bad_header(name: str, why: Four) -> Unreadable:
    shown = name if _ATTRIBUTE.fullmatch(name) else f"{name[:3]}…"  # any other name may hold anything, at any length
    en, zh, fix_en, fix_zh = why
    errors = (FieldError(f"/headers/{shown}", *why),)
    return Unreadable("bad-header", f"The header {shown} {en}: {fix_en}.", f"消息头 {shown} {zh}：{fix_zh}。", errors)
