"""A shard's receipts, each held against its row and against the events that it lists."""

from collections.abc import Iterator

import asyncpg
import orjson

from schemas.receipt import Receipt
from schemas.trust.identity import event_id, shard_of
from services.recorder.audit.verifying.checks.events import Events, Fact
from services.recorder.audit.verifying.problems import Kind
from services.recorder.audit.verifying.work import QUERIES, ROWS, Json, Work
from services.recorder.ledger.rows import UNREADABLE, receipt_row


class Receipts:
    """A shard's receipts, each held against its row and against the events that it lists."""

    def __init__(self, work: Work, size: int, events: Events) -> None:
        self._work = work
        self._findings = work.findings
        self._size = size
        self._events = events

    async def check(self) -> None:
        """All of them."""
        following = 0
        for first in range(0, self._size, ROWS):
            numbers = list(range(first, min(first + ROWS, self._size)))
            rows = await self._work.connection.fetch(QUERIES.receipts.sql, self._work.part.shard, numbers)
            self._work.tick(len(rows))
            for row in rows:
                self._missing(following, row["number"])
                following = row["number"] + 1
                if (receipt := self._checked(row)) is not None:
                    await self._listed(receipt)
        self._missing(following, self._size)
        self._findings.checked["receipts"] += self._size

    def _missing(self, first: int, end: int) -> None:
        for number in range(first, end):
            self._findings.add(Kind.RECEIPT_GAP, number, "a receipt", None)

    def _checked(self, row: asyncpg.Record) -> Json | None:
        """The receipt, where it can be read at all."""
        number = row["number"]
        try:
            receipt: Json = orjson.loads(row["receipt"])
            Receipt.model_validate(receipt)
            self._findings.compare(Kind.RECEIPT, number, self._pairs(row, receipt))
        except UNREADABLE as error:
            self._findings.add(Kind.RECEIPT, number, "a receipt", type(error).__name__)
            return None
        return receipt

    def _pairs(self, row: asyncpg.Record, receipt: Json) -> Iterator[tuple[str, object, object]]:
        """Name, what the bytes should say, what they say."""
        shard, events = self._work.part.shard, receipt["events"]
        _, _, digest, _, binding, body = receipt_row(receipt, row["body_digest"])
        yield "shard", shard, receipt["shard"]
        yield "number", row["number"], receipt["number"]
        yield "digest", row["digest"].hex(), digest.hex()
        yield "binding", row["binding"], binding
        yield "office's shard", shard, shard_of(receipt["office"], self._work.part.ledger.shards)
        yield "lists events", receipt["outcome"] == "accepted", bool(events)
        yield "at_least", f"{shard}:{events[-1]['position']}" if events else None, receipt["at_least"]
        yield "bytes", "canonical", "canonical" if body == row["receipt"] else "others"

    async def _listed(self, receipt: Json) -> None:
        for index, listed in enumerate(receipt["events"]):
            position = listed["position"]
            fact = await self._events.fact(position)
            expected = _expected(receipt, listed, index)
            if fact != expected:
                more = {"receipt": receipt["number"]}
                self._findings.add(Kind.RECEIPT_EVENT, position, expected._asdict(), fact and fact._asdict(), **more)
            elif position < self._events.next:
                self._findings.add(Kind.RECEIPT_EVENT, position, "listed once", "twice", receipt=receipt["number"])
            next_ = position == self._events.next and position < self._events.size
            if next_ or (position > self._events.next and fact is not None and fact.id == expected.id):
                await self._events.claim(position)


def _expected(receipt: Json, listed: Json, index: int) -> Fact:
    """What the event must say that a receipt lists as its ``index``-th."""
    office, action = receipt["office"], receipt["id"]
    return Fact(
        event_id(office, receipt["source"], action, index), listed["type"], listed["stream"], listed["version"],
        office, action, receipt["recorded_at"],
    )  # fmt: skip
