"""Decide a batch in memory: submissions in, events and receipts out.

Pure: everything that it needs is loaded before.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import orjson

from schemas.canonical import canonical, leaf_hash
from schemas.entries import CorrectEntry, RevokeEntry
from schemas.envelope import LARGEST_EVENT
from schemas.merkle import extended
from services.recorder.domain import decider
from services.recorder.domain.core import Action, Decision, Event, Key, NotLoaded, Overlay, Rejection
from services.recorder.intake.submission import UNCOMPARED, Answer, Submission
from services.recorder.ledger.working import Working

LONGEST: Final = 0.1  # seconds of deciding under the lock, so that neither intake starves the other
_LOOK_AT_CLOCK: Final = 32  # submissions


@dataclass(slots=True)
class Head:
    """Where the shard stands: next position, next receipt number, the batch's recorded time, the peaks before it."""

    shard: int
    size: int
    next_receipt: int
    recorded_at: datetime
    peaks: bytes

    def recorded_time(self) -> str:
        """``recorded_at`` as it is written, in UTC with microseconds."""
        return self.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


EventRow = tuple[int, int, str, str, int, str, datetime, bytes, bytes]
ReceiptRow = tuple[int, int, bytes, bytes, bool, bytes]


@dataclass(slots=True)
class Batch:
    """One shard's batch on its way: what is known, what was decided."""

    source: str
    head: Head
    working: Working
    known: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)  # key digest → body digest, receipt
    targets: dict[str, Event] = field(default_factory=dict)  # event id → event, of earlier batches or this one
    archived: dict[str, str] = field(default_factory=dict)  # event id → file that holds it, where it left the ledger
    events: list[EventRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)  # office and action of each receipt
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)  # outcome, code → receipts
    recorded_time: str = ""

    def decide(self, submissions: Sequence[Submission], now: datetime) -> list[Answer]:
        """Answers to as many of the submissions, from the first on, as fit into this batch; at least one."""
        self.recorded_time = self.head.recorded_time()
        deadline = time.monotonic() + LONGEST
        answers: list[Answer] = []
        for index, submission in enumerate(submissions):
            if index % _LOOK_AT_CLOCK == _LOOK_AT_CLOCK - 1 and time.monotonic() > deadline:
                break
            try:
                answers.append(self._answer(submission, now))
            except NotLoaded:
                if not answers:
                    raise
                break
        return answers

    def peaks(self) -> bytes:
        """The peaks of the shard's tree with this batch's events in it."""
        return extended(self.head.peaks, self.head.size - len(self.events), [row[-1] for row in self.events])

    def _answer(self, submission: Submission, now: datetime) -> Answer:
        digest = submission.key_digest
        first = self.known.get(digest)
        if first is not None:
            return self._again(submission, digest, *first)
        decided = submission.refusal or self._decide(submission, now)
        if isinstance(decided, Rejection):
            return self._reject(submission, digest, decided)
        return self._accept(submission, digest, decided)

    # --- deciding ---

    def _decide(self, submission: Submission, now: datetime) -> list[tuple[Event, bytes, int]] | Rejection:
        """The events with their bytes and versions, already part of the working states; or why not."""
        if submission.action is None:
            raise AssertionError(submission.id)
        action = self.aimed(submission.action)
        gone = self._gone(action)
        if gone:
            return gone
        decided: Decision = decider.decide(self.working, action, now)
        if isinstance(decided, Rejection):
            return decided
        stale = self._stale(action, decided)
        if stale:
            return stale
        built = self._build(action, decided)
        if isinstance(built, Rejection):
            return built
        after = Overlay(self.working)  # all of the action's changes or, where a state isn't loaded, none
        for event, _, _ in built:
            after.apply(decider.evolve(after, event))
        self.working.apply(after.changes)
        for event, _, version in built:
            self.working.advance(event.stream_key(), version)
        return built

    def aimed(self, action: Action) -> Action:
        """The action with the event that it takes back, where it takes back one that is known by now."""
        if isinstance(action.data, RevokeEntry | CorrectEntry) and action.target is None:
            target = self.targets.get(action.data.event)
            if target is not None and target.office == action.office:
                return replace(action, target=target)
        return action

    def _gone(self, action: Action) -> Rejection | None:
        """Why an archived event can't be taken back now."""
        if not self.archived or not isinstance(action.data, RevokeEntry | CorrectEntry):
            return None
        file = self.archived.get(action.data.event)
        if file is None:
            return None
        return Rejection(
            "archived",
            f"The event {action.data.event} is of a year that was archived ({file}). "
            "Ask the operator to bring that year back (recorder archive --bring-back), then send this again.",
            f"事件 {action.data.event} 所在年度已归档（{file}）。请管理员调回该年度（recorder archive --bring-back），"
            "然后重新提交。",
        )

    def _stale(self, action: Action, events: list[Event]) -> Rejection | None:
        if action.expectedversion is None or not events:
            return None
        actual = self.working.version(events[0].stream_key())
        if actual == action.expectedversion:
            return None
        return Rejection(
            "stale-version",
            f"{events[0].stream} has version {actual}, not {action.expectedversion}. Read it again, then decide anew.",
            f"{events[0].stream} 当前版本为 {actual}，不是 {action.expectedversion}。请重新读取后再提交。",
        )

    def _build(self, action: Action, events: list[Event]) -> list[tuple[Event, bytes, int]] | Rejection:
        versions: dict[Key, int] = {}
        built: list[tuple[Event, bytes, int]] = []
        for offset, event in enumerate(events):
            key = event.stream_key()
            version = versions.get(key) or self.working.version(key)
            versions[key] = version + 1
            body = canonical(self._envelope(action, event, version + 1, self.head.size + offset))
            if len(body) > LARGEST_EVENT:
                return _too_large(event, len(body))
            built.append((event, body, version + 1))
        return built

    def _envelope(self, action: Action, event: Event, version: int, position: int) -> dict[str, Any]:
        type_ = event.data.TYPE
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": event.id,
            "source": self.source,
            "type": type_,
            "time": event.time,
            "datacontenttype": "application/json",
            "dataschema": f"urn:chengzhang:schema:{type_}",
            "office": event.office,
            "actor": action.actor,
            "recordedtime": self.recorded_time,
            "shard": self.head.shard,
            "sequence": f"{position:019d}",
            "partitionkey": event.stream,
            "streamversion": version,
            "causationid": action.id,
            "data": event.data.payload(),
        }
        if action.entry is not None:
            envelope["entry"] = action.entry
        if action.traceparent is not None:
            envelope["traceparent"] = action.traceparent
        return envelope

    # --- answering ---

    def _accept(self, submission: Submission, digest: bytes, built: list[tuple[Event, bytes, int]]) -> Answer:
        head = self.head
        listed: list[dict[str, Any]] = []
        for event, body, version in built:
            type_ = event.data.TYPE
            self.events.append(
                (head.shard, head.size, event.id, event.stream, version, type_, head.recorded_at, body, leaf_hash(body))
            )  # fmt: skip
            self.targets[event.id] = event
            listed.append(
                {"id": event.id, "type": type_, "stream": event.stream, "version": version, "position": head.size}
            )
            head.size += 1
        return self._receipt(submission, digest, "accepted", listed, None, binding=True)

    def _reject(self, submission: Submission, digest: bytes, why: Rejection) -> Answer:
        return self._receipt(submission, digest, "rejected", [], why, binding=why.final)

    def _again(self, submission: Submission, digest: bytes, body_digest: bytes, receipt: bytes) -> Answer:
        if submission.body_digest in {body_digest, UNCOMPARED}:
            return Answer(receipt, repeat=True)
        first = orjson.loads(receipt)["number"]
        why = Rejection(
            "key-conflict",
            f"This id was used before for another content (receipt {first}). Use a new id for a new action.",
            f"该编号此前已用于其他内容（回执 {first}）。新的操作请用新的编号。",
        )
        return self._receipt(submission, digest, "conflict", [], why, binding=False, first=first)

    def _receipt(  # a receipt's parts
        self,
        submission: Submission,
        digest: bytes,
        outcome: str,
        events: list[dict[str, Any]],
        why: Rejection | None,
        *,
        binding: bool,
        first: int | None = None,
    ) -> Answer:
        head = self.head
        fields: dict[str, Any] = {
            "shard": head.shard,
            "number": head.next_receipt,
            "office": submission.office,
            "source": submission.source,
            "id": submission.id,
            "type": submission.type,
            "outcome": outcome,
            "final": why is None or why.final,
            "recorded_at": self.recorded_time,
            "events": events,
            "at_least": f"{head.shard}:{events[-1]['position']}" if events else None,
            "code": why and why.code,
            "message": why and {"en": why.en, "zh": why.zh},
        }
        if first is not None:
            fields["first"] = first
        body = canonical(fields)
        self.outcomes[outcome, fields["code"] or ""] += 1
        self.receipts.append((head.shard, head.next_receipt, digest, submission.body_digest, binding, body))
        self.answered.append((submission.office, submission.id))
        head.next_receipt += 1
        if binding:
            self.known[digest] = (submission.body_digest, body)
        return Answer(body, repeat=False)


def _too_large(event: Event, size: int) -> Rejection:
    return Rejection(
        "too-large",
        f"The {event.data.TYPE} would have {size} bytes; an event has at most {LARGEST_EVENT}. "
        "Shorten its texts or lists.",
        f"事件 {event.data.TYPE} 将有 {size} 字节，最多 {LARGEST_EVENT} 字节。请缩短文字或名单。",
    )
