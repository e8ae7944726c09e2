"""A ledger without a recorder around it: actions in, receipts and rows out."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from services.common.tokens.grants import Grant
from services.recorder.intake.reading import Readable, read
from services.recorder.intake.sealing import Sent, prepare
from services.recorder.ledger import database, founding
from services.recorder.ledger.appending.appender import Appender
from services.recorder.ledger.appending.deciding import Batch
from services.recorder.ledger.database import Ledger, Pool
from services.recorder.ledger.submission import Answer, Outcome, Submission
from services.recorder.vault.vault import Vault, migrate
from tests.support.patience import PATIENCE

OFFICE = "o-1"
MONDAY = "2026-03-02T09:00:00+08:00"
Json = dict[str, Any]
SENDER = Grant("an-app", "publisher")

CLERK = Grant("a-clerk", "publisher")


def action(name: str, data: Json, office: str = OFFICE, **more: object) -> Json:
    """An action as an app would write it."""
    fields = {
        "specversion": "1.0", "id": uuid.uuid4().hex, "source": "/test", "type": f"chengzhang.{name}.v1",
        "time": MONDAY, "office": office, "actor": "p-0", "data": data,
    }  # fmt: skip
    return fields | more


def section(ident: str | None = None, office: str = OFFICE, **more: object) -> Json:
    """The simplest action."""
    return action("people.define-section", {"section": ident or uuid.uuid4().hex, "name": "科"}, office, **more)


def person(ident: str, office: str = OFFICE, **more: object) -> Json:
    """The action that registers somebody."""
    data = {"person": ident, "name": "王", "branch": "b", "joined_on": "2020-01-01", "birth_year": 1990}
    return action("people.register-person", data, office, **more)


def session(ident: str, chair: str, **more: object) -> Json:
    """The action that convenes a session."""
    data = {"session": ident, "carriers": ["branch"], "kinds": ["lecture"], "title": "党课", "starts_at": MONDAY}
    return action("learning.convene-session", data | {"minutes": 90, "chair": chair} | more)


def attendance(ident: str, *persons: str, time: str = MONDAY) -> Json:
    """The action that says who was there."""
    roll = [{"person": who, "state": "present", "minutes": 90} for who in persons]
    return action("learning.record-attendance", {"session": ident, "roll": roll}) | {"time": time}


class Bench:
    """One ledger, its vault, and what its batches told the relay."""

    def __init__(self, pool: Pool, ledger: Ledger) -> None:
        self.pool = pool
        self.ledger = ledger
        self.vault = Vault(pool, bytes(32))
        self.sender = SENDER
        self.batches: list[Batch] = []
        self.behind: list[int] = []
        self.appender = self.another(pool)

    def another(self, pool: Pool) -> Appender:
        """An appender of its own, as another recorder has it."""
        return Appender(pool, self.ledger, self, {})

    def committed(self, batch: Batch) -> None:
        """Note a batch, as the relay would."""
        self.batches.append(batch)

    async def went_back(self, shard: int) -> None:
        """Note that the ledger went back, as the relay would."""
        self.behind.append(shard)

    async def submissions(self, actions: Sequence[Json]) -> list[Submission]:
        """Read and sealed."""
        found = [read(fields, json.dumps(fields).encode()) for fields in actions]
        readable = [r for r in found if isinstance(r, Readable)]
        assert len(readable) == len(actions), found
        return await prepare([Sent(each, self.sender) for each in readable], self.vault, plaintext_allowed=True)

    async def outcomes(self, actions: Sequence[Json], appender: Appender | None = None) -> list[Outcome]:
        """Append, and say what came of it. What is to be erased was requested before, by another identity."""
        asked = [each for each in actions if each["type"] == "chengzhang.people.erase-person.v1"]
        for each in asked:
            self.sender, sender = CLERK, self.sender
            request = await self.submissions([action("people.request-erasure", each["data"], each["office"])])
            self.sender = sender
            await appended(appender or self.appender, request)
        return await appended(appender or self.appender, await self.submissions(actions))

    async def receipts(self, actions: Sequence[Json], appender: Appender | None = None) -> list[Json]:
        """The receipts: nothing else may have come of it."""
        outcomes = await self.outcomes(actions, appender)
        assert all(isinstance(outcome, Answer) for outcome in outcomes), outcomes
        return [json.loads(outcome.receipt) for outcome in outcomes if isinstance(outcome, Answer)]

    async def accepted(self, *actions: Json) -> list[Json]:
        """Receipts of actions that must all be accepted."""
        receipts = await self.receipts(actions)
        assert [r["code"] for r in receipts] == [None] * len(actions)
        return receipts

    async def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Rows of the ledger."""
        return await self.pool.fetch(statement, *values)

    async def events(self) -> list[Json]:
        """Every event, by shard and position."""
        rows = await self.rows("SELECT body FROM ledger.event ORDER BY shard, position")
        return [json.loads(row["body"]) for row in rows]

    async def gapless(self) -> None:
        """Positions, receipt numbers and versions have no gap, and the shards' rows say where they end."""
        for table, column, size in (("event", "position", "size"), ("receipt", "number", "next_receipt")):
            rows = await self.rows(
                f"SELECT s.shard, s.{size} AS size, array_agg(t.{column} ORDER BY t.{column}) "
                f"FILTER (WHERE t.{column} IS NOT NULL) AS found "
                f"FROM ledger.shard s LEFT JOIN ledger.{table} t USING (shard) GROUP BY s.shard, s.{size}"
            )
            for row in rows:
                assert (row["found"] or []) == list(range(row["size"])), (table, row["shard"])
        streams: dict[tuple[str, str], list[int]] = {}
        for event in await self.events():
            streams.setdefault((event["office"], event["partitionkey"]), []).append(event["streamversion"])
        for stream, versions in streams.items():
            assert versions == list(range(1, len(versions) + 1)), stream


async def appended(appender: Appender, submissions: Sequence[Submission]) -> list[Outcome]:
    """Append as the intake from Kafka does, which waits until all are recorded."""
    return await asyncio.wait_for(appender.collect(len(submissions), appender.enqueue(submissions)), PATIENCE)


@asynccontextmanager
async def bench(url: str, shards: int = 8) -> AsyncIterator[Bench]:
    """A founded ledger in an empty database."""
    pool = await database.connect(url)
    try:
        ledger = await founding.found(pool, shards)
        async with pool.acquire() as connection:
            await migrate(connection)
        found = Bench(pool, ledger)
        try:
            yield found
        finally:
            await found.appender.stop()
    finally:
        pool.terminate()
