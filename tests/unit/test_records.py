"""Whatever one Kafka record holds, its neighbours are read and sealed, and what is kept of it can be stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson
import pytest
from aiokafka import ConsumerRecord

from services.common.tokens.grants import Grant
from services.recorder.domain.deciding.core import NO_TERMS
from services.recorder.errors import Unavailable
from services.recorder.intake import sealing
from services.recorder.intake.from_kafka import record as module
from services.recorder.intake.from_kafka.quarantine import _clean
from services.recorder.intake.from_kafka.record import Record, read_record, read_records
from services.recorder.intake.parsing import Unreadable
from services.recorder.intake.reading import Readable
from services.recorder.intake.sealing import Sent, prepare, prepare_apart
from services.recorder.ledger.submission import Submission
from services.recorder.vault.vault import DataKey, Owner

ENVELOPE: dict[str, Any] = {
    "specversion": "1.0", "source": "/oa", "type": "chengzhang.people.define-section.v1",
    "time": "2026-03-02T09:00:00+08:00", "office": "o-1", "actor": "p-9",
}  # fmt: skip
SENDER = Grant("an-app", "publisher")


class NoKeys:
    """A vault for actions that need no key."""

    terms = NO_TERMS

    async def keys(self, owners: Collection[Owner]) -> Mapping[Owner, DataKey]:
        """None."""
        assert not owners
        return {}

    async def named(self, _said: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        """Nobody's."""
        return ()

    async def remember(self, names: Mapping[tuple[str, str], str]) -> None:
        """None comes over Kafka."""
        raise AssertionError(names)

    def mac(self, body: bytes) -> bytes:
        """Any."""
        return body[:32]


def _record(value: bytes, *headers: tuple[str, bytes | None], offset: int = 0) -> Record:
    return ConsumerRecord("actions", 0, offset, 0, 0, None, value, None, -1, len(value), headers)


def _section(name: str) -> Record:
    return _record(orjson.dumps(ENVELOPE | {"id": name, "data": {"section": name, "name": "x"}}))


async def _understood(*records: Record) -> list[Submission | Unreadable]:
    read = await read_records(records)
    return await prepare_apart(
        [each if isinstance(each, Unreadable) else Sent(each, SENDER) for each in read], NoKeys()
    )


def _attributes(**more: str) -> list[tuple[str, bytes]]:
    return [(f"ce_{name}", value.encode()) for name, value in (ENVELOPE | {"id": "a-1"} | more).items()]


def _binary(*headers: tuple[str, bytes | None]) -> Record:
    return _record(b'{"section":"s","name":"x"}', *_attributes(), *headers)


@pytest.mark.parametrize("version", ["1" * 5000, "9" * 21, str(2**31)])
def test_a_version_of_very_many_digits_is_too_large(version: str) -> None:
    read = read_record(_binary(("ce_expectedversion", version.encode())))
    assert not isinstance(read, Unreadable)
    (error,) = read.errors
    assert (error.pointer, error.en) == ("/expectedversion", "is too large")


def test_a_version_may_have_zeros_before_it() -> None:
    read = read_record(_binary(("ce_expectedversion", b"0" * 30 + b"7")))
    assert not isinstance(read, Unreadable)
    assert read.action is not None
    assert read.action.expectedversion == 7


def test_a_header_that_is_no_text_is_named_only_where_its_name_is_one() -> None:
    named = read_record(_record(b"{}", ("ce_id", b"\xff")))
    assert isinstance(named, Unreadable)
    assert "header ce_id is" in named.en
    for name in ("ce_\x00", "ce_" + "x" * 5000):
        unnamed = read_record(_record(b"{}", (name, b"\xff")))
        assert isinstance(unnamed, Unreadable)
        assert unnamed.code == "bad-header"
        assert "header ce_… is" in unnamed.en


@pytest.mark.parametrize("name", ["ce_id", "ce_ID", "content-type", "Content-Type"])
def test_a_header_comes_once(name: str) -> None:
    told = read_record(_binary(("content-type", b"application/json"), (name, b"a-1")))
    assert isinstance(told, Unreadable)
    assert (told.code, told.errors[0].pointer) == ("bad-header", f"/headers/{name}")
    assert f"header {name} is given twice" in told.en
    assert f"消息头 {name} 重复出现" in told.zh


@pytest.mark.parametrize(
    "header", [("ce_id", b"other"), ("ce_id", b"\xff"), ("ce_id", None), ("ce_subject", b"x" * 65_536)]
)
def test_what_is_structured_is_that_whatever_stands_beside_it(header: tuple[str, bytes | None]) -> None:
    structured = ("content-type", b"Application/CloudEvents+JSON; charset=utf-8")
    value = orjson.dumps(ENVELOPE | {"id": "a-1", "data": {"section": "s", "name": "x"}})
    told = read_record(_record(value, header, header, structured))
    assert isinstance(told, Readable)
    assert told.id == "a-1"


@pytest.mark.parametrize("actor", ["%E7%8E%8B", '"p"', "%FF"])
def test_kafka_headers_are_neither_unquoted_nor_percent_decoded(actor: str) -> None:
    told = read_record(_record(b'{"section":"s","name":"x"}', *_attributes(actor=actor)))
    assert isinstance(told, Readable)
    assert told.action is not None
    assert told.action.actor == actor


def test_a_sender_cannot_say_that_a_batch_is_unreadable() -> None:
    read = read_record(_record(b"{}", ("unreadable-batch", b"\x00")))
    assert isinstance(read, Unreadable)
    assert read.code == "no-cloudevent"


def test_what_is_kept_can_be_stored() -> None:
    assert _clean("a\x00b\x1b[2J\ud800 张") == "a\ufffdb\ufffd[2J\ufffd 张"


async def test_a_record_on_which_reading_fails_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(record: Record) -> Any:  # noqa: ANN401  # as the original
        if record.value == b"bad":
            raise RecursionError
        return read_record(record)

    monkeypatch.setattr(module, "read_record", failing)
    first, bad, last = await _understood(_section("a"), _record(b"bad"), _section("b"))
    assert isinstance(first, Submission)
    assert isinstance(last, Submission)
    assert isinstance(bad, Unreadable)
    assert bad.code == "internal-error"
    assert "RecursionError" in bad.en


async def test_a_record_on_which_sealing_fails_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(sent: Any, vault: Any, **more: Any) -> list[Submission]:  # noqa: ANN401  # as the original
        if any(each.readable.id == "bad" for each in sent):
            raise KeyError
        return await prepare(sent, vault, **more)

    monkeypatch.setattr(sealing, "prepare", failing)
    meanings = await _understood(_section("a"), _section("bad"), _section("b"))
    assert [getattr(m, "id", None) or getattr(m, "code", None) for m in meanings] == ["a", "internal-error", "b"]


async def test_a_vault_that_is_away_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> list[Submission]:
        raise Unavailable

    monkeypatch.setattr(sealing, "prepare", away)
    with pytest.raises(Unavailable):
        await _understood(_section("a"))
