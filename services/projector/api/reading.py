"""What every resource shares: who may see what, waiting for a position, one snapshot, ETags, names, pages."""

import base64
import binascii
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

import aiosql
import asyncpg
import orjson
from fastapi import Path, Query, Request, Response
from starlette.status import HTTP_304_NOT_MODIFIED

from schemas.base import ID
from schemas.trust.identity import shard_of
from services.common.http.problems import FieldError, Problem
from services.common.telling.moments import last_of
from services.common.tokens.grants import Grant
from services.projector.api.asking import ALWAYS
from services.projector.api.live import Live
from services.projector.api.moves import Moves
from services.projector.api.names import Names, Opened
from services.projector.database import CURSOR, TRANSIENT, Connection
from services.projector.read_models import ReadModel

WAIT_SECONDS: Final = 10.0
PRIVATE: Final = {"Vary": "Authorization", "Cache-Control": "no-store"}
NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "as you have it"}}
PEOPLE: Final[Any] = aiosql.from_path(FilePath(__file__).with_name("people.sql"), "asyncpg")
_NOT_BUILT: Final = (asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError, asyncpg.UndefinedTableError)

IDENT: Final = f"^{ID}$"
Ident = Annotated[str, Path(pattern=IDENT)]
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200
Year = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR)]
Limit = Annotated[int, Query(ge=1, le=1000, description="rows a page")]
After = Annotated[str | None, Query(description="`next` of the page before", max_length=2000)]
AtLeast = Annotated[
    str | None,
    Query(
        pattern=r"^\d{1,4}:\d{1,18}$",
        description="`at_least` of a receipt, shard:position: wait up to 10 s until that is in the answer, else 503",
        examples=["3:124"],
    ),
]
AsOf = Annotated[
    str | None,
    Query(
        description="as it stood at the end of that day in Shanghai, or at that instant; by time of recording",
        examples=["2026-06-30"],
    ),
]


class NotModified(Exception):  # an answer, not an error
    """What the caller holds still stands."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag

    def response(self) -> Response:
        """304."""
        return Response(status_code=HTTP_304_NOT_MODIFIED, headers={"ETag": self.etag, "Vary": "Authorization"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the resources work with."""

    live: Live
    moves: Moves
    names: Names
    models: Mapping[str, ReadModel]  # by name
    consumer: str
    shards: int

    async def wait(self, at_least: str | None) -> None:
        """Wait until the position is applied; 503 where it isn't in time."""
        if at_least is None:
            return
        shard, position = map(int, at_least.split(":"))
        if shard >= self.shards:
            raise invalid(
                "/query/at_least", f"there are shards 0 to {self.shards - 1}", f"分片编号为 0 至 {self.shards - 1}"
            )
        with _answerable():
            reached = await self.moves.reached(shard, position, WAIT_SECONDS)
        if not reached:
            detail = f"Position {at_least} is not applied yet; nothing is lost. Ask again."
            raise Problem(503, "not-yet-applied", "Not yet", detail, headers={"Retry-After": "1"})

    @asynccontextmanager
    async def snapshot(self, key: Sequence[str] | None = None) -> AsyncIterator[Connection]:
        """A connection on which every statement sees the same rows, of one version. ``key``: the page's, if any."""
        with _answerable(key):
            async with self.live.snapshot() as connection:
                yield connection

    async def seen(self, connection: Connection, offices: Iterable[str]) -> dict[str, int]:
        """Next position by shard, of the shards of these offices."""
        shards = sorted({shard_of(office, self.shards) for office in offices})
        rows = [row async for row in CURSOR.seen(connection, consumer=self.consumer, shards=shards)]
        return {str(row["shard"]): row["next"] for row in rows}

    async def sealed_names(
        self, connection: Connection, persons: Iterable[str], offices: Sequence[str], at: datetime | None
    ) -> dict[str, dict[str, Any]]:
        """Sealed names by person, as known then."""
        values = {"persons": sorted(set(persons)), "offices": list(offices), "as_of": at or ALWAYS}
        return {row["person"]: row["name"] async for row in PEOPLE.names_of(connection, **values)}

    async def opened(
        self,
        request: Request,
        response: Response,
        grant: Grant,
        answer: Mapping[str, Any],
        sealed: Mapping[str, dict[str, Any]],
    ) -> Opened:
        """The names, and the answer's ETag; raise NotModified where the caller holds it already.

        ``answer`` is all of it but the names. There is no ETag where a name is missing that may be there next time.
        """
        names = await self.names.open(sealed, grant, request.headers["authorization"])
        response.headers.update(PRIVATE)
        if sealed.keys() == names.keys():
            etag, held = _tag(answer, sealed, names), request.headers.get("if-none-match", "")
            if etag in {part.strip().removeprefix("W/") for part in held.split(",")}:
                raise NotModified(etag)
            response.headers["ETag"] = etag
        return names


@contextmanager
def _answerable(key: Sequence[str] | None = None) -> Iterator[None]:
    """What keeps the database from answering, as an answer."""
    try:
        yield
    except asyncpg.DataError as error:
        if key is None:  # nothing that came from outside: a fault of ours
            raise
        raise _no_page() from error  # the one value from outside that only PostgreSQL reads
    except _NOT_BUILT as error:
        detail = (
            "The read models aren't there in the form that this version reads. An operator runs `projector rebuild`."
        )
        raise Problem(503, "not-built", "Not built yet", detail, headers={"Retry-After": "60"}) from error
    except TRANSIENT as error:
        detail = "The database can't be reached now. Ask again."
        raise Problem(503, "unavailable", "Unavailable", detail, headers={"Retry-After": "2"}) from error


def _tag(answer: Mapping[str, Any], sealed: Mapping[str, Any], names: Opened) -> str:
    """What was seen, and a digest of the answer.

    Positions alone don't say it: other folds, another day or grant change it, too, and so does an erasure that another
    shard records. A name counts as it is sealed, and whether it could be had: from the digest of the name itself it
    could be guessed.
    """
    unnamed = sorted(person for person, name in names.items() if name is None)
    content = orjson.dumps([answer, sealed, unnamed, names.erased], option=orjson.OPT_SORT_KEYS)
    seen = ",".join(f"{shard}:{position}" for shard, position in answer["seen"].items())
    return f'"{seen}-{hashlib.sha256(content).hexdigest()[:16]}"'


def moment(as_of: str | None) -> datetime | None:
    """The last instant that counts: a day means its end in Shanghai."""
    if as_of is None:
        return None
    try:
        at = last_of(as_of.replace(" ", "+"))  # a plus sign that nobody escaped
    except (ValueError, OverflowError):
        raise invalid(
            "/query/as_of", "neither a day nor an RFC 3339 instant", "既不是日期，也不是 RFC 3339 时间"
        ) from None
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise invalid("/query/as_of", "the year lies outside 1900 to 2200", "年份超出 1900 至 2200")
    return at


def page_key(after: str | None, length: int) -> list[str] | None:
    """The key that a page begins after."""
    if after is None:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(after.encode()))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, list) or len(key) != length or not all(isinstance(part, str) for part in key):
        raise _no_page()
    return key


def next_page(
    rows: Sequence[Mapping[str, Any]], limit: int, key: Sequence[str]
) -> tuple[list[Mapping[str, Any]], str | None]:
    """The page's rows, and where the next begins; one row more than the page holds was asked for."""
    page = list(rows[:limit])
    if len(rows) <= limit:
        return page, None
    last = [_text(page[-1][column]) for column in key]
    return page, base64.urlsafe_b64encode(orjson.dumps(last)).decode()


def _text(value: Any) -> str:  # noqa: ANN401  # any column
    return value.isoformat() if isinstance(value, date) else str(value)


def invalid(pointer: str, en: str, zh: str) -> Problem:
    """422: a parameter isn't as it should be."""
    fix = FieldError(pointer, en, zh, "See the API's description at /docs.", "请参阅 /docs 中的接口说明。")
    return Problem(422, "invalid-request", "Invalid request", f"{pointer}: {en}", errors=[fix])


def _no_page() -> Problem:
    return invalid("/query/after", "not the `next` of a page of this resource", "不是本资源某一页的 next 值")


def missing(en: str) -> Problem:
    """404."""
    return Problem(404, "not-found", "Not found", en)


def may_read(grant: Grant) -> bool:
    """Readers read; auditors read without names; nobody else sees contents."""
    return grant.names or grant.role == "auditor"
