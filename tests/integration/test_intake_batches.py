"""What a fetch brings is read to its end, whatever one sender put into it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any, Final

import aiokafka
import cramjam
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from hypothesis import given
from hypothesis import strategies as st

from services.common.kafka import bounding, patch
from services.common.kafka.patch import UNREADABLE, Records
from services.recorder.intake.from_kafka.record import read_record
from services.recorder.intake.parsing import Unreadable

_GZIP: Final = 1
_SNAPPY: Final = 2
_ZSTD: Final = 4
_AT: Final = TopicPartition("actions", 0)
_RECORDS_AT: Final = 61  # in a batch
_TWO_GIB: Final = b"\xfe\xff\xff\xff\x0f"  # as a varint


class _NotText(str):
    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"ce_\xff"


def _batch(*values: bytes, first: int = 0, codec: int = 0, header: str = "x") -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1024 * 1024)
    for number, value in enumerate(values):
        builder.append(number, 1, b"k", value, [(header, b"v")])
    raw = bytearray(builder.build())
    raw[:8] = first.to_bytes(8)
    return bytes(raw)


def _read(raw: bytes, *, check_crcs: bool = True) -> tuple[list[ConsumerRecord[Any, bytes | None]], int]:
    """As aiokafka's fetcher does it: the records, and the offset to be fetched next."""
    records = PartitionRecords(_AT, Records(raw), [], 0, None, None, check_crcs, READ_UNCOMMITTED)
    return list(records), records.next_fetch_offset


def test_good_batches_are_read_as_ever() -> None:
    found, following = _read(_batch(b"a", b"b") + _batch(b"c", first=2, codec=_GZIP))
    assert [(r.offset, r.key, r.value, r.headers) for r in found] == [
        (0, b"k", b"a", (("x", b"v"),)), (1, b"k", b"b", (("x", b"v"),)), (2, b"k", b"c", (("x", b"v"),)),
    ]  # fmt: skip
    assert following == 3


@pytest.mark.parametrize("codec", [0, 1, 2, 3, 4])
def test_a_header_name_that_is_no_text_becomes_one(codec: int) -> None:
    found, following = _read(_batch(b"a", b"b", codec=codec, header=_NotText()) + _batch(b"c", first=2))
    assert [(r.offset, r.value) for r in found] == [(0, b"a"), (1, b"b"), (2, b"c")]
    assert found[0].headers == (("ce_\ufffd", b"v"),)
    assert type(found[0].value) is bytes
    assert following == 3


def test_a_length_beyond_the_end_is_unreadable() -> None:
    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1024 * 1024)
    builder.append(0, 1, b"k", b"a", [(_NotText(), b"v"), ("x", b"v")])
    raw = bytes(builder.build())
    broken = raw.replace(b"ce_\xff\x02v", b"ce_\xff" + _TWO_GIB + b"v")  # where the next header would be, nothing is
    assert broken != raw
    (found,), following = _read(_of_its_length(broken), check_crcs=False)
    assert found.headers[0][0] == UNREADABLE
    assert following == 1


@given(st.data())
def test_whatever_a_batch_holds_it_is_read_to_its_end(data: st.DataObject) -> None:
    header = data.draw(st.sampled_from(["x", _NotText()]))
    raw = bytearray(_batch(b"a", b"b", codec=data.draw(st.sampled_from([0, 0, 0, 1, 2, 3, 4])), header=header))
    for at in data.draw(st.lists(st.integers(_RECORDS_AT, len(raw) - 1), min_size=1, max_size=4)):
        raw[at : at + 1] = data.draw(st.sampled_from([b"\x00", b"\x01", b"\xff", _TWO_GIB, b""]))
    _, following = _read(_of_its_length(bytes(raw)) + _batch(b"c", first=2), check_crcs=False)
    assert following == 3


def _of_its_length(raw: bytes) -> bytes:
    return raw[:8] + (len(raw) - 12).to_bytes(4) + raw[12:]


@pytest.mark.parametrize("codec", [1, 2, 3, 4, 5])
def test_a_batch_that_cannot_be_decompressed_is_one_unreadable_record(codec: int) -> None:
    raw = _batch(b"a", b"b", codec=_ZSTD)
    broken = raw[:22] + bytes([codec]) + raw[23:61] + b"\xff" * (len(raw) - 61)
    found, following = _read(broken + _batch(b"c", first=2), check_crcs=False)
    assert [r.offset for r in found] == [0, 2]
    assert found[0].headers[0][0] == UNREADABLE
    assert following == 3
    told = read_record(found[0])
    assert isinstance(told, Unreadable)
    assert told.code == "unreadable-batch"
    assert found[0].value == broken


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_what_decompresses_to_too_much_is_one_unreadable_record(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "LARGEST", 40_000)
    fits = _batch(bytes(12_000), bytes(12_000), bytes(12_000), codec=codec)
    bomb = _batch(bytes(20_000), bytes(20_000), first=3, codec=codec)
    found, following = _read(fits + bomb + _batch(b"c", first=5))
    assert [(r.offset, r.value) for r in found[:3]] == [(n, bytes(12_000)) for n in range(3)]
    assert [r.offset for r in found[3:]] == [3, 5]
    assert found[3].headers == ((UNREADABLE, b"TooLarge"),)
    assert found[3].value == bomb
    assert following == 6


def _with_headers(count: int) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1024 * 1024)
    builder.append(0, 1, None, b"a", [])
    builder.append(1, 1, b"k", b"v" * 1000, [("x", b"yz")] * count)
    builder.append(2, 1, None, b"b", [])
    return bytes(builder.build())


def test_a_record_with_very_many_headers_makes_its_batch_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "LARGE", 2000)
    monkeypatch.setattr(bounding, "MOST_HEADERS", 500)
    few, many = _with_headers(500), _with_headers(501)
    assert [len(r.headers) for r in _read(few)[0]] == [0, 500, 0]
    (found,), following = _read(many)
    assert (found.offset, found.headers, found.value) == (0, ((UNREADABLE, b"TooLarge"),), many)
    assert following == 3
    liar = many[:69] + b"\x94\x00" + many[71:]  # its length is 10, it says
    assert [r.headers for r in _read(liar, check_crcs=False)[0]] == [((UNREADABLE, b"TooLarge"),)]
    monkeypatch.setattr(bounding, "LARGE", 1_000_000)
    assert [len(r.headers) for r in _read(many)[0]] == [0, 501, 0]


def test_a_batch_of_very_many_records_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "LARGE", 10)
    monkeypatch.setattr(bounding, "MOST_RECORDS", 3)
    assert len(_read(_batch(b"a", b"b", b"c"))[0]) == 3
    assert [r.headers for r in _read(_batch(b"a", b"b", b"c", b"d"))[0]] == [((UNREADABLE, b"TooLarge"),)]


def test_a_large_batch_that_is_broken_is_left_to_its_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "LARGE", 10)
    raw = bytearray(_batch(b"a", b"b" * 100))
    raw[61 + 1 + raw[61] // 2] = 0x7E  # the length of the second record, less than it is
    assert _read(bytes(raw), check_crcs=False)[0][0].value == b"a"
    raw[57:61] = (1000).to_bytes(4)  # more records than there are
    assert _read(bytes(raw), check_crcs=False)[0][0].value == b"a"


def test_snappy_may_come_in_one_block_or_in_many() -> None:
    values = [b"x" * 50_000, b"y" * 50_000]
    blocks = _batch(*values, codec=_SNAPPY)
    assert blocks[61:69] == b"\x82SNAPPY\x00"
    records = cramjam.snappy.compress_raw(_batch(*values)[61:])
    one = bytearray(blocks[:61]) + bytes(records)
    one[8:12] = (len(one) - 12).to_bytes(4)
    for raw in (blocks, bytes(one)):
        assert [r.value for r in _read(raw, check_crcs=False)[0]] == values


@pytest.mark.parametrize("length", [-4, 0, 2**31 - 1])
def test_a_snappy_block_of_a_wrong_length_is_unreadable(length: int) -> None:
    raw = bytearray(_batch(b"a" * 1000, codec=_SNAPPY))
    raw[77:81] = length.to_bytes(4, signed=True)
    (found,), following = _read(bytes(raw), check_crcs=False)
    assert found.headers == ((UNREADABLE, b"CorruptRecordException"),)
    assert following == 1


def test_a_batch_that_is_cut_off_inside_says_from_where_on() -> None:
    raw = bytearray(_batch(b"a", b"bb"))
    raw[-8] = 0x7E  # the length of the last value
    found, following = _read(bytes(raw), check_crcs=False)
    assert found[0].value == b"a"
    assert found[1].headers[0][0] == UNREADABLE
    assert found[1].offset == 1
    assert following == 2


# --- which aiokafka ---


def test_with_another_aiokafka_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is replaced are private parts, which any release may change."""
    monkeypatch.setattr(aiokafka, "__version__", "0.15.0")
    with pytest.raises(ImportError, match=r"aiokafka 0\.15\.0 is installed, .* 0\.14\.0") as told:
        runpy.run_path(patch.__file__)
    assert "已安装 aiokafka 0.15.0" in str(told.value)


def test_that_aiokafka_is_the_one_which_is_pinned() -> None:
    root = Path(__file__).parents[2]
    pinned = [
        re.findall(r"aiokafka==([\d.]+)", (root / name).read_text()) for name in ("pyproject.toml", "requirements.txt")
    ]
    assert pinned == [[patch.VERSION]] * 2
