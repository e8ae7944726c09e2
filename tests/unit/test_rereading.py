"""What is read again because of a restore: which of it was answered before."""

from __future__ import annotations

from typing import Any, cast

from aiokafka import TopicPartition

from services.common.tokens.grants import Grant
from services.recorder.intake.from_kafka.record import Record
from services.recorder.intake.from_kafka.rereading import Rereading
from services.recorder.ledger.submission import Submission

A, B = (Submission("o-1", "/oa", "a-1", "t", body, b"key", Grant("oa", "publisher")) for body in (b"one", b"two"))


def _rereading(until: int, receipts: dict[tuple[bytes, bytes], int]) -> Rereading:
    nothing: Any = None
    rereading = Rereading(nothing)
    rereading._until[TopicPartition("actions", 0)] = until
    rereading._receipts.update(receipts)
    return rereading


def _at(offset: int, partition: int = 0) -> Record:
    return cast("Record", type("Record", (), {"topic": "actions", "partition": partition, "offset": offset}))


def test_as_many_deliveries_as_there_are_receipts_were_answered() -> None:
    rereading = _rereading(9, {(b"key", b"one"): 2})
    for _ in range(2):  # a batch that is tried again
        assert [rereading.answered(_at(offset), A) for offset in (3, 5, 7)] == [True, True, False]
    assert not rereading.answered(_at(4), B), "another content"


def test_what_comes_behind_was_not_answered() -> None:
    rereading = _rereading(5, {(b"key", b"one"): 9})
    assert [rereading.answered(_at(offset), A) for offset in (4, 5, 6)] == [True, False, False]
    assert not rereading.answered(_at(4, partition=1), A), "that partition isn't read again"


def test_a_receipt_without_a_digest_is_of_any_content() -> None:
    rereading = _rereading(9, {(b"key", b""): 1})
    assert rereading.answered(_at(3), B)
