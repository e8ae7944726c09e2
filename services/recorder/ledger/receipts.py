"""Receipts, looked up by the action that they answer, or in the order of a source's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from schemas.trust.canonical import canonical
from schemas.trust.identity import shard_of
from services.recorder.errors import Unavailable
from services.recorder.ledger.database import QUERIES, TRANSIENT, Connection, Pool
from services.recorder.ledger.submission import key_digest

_PAGE: Final = 500
_LOOKED_AT: Final = 5000  # receipts of all sources, a page


class Receipts:
    """The ledger's receipts."""

    def __init__(self, pool: Pool, shards: int) -> None:
        self._pool = pool
        self._shards = shards

    async def find(self, office: str, source: str, id: str) -> bytes | None:  # noqa: A002  # as CloudEvents calls it
        """The binding receipt of an action, as JSON bytes. Raises Unavailable."""
        async with self._asked() as connection:
            shard, key = shard_of(office, self._shards), key_digest(office, source, id)
            found: bytes | None = await QUERIES.receipt_of(connection, shard=shard, digest=key)
        return found

    async def following(self, office: str, source: str, after: int) -> tuple[list[bytes], int | None]:
        """A source's receipts behind a number, retryable ones too, and after which to go on; None where that's all.

        Few or none may come with more to follow: so many numbers of the shard are looked at, not more. Raises
        Unavailable.
        """
        where = {"shard": shard_of(office, self._shards), "after": after, "count": _LOOKED_AT}
        marks = {name: canonical({name: value})[1:-1] for name, value in (("office", office), ("source", source))}
        async with self._asked() as connection:
            looked = QUERIES.receipts_after(connection, **where, **marks)
            rows = [(row["number"], row["receipt"]) async for row in looked]
        found = [row for row in rows if row[1] is not None][:_PAGE]
        last = found[-1][0] if len(found) == _PAGE else rows[-1][0] if len(rows) == _LOOKED_AT else None
        return [receipt for _, receipt in found], last

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.acquire(timeout=5) as connection:
                yield connection
        except TRANSIENT as error:
            raise Unavailable("the ledger can't be reached") from error
