"""Receipts, looked up by the action that they answer."""

from schemas.identity import shard_of
from services.recorder.errors import Unavailable
from services.recorder.ledger.database import QUERIES, TRANSIENT, Pool
from services.recorder.ledger.submission import key_digest


class Receipts:
    """The ledger's receipts."""

    def __init__(self, pool: Pool, shards: int) -> None:
        self._pool = pool
        self._shards = shards

    async def find(self, office: str, source: str, id: str) -> bytes | None:  # noqa: A002  # as CloudEvents calls it
        """The binding receipt of an action, as JSON bytes. Raises Unavailable."""
        key = key_digest(office, source, id)
        try:
            async with self._pool.acquire(timeout=5) as connection:
                found: bytes | None = await QUERIES.receipt_of(
                    connection, shard=shard_of(office, self._shards), digest=key
                )
        except TRANSIENT as error:
            raise Unavailable("the ledger can't be reached") from error
        return found
