"""What is wrong with an action is found and told with bounded work, and others have their turn meanwhile."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import orjson
import pytest
from aiokafka import ConsumerRecord
from fastapi import Request
from pydantic import AfterValidator, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from schemas.base import MOST, Many
from services.common.http.problems import Problem
from services.recorder.intake import explain, turns
from services.recorder.intake.binary import MOST_ATTRIBUTES
from services.recorder.intake.from_kafka.record import Record, read_record, read_records
from services.recorder.intake.over_http.opening import OpenRequest, _items
from services.recorder.intake.over_http.requests import _attributes, many
from services.recorder.intake.parsing import Unreadable
from services.recorder.intake.reading import Readable, read

ENVELOPE: dict[str, Any] = {
    "specversion": "1.0", "id": "a-1", "source": "/oa", "type": "chengzhang.learning.record-attendance.v1",
    "time": "2026-03-02T09:00:00+08:00", "office": "o-1", "actor": "p-9",
}  # fmt: skip


def _read(fields: dict[str, Any]) -> Readable:
    readable = read(fields, orjson.dumps(fields))
    assert isinstance(readable, Readable)
    return readable


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many errors each explanation was made of."""
    counts: list[int] = []
    original = explain._built

    def counting(error: ValidationError) -> list[ErrorDetails]:
        errors = original(error)
        counts.append(len(errors))
        return errors

    monkeypatch.setattr(explain, "_built", counting)
    return counts


# --- how much is looked at ---


def test_of_too_many_items_none_is_looked_at() -> None:
    looked: list[str] = []
    adapter = TypeAdapter(Many[Annotated[str, AfterValidator(looked.append)]])
    with pytest.raises(ValidationError) as told:
        adapter.validate_python(["x"] * (MOST + 1))
    assert [error["type"] for error in told.value.errors()] == ["too_long"]
    assert looked == []
    adapter.validate_python(["x"] * MOST)
    assert len(looked) == MOST


def test_too_many_items_are_one_error() -> None:
    (error,) = _read(ENVELOPE | {"data": {"session": "s", "roll": [{} for _ in range(20_000)]}}).errors
    assert error.pointer == "/data/roll"
    assert (error.en, error.fix_en) == ("has too many items", "give at most 2000; split the rest off")


def test_too_many_fields_to_open_are_one_error() -> None:
    with pytest.raises(Problem) as told:
        _items(orjson.dumps({"items": [{}] * 20_000}))
    assert [error.pointer for error in told.value.errors] == ["/items"]
    with pytest.raises(Problem) as told:
        _items(orjson.dumps({"items": [{}] * 1000}))
    assert len(told.value.errors) >= explain.MOST_TOLD
    assert OpenRequest.model_json_schema()["properties"]["items"]["maxItems"] == 1000


@pytest.mark.parametrize(
    ("data", "first", "told"),
    [
        ({"session": "s", "roll": [{} for _ in range(2000)]}, "/data/roll/0/person", 100),
        ({"session": "s", "roll": [{"a": 1, "b": 1, "c": 1} for _ in range(2000)]}, "/data/roll/0/person", 100),
        ({"session": "s"} | {f"k{i}": 0 for i in range(7000)}, "/data/roll", 100),
        ({f"k{i}": 0 for i in range(7000)} | {"session": "s", "roll": [{}]}, "/data/k0", 99),
    ],
)
def test_of_thousands_of_errors_few_more_are_built_than_told(
    built: list[int], data: dict[str, Any], first: str, told: int
) -> None:
    errors = _read(ENVELOPE | {"data": data}).errors
    assert len(errors) == told
    assert first in {error.pointer for error in errors}
    assert told <= sum(built) < 3 * told


def test_errors_that_begin_late_are_found(built: list[int]) -> None:
    roll = [{"person": f"p-{i}", "state": "present", "minutes": 1 if i < 1800 else -1} for i in range(2000)]
    errors = _read(ENVELOPE | {"data": {"session": "s", "roll": roll}}).errors
    assert [error.pointer for error in errors] == [f"/data/roll/{i}/minutes" for i in range(1800, 1900)]
    assert sum(built) <= 200


def test_no_field_is_said_to_be_missing_because_others_are_many() -> None:
    data = {f"k{i}": 0 for i in range(7000)} | {"session": "s", "roll": [{"person": "p"}]}
    pointers = {error.pointer for error in _read(ENVELOPE | {"data": data}).errors}
    assert pointers.isdisjoint({"/data/session", "/data/roll", "/data/roll/0/person"})


# --- binary mode ---


def _binary(value: bytes, *more: tuple[str, bytes]) -> Record:
    headers = [(f"ce_{name}", text.encode()) for name, text in ENVELOPE.items()]
    return ConsumerRecord("actions", 0, 0, 0, 0, None, value, None, -1, len(value), (*headers, *more))


@pytest.mark.parametrize(
    ("value", "more"),
    [
        (b"{}", [(f"ce_{i:x}", b"") for i in range(MOST_ATTRIBUTES)]),
        (b"{}", [("ce_subject", b"x" * 65_536)]),
        (b"{}" + b" " * 40_000, [("ce_subject", b"x" * 30_000)]),
    ],
)
def test_headers_are_limited_with_the_data(value: bytes, more: list[tuple[str, bytes]]) -> None:
    record = read_record(_binary(value, *more))
    assert isinstance(record, Unreadable)
    assert record.code == "too-large"
    raw = [(name.replace("ce_", "ce-").encode(), text) for name, text in _binary(value, *more).headers]
    request = _attributes(Request({"type": "http", "headers": raw}), len(value))
    assert isinstance(request, Unreadable)
    assert request.code == "too-large"


def test_other_headers_are_nobodys_business() -> None:
    record = read_record(_binary(b"{}", *[(f"trace{i}", b"x" * 1000) for i in range(1000)]))
    assert isinstance(record, Readable)


# --- turns ---


async def _turns_of_others(work: Any) -> int:  # noqa: ANN401  # any coroutine
    """How often others had the loop while that was done."""
    had = 0

    async def others() -> None:
        nonlocal had
        while True:
            await asyncio.sleep(0)
            had += 1

    task = asyncio.create_task(others())
    await asyncio.sleep(0)
    had = 0
    await work
    task.cancel()
    return had


async def test_reading_many_actions_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    action = orjson.dumps(ENVELOPE | {"data": {}})
    records = [ConsumerRecord("actions", 0, n, 0, 0, None, action, None, -1, len(action), ()) for n in range(50)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"[" + b",".join([action] * 50) + b"]"}

    def request() -> Request:
        return Request({"type": "http", "headers": []}, receive)

    monkeypatch.setattr(turns, "AT_A_STRETCH", 3600)
    assert await _turns_of_others(read_records(records)) < 5
    assert await _turns_of_others(many(request())) < 5
    monkeypatch.setattr(turns, "AT_A_STRETCH", -1)
    assert await _turns_of_others(read_records(records)) >= 50
    assert await _turns_of_others(many(request())) >= 50
