"""The log over HTTP: C2SP tlog-tiles' static resources under ``/audit/<shard>``, and proofs ready-made."""

# No postponed annotations here: FastAPI could not see the dependency that is made inside ``router``.
import asyncio
import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from services.common.http.bearer import bearer, forbidden
from services.common.http.problems import Problem, responses
from services.common.tokens.grants import Grant, Grants
from services.recorder.audit.proving.log import AuditLog
from services.recorder.errors import Contradiction, Missing, RecorderError
from services.recorder.trust.tiles import WIDTH, At

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
_PLACE: Final = re.compile(r"(?:(?:x\d{3}/){0,5})\d{3}(?:\.p/([1-9]\d{0,2}))?", re.ASCII)  # below 2^63
_LARGEST: Final = 2**53 - 1

Shard = Annotated[int, Path(ge=0, le=1023)]
Level = Annotated[int, Path(ge=0, le=63)]
Number = Annotated[
    str,
    Path(
        description="the tile's number in groups of three digits, x before all but the last: 1234067 is x001/x234/067; "
        "then .p/<width> for a partial one",
        examples=["x001/x234/067", "000.p/112"],
    ),
]
Format = Annotated[Literal["json", "text"], Query(description="text: as the file that `recorder audit` writes")]


class CheckpointBody(BaseModel):
    """A checkpoint: what it says, and the signed note itself."""

    origin: str
    size: int
    root: str
    note: str


class InclusionBody(BaseModel):
    """That an event is in a checkpoint's tree; ``body`` is the event's exact text, ``hashes`` are base64."""

    shard: int
    index: int
    body: str
    hashes: list[str]
    checkpoint: CheckpointBody


class ConsistencyBody(BaseModel):
    """That the tree of one checkpoint grew out of another's; ``hashes`` are base64."""

    shard: int
    old: CheckpointBody
    new: CheckpointBody
    hashes: list[str]


def _plain(description: str, media: str, *others: int) -> dict[str, Any]:
    schema = {"type": "string"} | ({"format": "binary"} if media == BYTES else {})
    content = {media: {"schema": schema}}
    return {
        "response_class": Response,
        "responses": {200: {"description": description, "content": content}, **responses(401, 403, 404, *others, 503)},
    }


def _proof(model: type[BaseModel]) -> dict[str, Any]:
    texts: dict[int | str, dict[str, Any]] = {200: {"content": {TEXT: {"schema": {"type": "string"}}}}}
    return {"response_model": model, "responses": {**texts, **responses(401, 403, 404, 409, 422, 503)}}


def router(log: AuditLog, grants: Grants) -> APIRouter:
    """All routes."""
    routes = APIRouter(prefix="/audit/{shard}", tags=["audit"])
    asking = Annotated[Grant, Depends(bearer(grants))]

    @routes.get("/checkpoint", **_plain("A signed note: origin, size, root", TEXT, 422))
    async def checkpoint(grant: asking, shard: Shard) -> Response:
        """Give the shard's newest checkpoint (C2SP tlog-checkpoint)."""
        _auditor(grant)
        with _told():
            return Response((await log.checkpoint(shard)).note, media_type=TEXT)

    @routes.get("/tile/entries/{number:path}", **_plain("Events, each after its length in two bytes", BYTES, 422))
    async def entries(request: Request, grant: asking, shard: Shard, number: Number) -> Response:
        """Give up to 256 events: a bundle of entries (C2SP tlog-tiles). For auditors of all offices."""
        _auditor(grant, everywhere=True)
        with _told():
            bundle = await log.entries(shard, *_placed(number))
        return await _compressed(request, bundle)

    @routes.get("/tile/{level}/{number:path}", **_plain("Up to 256 hashes of 32 bytes", BYTES, 422))
    async def tile(grant: asking, shard: Shard, level: Level, number: Number) -> Response:
        """Give a tile of the Merkle tree (C2SP tlog-tiles)."""
        _auditor(grant)
        index, width = _placed(number)
        with _told():
            hashes = await log.tile(shard, At(level, index), width)
        return Response(hashes, media_type=BYTES)

    @routes.get("/proof", **_proof(InclusionBody))
    async def proof(grant: asking, shard: Shard, event: UUID, format: Format = "json") -> Response:  # noqa: A002
        """Prove that an event is in the log; where the newest checkpoint doesn't reach it, a new one is signed."""
        _auditor(grant)
        with _told():
            found = await log.event(event)
            if found.shard != shard:
                raise Missing(f"that event is not in shard {shard}", f"该事件不在分片 {shard}")
            office = orjson.loads(found.body)["office"]
            if not grant.in_office(office):
                raise forbidden(grant, "This token may not see that event: it is of another office.", office=office)
            made = await log.inclusion(found)
        return Response(made.text(), media_type=TEXT) if format == "text" else _json(made.as_json())

    @routes.get("/consistency", **_proof(ConsistencyBody))
    async def consistency(
        grant: asking,
        shard: Shard,
        old: Annotated[int, Query(alias="from", ge=0, le=_LARGEST)],
        new: Annotated[int | None, Query(alias="to", ge=0, le=_LARGEST)] = None,
        format: Format = "json",  # noqa: A002
    ) -> Response:
        """Prove that one checkpoint's tree grew out of an older one's; without ``to``, that the newest one's did."""
        _auditor(grant)
        with _told():
            made = await log.consistency(shard, old, new)
        return Response(made.lines(), media_type=TEXT) if format == "text" else _json(made.as_json())

    return routes


# --- what is asked ---


def _auditor(grant: Grant, *, everywhere: bool = False) -> None:
    if grant.role != "auditor":
        raise forbidden(grant, "Only auditors may read the log.", path="/audit")
    if everywhere and grant.offices is not None:
        detail = "A bundle holds events of every office of the shard: only auditors of all offices may read it."
        raise forbidden(grant, detail, path="/audit")


def _placed(number: str) -> tuple[int, int]:
    """Number and width of a tile from its path. Raises Problem."""
    found = _PLACE.fullmatch(number)
    width = int(found[1] or WIDTH) if found else 0
    if found is None or (found[1] and width >= WIDTH):
        detail = "Write a tile's number as C2SP tlog-tiles does: x001/x234/067, and .p/<1 to 255> behind a partial one."
        raise Problem(404, "no-such-tile", "No such tile", detail)
    digits = re.sub(r"[x/]", "", number.partition(".")[0])
    return int(digits), width


# --- what is answered ---


@contextmanager
def _told() -> Iterator[None]:
    """The recorder's errors as problems. What contradicts is told, not hidden behind a 500."""
    try:
        yield
    except Missing as error:
        raise Problem(404, "not-in-the-log", "Not in the log", _sentence(error)) from error
    except Contradiction as error:
        raise Problem(409, "contradiction", "The log contradicts itself", _sentence(error)) from error
    except RecorderError as error:
        raise Problem(503, "unavailable", "Not available", _sentence(error), headers={"Retry-After": "2"}) from error


def _sentence(error: RecorderError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


async def _compressed(request: Request, bundle: bytes) -> Response:
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(bundle, media_type=BYTES, headers=headers)
    packed = await asyncio.to_thread(gzip.compress, bundle, 1, mtime=0)  # up to 16 MB
    return Response(packed, media_type=BYTES, headers={**headers, "Content-Encoding": "gzip"})


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
