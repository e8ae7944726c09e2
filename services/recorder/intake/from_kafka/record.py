"""Kafka records as actions: CloudEvents structured or binary mode, by their headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import structlog
from aiokafka import ConsumerRecord

from schemas.envelope import STRUCTURED
from services.recorder.intake.binary import beyond_limits, binary
from services.recorder.intake.reading import Readable, Unreadable, failed, read, read_json
from services.recorder.intake.turns import Turns
from services.recorder.kafka.patch import UNREADABLE

_ATTRIBUTE: Final = re.compile(r"ce_[a-z0-9]{1,64}|content-type", re.IGNORECASE | re.ASCII)
Log: Final = structlog.get_logger("intake")
Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Records: TypeAlias = Sequence[Record]


async def read_records(records: Records) -> list[Readable | Unreadable]:
    """Read each, in order: none of them stops its neighbours, whatever it holds."""
    found: list[Readable | Unreadable] = []
    turns = Turns()
    for record in records:
        found.append(_read(record))
        await turns.after_a_step()
    return found


def _read(record: Record) -> Readable | Unreadable:
    try:
        return read_record(record)
    except Exception as error:  # noqa: BLE001  # whatever it is: logged, quarantined, and the others go on
        Log.exception("record-failed", partition=record.partition, offset=record.offset)
        return failed(type(error).__name__)


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
    headers = _headers(record.headers, len(value))
    if isinstance(headers, Unreadable):
        return headers
    fields = read_json(value)
    if isinstance(fields, Unreadable):
        return fields
    attributes = {name[3:]: text for name, text in headers.items() if name.startswith("ce_")}
    if attributes:
        return read(binary(attributes, fields), value + "".join(attributes.values()).encode())
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == STRUCTURED or (not content_type and "specversion" in fields):
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


def _headers(raw: Any, size: int) -> dict[str, str] | Unreadable:  # noqa: ANN401  # what a sender sent
    headers: dict[str, str] = {}
    for name, value in raw or ():
        if not (isinstance(name, str) and (name.startswith("ce_") or name.lower() == "content-type")):
            continue
        size += len(name) + len(value or b"")
        if beyond := beyond_limits(len(headers) + 1, size):
            return beyond
        try:
            headers[name.lower()] = value.decode()
        except (AttributeError, UnicodeDecodeError):
            return _bad_header(name)
    return headers


def _bad_header(name: str) -> Unreadable:
    shown = name if _ATTRIBUTE.fullmatch(name) else "ce_…"  # any other name may hold anything, at any length
    return Unreadable(
        "bad-header",
        f"The header {shown} is not UTF-8 text. CloudEvents attributes are texts.",
        f"消息头 {shown} 不是 UTF-8 文本。CloudEvents 属性须为文本。",
    )
