"""Batches of records that aiokafka won't read, read all the same: one sender's must not stop the others'.

aiokafka decodes header names strictly, and raises where one is not UTF-8, where a batch is compressed as nobody here
can decompress it, or where its records are not as they should be. It then reads the same batch again and again, and
loses what it had at hand of other partitions. And it decompresses whatever size comes of it; here that has a bound.

There is no hook for any of it, so this replaces parts that aiokafka promises nobody. All that touches such parts is
here, for one version; with another nothing starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import aiokafka

from services.common.kafka import bounding

VERSION: Final = "0.14.0"  # as pinned in pyproject.toml; read these parts again before it is changed


class OtherClient(ImportError):
    """Not the aiokafka that this is for."""


if aiokafka.__version__ != VERSION:
    raise OtherClient(
        f"aiokafka {aiokafka.__version__} is installed, but parts of {VERSION} are replaced here: nothing starts with "
        "another. Install the pinned one: `python3 deploy/local/bootstrap.py`. "
        f"已安装 aiokafka {aiokafka.__version__}，而此处替换的是 {VERSION} 的内部部件：其他版本不予启动。"
        "请安装固定的版本：`python3 deploy/local/bootstrap.py`。",
    )

from aiokafka.consumer import fetcher  # noqa: E402  # only where these parts are known
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError  # noqa: E402
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy, _DefaultRecordPy  # noqa: E402
from aiokafka.record.memory_records import _MemoryRecordsPy  # noqa: E402
from aiokafka.record.util import decode_varint_py  # noqa: E402

_BROKEN: Final = (CorruptRecordException, UnsupportedCodecError, ValueError, EOFError, OSError)
_MAGIC: Final = 16  # where the format's version stands; only version 2 has headers


class Mark(str):
    """The name of a header that no sender can give: it is told by what it is, not by what it says."""

    __slots__ = ()


UNREADABLE: Final = Mark("unreadable-batch")  # header of the record that stands for a batch, its bytes the value


def install() -> None:
    """Have every consumer of this process read so."""
    fetcher.MemoryRecords = Records


async def cut_off(producer: aiokafka.AIOKafkaProducer[bytes, bytes], within: float) -> None:
    """End a producer's sending without waiting for what can't be sent; ``stop()`` would, for ever."""
    sender = producer._sender.sender_task  # noqa: SLF001  # stop() can't be called again
    if sender is not None:
        sender.cancel()
        await asyncio.wait([sender], timeout=within)


class Records(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka's own choice among two such classes has no hook
    """What a fetch brought, batch by batch."""

    def next_batch(self, *_: Any) -> Any:  # noqa: ANN401  # aiokafka's types
        """The next batch, tolerant where that is possible."""
        raw = self._next_slice
        batch = super().next_batch()
        return batch if raw is None or raw[_MAGIC] < 2 else Batch(batch, raw)  # noqa: PLR2004  # the version


class Batch:
    """A batch: aiokafka's own, fast and strict; at the first record that this can't read, a slow and tolerant one."""

    def __init__(self, strict: Any, raw: memoryview) -> None:  # noqa: ANN401  # aiokafka's types
        self._strict = strict
        self._raw = raw

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever aiokafka asks a batch
        return getattr(self._strict, name)

    def __iter__(self) -> Iterator[Any]:
        count = 0
        try:
            for record in self._readable():
                yield record
                count += 1
        except _BROKEN as error:
            reason = type(error).__name__.encode()
            raw = bytes(self._raw)
            yield _DefaultRecordPy(self._strict.base_offset + count, -1, 0, None, raw, [(UNREADABLE, reason)])

    def _readable(self) -> Iterator[Any]:
        """All records, as far as they can be read."""
        raw = bounding.uncompressed(self._raw)
        bounding.check(raw)
        count = 0
        try:
            for record in self._strict if raw is self._raw else DefaultRecordBatch(raw):
                yield record
                count += 1
        except _BROKEN:
            yield from islice(_tolerant(raw), count, None)


def _tolerant(raw: memoryview) -> Any:  # noqa: ANN401  # aiokafka's types
    batch = _Tolerant(raw)
    batch._buffer = _Bytes(batch._buffer)  # noqa: SLF001  # that its slices decode as we want
    return batch


class _Tolerant(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka has no types for it
    """aiokafka's own in Python, with numbers read in Python, too: those read in C beyond the end end the process."""

    def _read_msg(self) -> Any:  # noqa: ANN401  # aiokafka's types
        return super()._read_msg(decode_varint_py)


class _Bytes(bytearray):
    """Bytes whose slices decode to text whatever they hold."""

    def __getitem__(self, at: Any) -> Any:  # noqa: ANN401  # as bytearray has it
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:  # noqa: ARG002
        """Text, with U+FFFD for what is none."""
        return super().decode(encoding, "replace")
