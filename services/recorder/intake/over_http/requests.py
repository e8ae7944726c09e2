"""From an HTTP request to actions: its body, its content type, the three modes of CloudEvents."""

import asyncio
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import orjson
from fastapi import Request

from schemas.envelope import LARGEST_ACTION, STRUCTURED
from services.common.bounds.json import holds_more
from services.common.bounds.room import SMALL
from services.common.http.problems import Problem
from services.recorder.intake.binary import binary, texts
from services.recorder.intake.parsing import Unreadable, parsed, read_json
from services.recorder.intake.reading import Readable, read
from services.recorder.intake.turns import in_turns

T = TypeVar("T")
BATCH: Final = "application/cloudevents-batch+json"
JSON: Final = "application/json"
LARGEST_BATCH: Final = 1000  # actions
LARGEST_BODY: Final = 16 * 1024 * 1024  # bytes of a batch: as much as the intake topic takes in a record
MOST_MARKS: Final = 1_000_000  # of a batch: its members, items, lists and objects
_STATUS: Final = {
    "too-large": 413,
    "not-json": 400,
    "not-utf8": 400,
    "bad-header": 400,
    "too-deep": 400,
    "member-twice": 400,
}
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_TITLES: Final = {400: "Not readable", 413: "Too large", 422: "Invalid action"}


def mode(request: Request) -> str:
    """The request's content type, one of the three. Raises Problem 415."""
    given, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "') or "utf-8"
    media = given.strip()
    if charset not in {"utf-8", "utf8"}:
        raise _unsupported("The charset must be UTF-8.")
    if media == JSON and "ce-specversion" not in request.headers:
        raise _unsupported(f"{JSON} goes with ce- headers (binary mode). For a whole CloudEvent send {STRUCTURED}.")
    if media not in {STRUCTURED, BATCH, JSON}:
        raise _unsupported(f"Send {STRUCTURED}, {BATCH} (a list), or {JSON} with ce- headers.")
    return media


async def body(request: Request, most: int) -> bytes:
    """The whole body, unpacked. Raises Problem 413 as soon as it is longer than ``most`` bytes, 415, 400."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip"}:
        detail = f"Content-Encoding {coding[:64]} isn't read here. Send gzip, or the body as it is."
        raise _unsupported(detail, {"Accept-Encoding": "gzip"})
    unpack = _unpacking(most) if coding == "gzip" else None
    taken, given = bytearray(), 0
    async for chunk in request.stream():
        given += len(chunk)
        taken += chunk if unpack is None else unpack(chunk)
        if max(len(taken), given) > most:
            raise Problem(413, "too-large", _TITLES[413], f"The body has more than {most} bytes. Send less at once.")
    if unpack is not None:
        unpack(None)
    return bytes(taken)


def _unpacking(most: int) -> Callable[[bytes | None], bytes]:
    """What makes plain bytes of gzip's, piece by piece, and no more than one above ``most``; None: that was all."""
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    given = 0

    def unpack(chunk: bytes | None) -> bytes:
        nonlocal given
        try:
            plain = b"" if chunk is None else stream.decompress(chunk, most + 1 - given)
        except zlib.error:
            raise _not_gzip("it isn't gzip, or was damaged") from None
        if stream.unused_data:
            raise _not_gzip("something follows its end")
        if chunk is None and not stream.eof:
            raise _not_gzip("it is cut off")
        given += len(plain)
        return plain

    return unpack


async def one(request: Request, media: str) -> Readable | Unreadable:
    """The action of a structured or binary request."""
    raw = await body(request, LARGEST_ACTION)
    fields = read_json(raw)
    if isinstance(fields, Unreadable):
        return fields
    if media == STRUCTURED:
        return read(fields, raw)
    attributes = _attributes(request, len(raw))
    if isinstance(attributes, Unreadable):
        return attributes
    return read(binary(attributes, fields), raw + "".join(attributes.values()).encode())


async def many(request: Request) -> list[Readable | Unreadable]:
    """The actions of a batch. Raises Problem where it is no list, or too long."""
    raw = await body(request, LARGEST_BODY)
    if not raw.strip().startswith(b"["):
        raise Problem(400, "not-a-list", _TITLES[400], f"{BATCH} is a JSON array of actions.")
    items: list[Any] | Unreadable = await made_of(raw, MOST_MARKS, parsed)
    if isinstance(items, Unreadable):
        raise problem_of(items)
    if len(items) > LARGEST_BATCH:
        raise Problem(413, "too-large", _TITLES[413], f"{len(items)} actions; a batch has at most {LARGEST_BATCH}.")
    return await in_turns(items, _item)


def size_of(request: Request) -> int:
    """How many bytes a batch may have, once unpacked."""
    plain = "content-encoding" not in request.headers
    return int(request.headers.get("content-length", LARGEST_BODY)) if plain else LARGEST_BODY


async def made_of(raw: bytes, marks: int, make: Callable[[bytes], T]) -> T:
    """What this makes of a JSON text; beside the loop where it is large. Raises Problem 413 where it holds too much."""
    if holds_more(raw, marks):
        told = f"The JSON text has more than {marks} commas, colons and opening brackets. Send less at once."
        raise Problem(413, "too-large", _TITLES[413], told)
    return await asyncio.to_thread(make, raw) if len(raw) > SMALL else make(raw)


def problem_of(unread: Unreadable) -> Problem:
    """What has no address, as a problem."""
    status = _STATUS.get(unread.code, 422)
    return Problem(status, unread.code, _TITLES[status], unread.en, errors=unread.errors)


def _item(item: Any) -> Readable | Unreadable:  # noqa: ANN401 - anything that JSON holds
    if isinstance(item, Unreadable):
        return item
    own = orjson.dumps(item)
    if isinstance(item, dict) and len(own) <= LARGEST_ACTION:
        return read(item, own)
    unread = read_json(own)
    assert isinstance(unread, Unreadable)
    return unread


def _attributes(request: Request, size: int) -> dict[str, str] | Unreadable:
    """What the ce- headers say; ``size`` is the body's."""
    raw = request.headers.raw
    return texts(((name.decode("latin-1"), value) for name, value in raw if name.startswith(b"ce-")), size, _plain)


def _plain(value: bytes) -> bytes:
    """Unquoted where it is quoted, then percent-decoded once (CloudEvents' HTTP binding 1.0.2, 3.1.3.2)."""
    quoted = _QUOTED.fullmatch(value)
    return unquote_to_bytes(re.sub(rb"\\(.)", rb"\1", quoted[1]) if quoted else value)


def _unsupported(detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    return Problem(415, "unsupported-media-type", "Unsupported content type", detail, headers=headers)


def _not_gzip(why: str) -> Problem:
    return Problem(400, "not-gzip", _TITLES[400], f"The body can't be unpacked as Content-Encoding says: {why}.")
