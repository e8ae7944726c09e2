"""Which sealed texts can't be opened any more: events name the keys, and the vault knows them or doesn't."""

import re
from collections import Counter
from typing import Final
from uuid import UUID

import asyncpg

from services.recorder.ledger.database import QUERIES as LEDGER
from services.recorder.ledger.database import Pool
from services.recorder.recovery.subject import QUERIES

_KID: Final = re.compile(rb'"kid":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
_AT_ONCE: Final = 10_000


class Keys:
    """The keys that events were sealed under, and how many texts each has sealed."""

    def __init__(self) -> None:
        """None was seen yet."""
        self._texts: Counter[bytes] = Counter()

    def see(self, body: bytes) -> None:
        """Note the keys that an event names. Texts of people can't look like one: inside JSON, quotes are escaped."""
        if b'"kid"' in body:
            self._texts.update(_KID.findall(body))

    async def see_all(self, pool: Pool, shards: int) -> None:
        """Note the keys of all events that the ledger has."""
        for shard in range(shards):
            first, count = 0, _AT_ONCE
            while count == _AT_ONCE:
                async with pool.acquire() as connection:
                    rows = LEDGER.events_from(connection, shard=shard, first=first, count=_AT_ONCE)
                    bodies = [row["body"] async for row in rows]
                for body in bodies:
                    self.see(body)
                count = len(bodies)
                first += count

    async def unknown(self, pool: Pool) -> tuple[int, int]:
        """How many keys the vault lacks, and how many texts were sealed under these. Destroyed keys are known."""
        kids = list(self._texts)
        lacking: list[bytes] = []
        for begin in range(0, len(kids), _AT_ONCE):
            portion = [UUID(kid.decode()) for kid in kids[begin : begin + _AT_ONCE]]
            try:
                async with pool.acquire() as connection:
                    lacking += [str(row["kid"]).encode() async for row in QUERIES.unknown(connection, kids=portion)]
            except asyncpg.UndefinedTableError:  # the vault is gone altogether
                lacking += kids[begin : begin + _AT_ONCE]
        return len(lacking), sum(self._texts[kid] for kid in lacking)
