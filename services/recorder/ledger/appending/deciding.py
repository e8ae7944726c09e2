"""Decide a batch in memory: submissions in, events and receipts out.

Pure: everything that it needs is loaded before.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from schemas.entries.taking import EntryProposed, EntryRevoked
from schemas.envelope import LARGEST_EVENT
from schemas.people.erasure import HoldLifted, HoldPlaced, PersonErased
from schemas.trust.canonical import canonical, leaf_hash
from schemas.trust.merkle import extended
from services.common.tokens.grants import Grant
from services.recorder.domain import decider
from services.recorder.domain.deciding.core import NOT_BINDING, Action, Decision, Event, Key, NotLoaded, Rejection
from services.recorder.ledger.appending import recent
from services.recorder.ledger.appending.bodies import Address, Frame, accepted, frame
from services.recorder.ledger.appending.working import Working
from services.recorder.ledger.rows import EventRow, ReceiptRow
from services.recorder.ledger.submission import UNCOMPARED, Answer, Submission

LONGEST: Final = 0.1  # seconds of deciding under the lock, so that neither intake starves the other
_LOOK_AT_CLOCK: Final = 32  # submissions
# What takes an event back repeats its data, and its stamps twice. The rest of it has so many bytes more than the event
# at the most: actor, action id and source of 256 characters of four bytes each, and what it says itself. A test holds
# it so.
_REVOKING: Final = 3680
_SURELY_FITS: Final = (LARGEST_EVENT - _REVOKING) // 2  # the stamps are a part of the event: nearly all need no more
_NEVER_REVOKED: Final = (EntryRevoked, PersonErased, HoldPlaced, HoldLifted)
_LOOK_AFTER: Final = 256  # events: of a roll, one submission gives hundreds


# It says the same of whatever the sender may not know.
NOT_YOURS: Final = Rejection(
    "not-yours",
    "This identity may not take back, correct, verify or dispute that event: its grant has other offices, sources or "
    "types.",
    "此身份无权撤销、更正、核实该事件或对其提出异议：其授权的机关、来源或类型与此不符。",
)


@dataclass(slots=True)
class Head:
    """Where the shard stands: next position, next receipt number, the batch's recorded time.

    Also the peaks before the batch, and whose the batches before it were.
    """

    shard: int
    size: int
    next_receipt: int
    recorded_at: datetime
    peaks: bytes
    recent: str = recent.NOTHING

    def recorded_time(self) -> str:
        """``recorded_at`` as it is written, in UTC with microseconds."""
        return self.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Built(NamedTuple):
    """What an accepted action becomes: its events, their rows, and the version that each stream has then."""

    events: list[Event]
    rows: list[EventRow]
    versions: dict[Key, int]


@dataclass(slots=True)
class Batch:
    """One shard's batch on its way: what is known, what was decided."""

    source: str
    head: Head
    working: Working
    known: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)  # key digest → body digest, receipt
    targets: dict[str, Event] = field(default_factory=dict)  # event id → event, of earlier batches or this one
    naming: dict[str, list[Key]] = field(default_factory=dict)  # event id → stored states that may rest on what it made
    archived: dict[str, str] = field(default_factory=dict)  # event id → file that holds it, where it left the ledger
    events: list[EventRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)  # office and action of each receipt
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)  # outcome, code → receipts
    recorded_time: str = ""

    def decide(self, submissions: Sequence[Submission], now: datetime, deadline: float = math.inf) -> list[Answer]:
        """Answers to as many of the submissions, from the first on, as fit into this batch; at least one.

        ``deadline``: of the monotonic clock.
        """
        self.recorded_time = self.head.recorded_time()
        answers: list[Answer] = []
        look = _LOOK_AFTER
        for index, submission in enumerate(submissions):
            if index % _LOOK_AT_CLOCK == _LOOK_AT_CLOCK - 1 or len(self.events) >= look:
                if time.monotonic() > deadline:
                    break
                look = len(self.events) + _LOOK_AFTER
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

    def recent(self) -> str:
        """Whose the shard's last batches were, this one included."""
        head = self.head
        return recent.noted(
            head.recent, self.receipts[0][1], head.next_receipt, {office for office, _ in self.answered}
        )

    def _answer(self, submission: Submission, now: datetime) -> Answer:
        refusal = submission.refusal
        if refusal is not None and refusal.code in NOT_BINDING:  # nor is it told what the id stands for
            return self._refuse(submission, "rejected", refusal, binding=False)
        first = self.known.get(submission.key_digest)
        if first is not None:
            return self._again(submission, *first)
        decided = refusal or self._decide(submission, now)
        if isinstance(decided, Rejection):
            return self._refuse(submission, "rejected", decided, binding=decided.binding)
        return self._accept(submission, decided)

    # --- deciding ---

    def _decide(self, submission: Submission, now: datetime) -> Built | Rejection:
        """The events, already part of the working states; or why not."""
        if submission.action is None:
            raise AssertionError(submission.id)
        action = self.aimed(submission.action)
        if decider.aims(action.data) and (refusal := self._out_of_reach(submission, action)):
            return refusal
        decided: Decision = decider.decide(self.working, action, now)
        if isinstance(decided, Rejection):
            return decided
        if foreign := _foreign(submission, action, decided):
            return foreign
        built = self._stale(action, decided) or self._build(submission.by, action, decided)
        if isinstance(built, Rejection):
            return built
        self.working.apply(decider.evolve_all(self.working, decided))  # all of it or, where a state isn't loaded, none
        for key, version in built.versions.items():
            self.working.advance(key, version)
        return built

    def aimed(self, action: Action) -> Action:
        """The action with the events that it names, and the one that it takes back, as far as they are known by now.

        What may rest on that: what was stored and names it, and whatever was changed since.
        """
        if decider.cites(action):
            action = decider.citing(action, self.targets)
        if action.target is not None or not decider.aims(action.data):
            return action
        target = self.targets.get(action.data.event)
        if target is None or target.office != action.office:
            return action
        action = decider.aimed(action, target)
        search = decider.searched(action)
        if search is None or target.id not in self.naming:
            return action
        since = self.working.changed_of(search.kinds, search.office)
        return decider.aimed(action, target, tuple(dict.fromkeys((*self.naming[target.id], *since))))

    def _out_of_reach(self, submission: Submission, action: Action) -> Rejection | None:
        """Why the event that it is about can't be had: it isn't its sender's, or was archived.

        Raises NotLoaded where what may rest on that wasn't looked for: this very batch made it.
        """
        if not _within(submission.sender, action):
            return NOT_YOURS
        if gone := self._gone(action):
            return gone
        target = action.target
        if target and target.id not in self.naming and decider.searched(action):
            raise NotLoaded(action.key("revocation", target.id))
        return None

    def _gone(self, action: Action) -> Rejection | None:
        """Why an archived event can't be taken back now."""
        if not self.archived or not decider.aims(action.data):
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

    def _build(self, by: str, action: Action, events: list[Event]) -> Built | Rejection:
        head = self.head
        built = Built(events, [], {})
        shared: Frame | None = None
        for position, event in enumerate(events, head.size):
            first = position == head.size
            if shared is None or position == head.size + 1 or not shared.fits(event):
                shared = frame(self.source, head.shard, self.recorded_time, by, action, event, first=first)
                key = event.stream_key()
            version = (built.versions.get(key) or self.working.version(key)) + 1
            built.versions[key] = version
            body = shared.written(event, position, version)
            if len(body) > _SURELY_FITS and (refusal := _too_large(event, len(body))):
                return refusal
            built.rows.append(
                (head.shard, position, event.id, event.stream, version, shared.type, head.recorded_at, body,
                 leaf_hash(body))
            )  # fmt: skip
        return built

    # --- answering ---

    def _accept(self, submission: Submission, built: Built) -> Answer:
        self.head.size += len(built.rows)
        self.events += built.rows
        for event in built.events:
            self.targets[event.id] = event
        listed = [(row[2], row[5], row[3], row[4], row[1]) for row in built.rows]
        return self._keep(submission, "accepted", accepted(self._address(submission), listed), binding=True)

    def _again(self, submission: Submission, body_digest: bytes, receipt: bytes) -> Answer:
        if submission.body_digest in {body_digest, UNCOMPARED} or not body_digest:  # none: a receipt made anew
            return Answer(receipt, repeat=True)
        first: dict[str, Any] = orjson.loads(receipt)
        why = _taken(submission.id, first["number"], first["code"])
        return self._refuse(submission, "conflict", why, binding=False, first=first["number"])

    def _refuse(
        self, submission: Submission, outcome: str, why: Rejection, *, binding: bool, first: int | None = None
    ) -> Answer:
        fields: dict[str, Any] = {
            **self._address(submission)._asdict(),
            "outcome": outcome,
            "final": why.final,
            "events": [],
            "at_least": None,
            "code": why.code,
            "message": {"en": why.en, "zh": why.zh},
        }
        if first is not None:
            fields["first"] = first
        return self._keep(submission, outcome, canonical(fields), binding=binding, code=why.code)

    def _address(self, submission: Submission) -> Address:
        head = self.head
        return Address(
            head.shard, head.next_receipt, self.recorded_time,
            submission.office, submission.source, submission.id, submission.type, submission.by,
        )  # fmt: skip

    def _keep(self, submission: Submission, outcome: str, receipt: bytes, *, binding: bool, code: str = "") -> Answer:
        head = self.head
        digest = submission.key_digest
        self.outcomes[outcome, code] += 1
        self.receipts.append((head.shard, head.next_receipt, digest, submission.body_digest, binding, receipt))
        self.answered.append((submission.office, submission.id))
        head.next_receipt += 1
        if binding:
            self.known[digest] = (submission.body_digest, receipt)
        return Answer(receipt, repeat=False)


def _within(sender: Grant, action: Action) -> bool:
    """Whether what an action takes back, disputes or settles is its sender's own.

    A proposal is whoever's who may record what it proposes. Of a cadre's disputes ``_foreign`` says whose they are.
    """
    target = action.target
    if target is None or sender.role == "cadre":
        return True
    if isinstance(target.data, EntryProposed) and not decider.takes_back(action.data):
        return sender.reaches(action.office, action.source, target.data.type)
    return sender.reaches(target.office, target.source, target.data.ACTION.TYPE)


def _taken(ident: str, number: int, code: str | None) -> Rejection:
    """Why that id can't be used: the receipt of that number has it, with that code where it was a refusal."""
    if code is None:
        return Rejection(
            "key-conflict",
            f"This id was used before for another content (receipt {number}). Use a new id for a new action.",
            f"该编号此前已用于其他内容（回执 {number}）。新的操作请用新的编号。",
        )
    mended = _mended(ident)
    return Rejection(
        "key-conflict",
        f"This id was used up by a content that was refused for good (receipt {number}: {code}). "
        f"Send what was mended under an id of its own, as {mended}.",
        f"该编号已被一项最终拒绝的内容用掉（回执 {number}：{code}）。改正后请用新的编号提交，如 {mended}。",
    )


def _mended(ident: str) -> str:
    """What the guide proposes as the id of the next try: a-1, a-1.2, a-1.3."""
    stem, dot, number = ident.rpartition(".")
    return f"{stem}.{int(number) + 1}" if dot and number.isascii() and number.isdecimal() else f"{ident}.2"


def _foreign(submission: Submission, action: Action, decided: list[Event]) -> Rejection | None:
    """Why a cadre may not say that: it is about nobody but others."""
    own = submission.sender.own(action.actor)
    if own is None or own in {stamp.person for event in decided for stamp in event.data.stamps}:
        return None
    return Rejection(
        "not-yours",
        "A cadre proposes and disputes entries of the own growth file only. Ask the organiser to enter or dispute it.",
        "干部只能申报本人成长档案的条目，或对其提出异议。请由组织者登记或提出。",
    )


def _too_large(event: Event, size: int) -> Rejection | None:
    """Why an event of that size can't be recorded: it doesn't fit itself, or what would take it back wouldn't."""
    kind = event.data.TYPE
    if size > LARGEST_EVENT:
        return Rejection(
            "too-large",
            f"The {kind} would have {size} bytes; an event has at most {LARGEST_EVENT}. Shorten its texts or lists.",
            f"事件 {kind} 将有 {size} 字节，最多 {LARGEST_EVENT} 字节。请缩短文字或名单。",
        )
    if isinstance(event.data, _NEVER_REVOKED):
        return None
    stamps = len(orjson.dumps(event.data.stamps, default=vars))
    largest = size + stamps + _REVOKING
    if largest <= LARGEST_EVENT:
        return None
    return Rejection(
        "too-large",
        f"The {kind} would have {size} bytes, and its revocation, which repeats it, up to {largest}; "
        f"an event has at most {LARGEST_EVENT}. Shorten its texts or lists.",
        f"事件 {kind} 将有 {size} 字节，撤销它的事件须重述其内容，至多 {largest} 字节，"
        f"而事件最多 {LARGEST_EVENT} 字节。请缩短文字或名单。",
    )
