"""A shard's events, each held against its row, its stream's versions and the time before it."""

from collections.abc import Iterator
from typing import NamedTuple

import orjson

from schemas.envelope import LARGEST_EVENT
from schemas.trust.canonical import canonical
from schemas.trust.identity import shard_of
from services.recorder.audit.verifying.checks.states import Folds
from services.recorder.audit.verifying.problems import Kind
from services.recorder.audit.verifying.work import ROWS, Json, Row, Work
from services.recorder.domain.deciding.core import Event
from services.recorder.ledger.rows import UNREADABLE, event_of


class Fact(NamedTuple):
    """What receipts say of an event, as its bytes say it."""

    id: str
    type: str
    stream: str
    version: int
    office: str
    action: str
    recorded: str


class Events:
    """A shard's events, checked one by one while they are read ahead of the receipts."""

    def __init__(self, work: Work, size: int, folds: Folds) -> None:
        self._work = work
        self._findings = work.findings
        self.size = size
        self._folds = folds
        self._read = 0
        self._facts: dict[int, Fact] = {}
        self._versions: dict[str, int] = {}
        self._before = ""
        self.next = 0  # the first event that no receipt has listed yet

    async def claim(self, position: int) -> None:
        """A receipt lists this one: those before it are listed by none."""
        while self.next < position:
            fact = await self._at(self.next)
            if fact is not None:
                self._findings.add(Kind.UNRECEIPTED, self.next, "a receipt", None, event=fact.id)
            self._facts.pop(self.next, None)
            self.next += 1
        self._facts.pop(position, None)
        self.next = position + 1

    async def fact(self, position: int) -> Fact | None:
        """What the event at that place says; None where there is none that can be read."""
        if not 0 <= position < self.size:
            return None
        if position < self.next or position > self._read + ROWS:
            rows = await self._work.rows.events(position, position + 1)
            return next((fact for row in rows if (fact := _fact(row["body"]))), None)
        return await self._at(position)

    async def _at(self, position: int) -> Fact | None:
        while self._read <= position and self._read < self.size:
            end = min(self._read + ROWS, self.size)
            rows = await self._work.rows.events(self._read, end)
            self._folds.take([event for row in rows if (event := self._checked(row))])
            self._read = end
            self._work.tick(len(rows))
        return self._facts.get(position)

    def _checked(self, row: Row) -> tuple[int, Event] | None:
        """The event, where it can be read at all."""
        position, body = row["position"], row["body"]
        try:
            fields = orjson.loads(body)
            fact, event = fact_of(fields), event_of(fields)
            pairs = list(self._pairs(row, fields))
            self._in_order(position, fact)
        except UNREADABLE as error:
            self._findings.add(Kind.EVENT, position, "an event", type(error).__name__)
            return None
        self._findings.compare(Kind.EVENT, position, pairs)
        self._facts[position] = fact
        return position, event

    def _pairs(self, row: Row, fields: Json) -> Iterator[tuple[str, object, object]]:
        """Name, what the row says, what the bytes say."""
        part, body, fine = self._work.part, row["body"], f"canonical, at most {LARGEST_EVENT}"
        yield "shard", part.shard, fields["shard"]
        yield "sequence", f"{row['position']:019d}", fields["sequence"]
        yield "id", row["id"], fields["id"]
        yield "partitionkey", row["stream"], fields["partitionkey"]
        yield "streamversion", row["version"], fields["streamversion"]
        yield "type", row["type"], fields["type"]
        yield "recordedtime", f"{row['recorded_at']:%Y-%m-%dT%H:%M:%S.%fZ}", fields["recordedtime"]
        yield "source", part.ledger.source, fields["source"]
        yield "office's shard", part.shard, shard_of(fields["office"], part.ledger.shards)
        same = canonical(fields) == body and len(body) <= LARGEST_EVENT
        yield "bytes", fine, fine if same else f"{len(body)} others"

    def _in_order(self, position: int, fact: Fact) -> None:
        stream = f"{fact.office}/{fact.stream}"
        version = self._versions.get(stream, 0) + 1
        if fact.version != version:
            self._findings.add(Kind.VERSION, position, version, fact.version, stream=fact.stream)
        self._versions[stream] = fact.version
        if fact.recorded < self._before:
            self._findings.add(Kind.TIME, position, f"≥ {self._before}", fact.recorded)
        self._before = max(self._before, fact.recorded)


def fact_of(fields: Json) -> Fact:
    """What an event's members say."""
    return Fact(
        fields["id"], fields["type"], fields["partitionkey"], fields["streamversion"], fields["office"],
        fields["causationid"], fields["recordedtime"],
    )  # fmt: skip


def _fact(body: bytes) -> Fact | None:
    try:
        return fact_of(orjson.loads(body))
    except UNREADABLE:
        return None
