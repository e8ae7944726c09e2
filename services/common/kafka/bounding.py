"""What senders' batches may cost: 16 MiB of a sender's may be 16 GiB of zeros, or millions of headers.

aiokafka decompresses without a bound. So a compressed batch comes to it as one that isn't compressed: the same header
(https://kafka.apache.org/documentation/#recordbatch) but for length and codec, then the records.

Four million headers of three bytes take a record of 12 MB and, as Python's objects, 300 MB and more: aiokafka makes
them all, whoever wants them. So what a large batch holds is told from its framing before anything is made of it. Small
batches can't hold so many, and aren't looked at.
"""

import struct
import zlib
from collections.abc import Iterator
from types import ModuleType
from typing import Final

import cramjam
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError
from aiokafka.record.util import decode_varint_py as varint  # not that in C, which reads beyond the end

LARGEST: Final = 32 * 1024 * 1024  # bytes of a batch's records; a record of 16 MiB that doesn't shrink has room
_HEADER: Final = 61  # bytes
_LENGTH_AT: Final = 8  # an int32: what follows it
_CODEC_AT: Final = 22  # the lower byte of the attributes
_CODEC_MASK: Final = 0b111
_GZIP: Final = 31  # zlib's number for the format: the largest window, and a gzip header
_XERIAL: Final = b"\x82SNAPPY\x00"  # snappy in blocks, as Java writes it: this, two versions, then length and block
_XERIAL_HEADER: Final = 16
_LEAST_ROOM: Final = 256 * 1024
_LEAST: Final = 1024  # bytes that a block counts at least: clients write 32 KiB, and millions of empty ones take long

LARGE: Final = 1024 * 1024  # bytes of a batch, or of what is left of it: in less there is no harm
MOST_HEADERS: Final = 10_000
MOST_RECORDS: Final = 200_000  # in one batch: 32 MiB hold no more actions, and to step over each takes time
_COUNT_AT: Final = 57


class TooLarge(CorruptRecordException):  # type: ignore[misc]  # aiokafka has no types for it
    """More than LARGEST once decompressed."""


def uncompressed(raw: memoryview) -> memoryview:
    """The batch as one that isn't compressed; itself where it isn't.

    Raises TooLarge, CorruptRecordException, UnsupportedCodecError.
    """
    codec = raw[_CODEC_AT] & _CODEC_MASK
    if not codec:
        return raw
    records = _decompressed(codec, raw[_HEADER:])
    header = bytearray(raw[:_HEADER])
    header[_CODEC_AT] &= ~_CODEC_MASK & 0xFF
    struct.pack_into(">i", header, _LENGTH_AT, _HEADER + len(records) - _LENGTH_AT - 4)
    return memoryview(bytes(header) + records)


def _decompressed(codec: int, data: memoryview) -> bytes:
    try:
        match codec:
            case 1:
                return _gunzipped(bytes(data))
            case 2:
                return b"".join(_unsnapped(data))
            case 3 | 4:
                return _into_room(cramjam.lz4 if codec == 3 else cramjam.zstd, bytes(data))  # noqa: PLR2004  # 4: zstd
            case _:
                raise UnsupportedCodecError(codec)
    except (cramjam.DecompressionError, zlib.error, struct.error) as error:
        raise CorruptRecordException(str(error)) from error


def _gunzipped(data: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    found = stream.decompress(data, LARGEST + 1)
    if len(found) > LARGEST:
        raise TooLarge
    if not stream.eof or stream.unused_data:  # the format allows one stream after the other; no client writes that
        raise CorruptRecordException("not one gzip stream")
    return found


def _unsnapped(data: memoryview) -> Iterator[bytes]:
    """Block by block; each says how long it will be."""
    room = LARGEST
    for block in _blocks(data) if bytes(data[: len(_XERIAL)]) == _XERIAL else (bytes(data),):
        room -= max(cramjam.snappy.decompress_raw_len(block), _LEAST)
        if room < 0:
            raise TooLarge
        yield bytes(cramjam.snappy.decompress_raw(block))


def _blocks(data: memoryview) -> Iterator[bytes]:
    at = _XERIAL_HEADER
    while at < len(data):
        (length,) = struct.unpack_from(">i", data, at)
        at += 4
        if not 0 < length <= len(data) - at:
            raise CorruptRecordException(length)
        yield bytes(data[at : at + length])
        at += length


def _into_room(codec: ModuleType, data: bytes) -> bytes:
    """Into a buffer that doesn't grow: what doesn't fit is an error. Nearly always the first is large enough."""
    size = max(_LEAST_ROOM, 8 * len(data))
    while True:
        size = min(size, LARGEST)
        room = bytearray(size)
        try:
            return bytes(memoryview(room)[: codec.decompress_into(data, room)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise
            if size == LARGEST:
                raise TooLarge from error
        size *= 8


def check(raw: memoryview) -> None:
    """Raises TooLarge for a batch (uncompressed) that would take much memory. What is broken is left to its readers."""
    if len(raw) <= LARGE:
        return
    (count,) = struct.unpack_from(">i", raw, _COUNT_AT)
    if count > MOST_RECORDS:
        raise TooLarge
    at = _HEADER
    try:
        for _ in range(count):
            length, at = varint(raw, at)
            if len(raw) - at > LARGE and _headers(raw, at) > MOST_HEADERS:  # whatever length it says that it has
                raise TooLarge
            at += max(length, 0)
    except (IndexError, ValueError):
        return


def _headers(raw: memoryview, at: int) -> int:
    """How many headers the record has whose attributes are there."""
    for _ in ("attributes", "timestamp", "offset"):
        _, at = varint(raw, at)
    for _ in ("key", "value"):
        length, at = varint(raw, at)
        at += max(length, 0)
    count: int = varint(raw, at)[0]
    return count
