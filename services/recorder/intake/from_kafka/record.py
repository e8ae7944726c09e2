"""Kafka records as actions: CloudEvents structured or binary mode, by their headers.

Where ``content-type`` says structured, nothing else that stands in headers counts.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import structlog
from aiokafka import ConsumerRecord

from schemas.envelope import STRUCTURED
from services.common.kafka.patch import UNREADABLE
from services.recorder.intake.binary import binary, texts
from services.recorder.intake.parsing import Unreadable, failed, read_json
from services.recorder.intake.reading import Readable, read
from services.recorder.intake.turns import in_turns

Log: Final = structlog.get_logger("intake")
Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Records: TypeAlias = Sequence[Record]
_STRUCTURED: Final = (("content-type", STRUCTURED.encode()),)


async def read_records(records: Records) -> list[Readable | Unreadable]:
    """Read each, in order: none of them stops its neighbours, whatever it holds."""
    return await in_turns(records, _read)


def _read(record: Record) -> Readable | Unreadable:
    try:
        return read_record(record)
    except Exception as error:  # noqa: BLE001  # whatever it is: logged, quarantined, and the others go on
        Log.exception("record-failed", partition=record.partition, offset=record.offset)
        return failed(type(error).__name__)


def read_record(record: ConsumerRecord[Any, bytes | None]) -> Readable | Unreadable:
    """Read one record. Never raises for what a sender did."""
    if record.headers and record.headers[0][0] is UNREADABLE:
        return _unreadable_batch(record.headers[0][1])
    value = record.value
    if not value:
        return Unreadable(
            "empty", "The record has no value. Send the action as its value.", "记录内容为空。请将操作放在消息体中。"
        )
    if record.headers == _STRUCTURED:  # nearly all
        return _read_fields(value, STRUCTURED, {})
    headers = [(name, text) for name, text in record.headers or () if isinstance(name, str)]
    media = _content_type(headers)
    if isinstance(media, Unreadable):
        return media
    beside = [] if media == STRUCTURED else [header for header in headers if header[0].startswith("ce_")]
    attributes = texts(beside, len(value))
    if isinstance(attributes, Unreadable):
        return attributes
    return _read_fields(value, media, attributes)


def _read_fields(value: bytes, media: str, attributes: dict[str, str]) -> Readable | Unreadable:
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


def _content_type(headers: Iterable[tuple[str, bytes | None]]) -> str | Unreadable:
    given = texts([header for header in headers if header[0].lower() == "content-type"], 0)
    if isinstance(given, Unreadable):
        return given
    return given.get("content-type", "").partition(";")[0].strip().lower()
