"""From a batch of Kafka records to submissions: none of them stops its neighbours, whatever it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import structlog
from aiokafka import ConsumerRecord

from services.recorder.errors import RecorderError
from services.recorder.intake.from_kafka.record import read_record
from services.recorder.intake.reading import Readable, Unreadable
from services.recorder.intake.sealing import Keys, prepare
from services.recorder.intake.turns import Turns
from services.recorder.ledger.database import TRANSIENT
from services.recorder.ledger.submission import Submission

Log: Final = structlog.get_logger("intake")
Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Records: TypeAlias = Sequence[Record]


class Understood(NamedTuple):
    """A record, and what it asks for, or why that can't be told."""

    record: Record
    meaning: Submission | Unreadable


async def understand(records: Records, vault: Keys) -> list[Understood]:
    """Each record's meaning, in order. Raises Unavailable, or what TRANSIENT names, where a key can't be had now."""
    read: list[Readable | Unreadable] = []
    turns = Turns()
    for record in records:
        read.append(_read(record))
        await turns.after_a_step()
    prepared = iter(await _prepared([r for r in read if isinstance(r, Readable)], vault))
    meanings = [next(prepared) if isinstance(r, Readable) else r for r in read]
    return [Understood(record, meaning) for record, meaning in zip(records, meanings, strict=True)]


def failed(error: str) -> Unreadable:
    """A record on which the recorder itself failed; ``error`` names how."""
    return Unreadable(
        "internal-error",
        f"The recorder failed on this action ({error}); it was not recorded. Its log says more.",
        f"记录服务处理该操作时出错（{error}），未予记录。详见服务日志。",
    )


def _read(record: Record) -> Readable | Unreadable:
    try:
        return read_record(record)
    except Exception as error:  # noqa: BLE001  # whatever it is: logged, quarantined, and the others go on
        Log.exception("record-failed", partition=record.partition, offset=record.offset)
        return failed(type(error).__name__)


async def _prepared(readables: Sequence[Readable], vault: Keys) -> Sequence[Submission | Unreadable]:
    """All at once; one by one where that fails, so that the culprit alone fails."""
    try:
        return await prepare(readables, vault, plaintext_allowed=False)
    except (RecorderError, *TRANSIENT):
        raise
    except Exception as error:  # noqa: BLE001  # as above
        if len(readables) > 1:
            return [meaning for each in readables for meaning in await _prepared([each], vault)]
        Log.exception("record-failed", action=readables[0].id)
        return [failed(type(error).__name__)]
