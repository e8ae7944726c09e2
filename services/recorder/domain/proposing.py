"""A cadre's own entries: proposed, verified, disputed, settled.

What is proposed is decided as if it were said now, and recorded once it is verified. An entry has a row of its own, by
its event: the proposal, its verification and what was recorded with that, disputes and how they were settled.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeGuard, get_args

from schemas.base import EventData, Fields, instant
from schemas.catalogue import ACTIONS, EVENTS
from schemas.entries import taking as contract
from services.recorder.domain.deciding import facts, timeline
from services.recorder.domain.deciding.core import (
    Action,
    Changes,
    Decision,
    Event,
    Held,
    Key,
    Rejection,
    States,
    Thing,
    day_at,
    make,
    rests,
    state,
    unknown,
)
from services.recorder.domain.deciding.facts import ByHand
from services.recorder.domain.deciding.revocation import Revocation

Deciding = Callable[[States, Action], Decision]
Pointing = contract.VerifyEntry | contract.DisputeEntry | contract.SettleDispute
_POINTING: Final = frozenset(get_args(Pointing))
KIND: Final = facts.PROPOSAL


def points(data: Fields) -> TypeGuard[Pointing]:
    """Whether an action is about an entry that is recorded already."""
    return type(data) in _POINTING


def is_own(data: Fields) -> bool:
    """Whether it is one of the four that are decided here."""
    return type(data) is contract.ProposeEntry or type(data) in _POINTING


@state(KIND)
class Entry(Thing):
    """An entry, as far as it was proposed or disputed."""

    def last(self) -> tuple[str, Held] | None:
        """The last dispute, or how it was settled."""
        said = [(event, fact) for event, fact in self.facts.items() if fact.type in _DISPUTES]
        return said[-1] if said else None

    def disputed(self) -> str | None:
        """The dispute that isn't settled."""
        last = self.last()
        return last[0] if last and last[1].type == contract.EntryDisputed.TYPE else None

    def doubtful(self) -> str | None:
        """What says that it doesn't count: a dispute that isn't settled, or was upheld."""
        last = self.last()
        return last[0] if last and last[1].data.get("upheld", True) else None

    def made(self) -> list[str]:
        """The events of what it proposed, as far as they stand."""
        return [event for event, fact in self.facts.items() if fact.type not in _TYPES]


_DISPUTES: Final = (contract.EntryDisputed.TYPE, contract.DisputeSettled.TYPE)
_TYPES: Final = (contract.EntryProposed.TYPE, contract.EntryVerified.TYPE, *_DISPUTES)
# What deciding needs of each: only a verification keeps its proposal from being taken back.
_KEPT: Final = {contract.EntryVerified.TYPE: "event", contract.DisputeSettled.TYPE: "upheld"}


# The types of action that can be proposed: what enters growth files, but for care, each as one event.
PROPOSABLE: Final = frozenset(
    model.ACTION.TYPE
    for model in EVENTS.values()
    if model.ENTRY is not None and model.ENTRY.group != "talk" and "roll" not in model.ACTION.model_fields
)


# --- evolve ---


def _key(event: Event, data: EventData) -> Key:
    return event.key(KIND, data.__dict__["event"])


def _hold(states: States, event: Event, data: EventData) -> Changes:
    row = states.of(Entry, key := _key(event, data))
    kept = _KEPT.get(data.TYPE)
    held = Held(data.TYPE, event.time, {kept: data.__dict__[kept]} if kept else {})
    return {key: row.but(facts=row.facts | {event.id: held})}


def _release(states: States, event: Event, data: EventData) -> Changes:
    row = states.of(Entry, key := _key(event, data))
    return {key: row.but(facts=row.without(event.id))}


for _model in (contract.EntryProposed, contract.EntryVerified, contract.EntryDisputed, contract.DisputeSettled):
    facts.BY_HAND[_model] = ByHand(_hold, _release, lambda event, data: (_key(event, data),))


# --- what is proposed ---


def aimed(action: Action, target: Event) -> Action:
    """The action with the entry that it is about; one that verifies a proposal has it as an action of its own time."""
    action = action._replace(target=target)
    if not isinstance(action.data, contract.VerifyEntry) or not isinstance(target.data, contract.EntryProposed):
        return action
    data = ACTIONS[target.data.type].model_validate(target.data.data)
    proposed = action._replace(
        type=target.data.type, time=target.time, moment=instant(target.time), day=day_at(target.time), data=data,
        first_index=1, target=None,
    )  # fmt: skip
    return action._replace(replacement=proposed)


# --- decide ---


def reads(action: Action) -> Iterator[Key]:
    """The entry's row, whether it was taken back, whom it is about, and what deciding what is proposed needs."""
    yield action.key(KIND, getattr(action.data, "event", action.event_id(0)))
    target = action.target
    if target is not None:
        yield target.stream_key()
        for ident in (target.id, target.data.__dict__.get("event", target.id)):
            yield from (action.key(KIND, ident), action.key("revocation", ident))
        yield from (action.key("person", stamp.person) for stamp in target.data.stamps)
    if action.replacement is not None:
        yield from facts.reads(action.replacement, action.replacement.data)
        yield from facts.of_proposal(action.office, action.replacement.data, target.id if target else None)


def decide(states: States, action: Action, fact: Deciding) -> Decision:
    """Decide one of the four; ``fact(states, action)`` decides what is proposed."""
    if isinstance(action.data, contract.ProposeEntry):
        return _propose(states, action, action.data, fact)
    target = _target(states, action)
    if isinstance(target, Rejection):
        return target
    if isinstance(action.data, contract.VerifyEntry):
        return _verify(states, action, target, fact)
    if isinstance(action.data, contract.DisputeEntry):
        return _dispute(states, action, target)
    return _settle(states, action, target)


def _propose(states: States, action: Action, data: contract.ProposeEntry, fact: Deciding) -> Decision:
    """What is proposed could be recorded now; and those whom it would be about are stamped."""
    assert action.replacement is not None, action.id
    decided = fact(states, action.replacement)
    if isinstance(decided, Rejection):
        return decided
    made = contract.EntryProposed(
        event=action.event_id(0), type=data.type, data=data.data, late_reason=data.late_reason,
        stamps=decided[0].data.stamps,
    )  # fmt: skip
    return [make(action, f"{KIND}/{made.event}", made)]


def _target(states: States, action: Action) -> Event | Rejection:
    """The entry that the action is about, where it stands."""
    assert points(action.data), action.type
    target = action.target
    if target is None:
        return unknown(KIND, action.data.event)
    by = states.of(Revocation, action.key("revocation", target.id)).by
    if by is None:
        return target
    return Rejection(
        "already-revoked",
        f"The event {target.id} was revoked by {by}: there is nothing to verify or dispute.",
        f"事件 {target.id} 已被 {by} 撤销，无可核实或提出异议的内容。",
    )


def _verify(states: States, action: Action, target: Event, fact: Deciding) -> Decision:
    if not isinstance(target.data, contract.EntryProposed) or action.replacement is None:
        return _none("proposed entry", "申报", target.id)
    entry = states.of(Entry, action.key(KIND, target.id))
    if there := next(iter(entry.of_type(contract.EntryVerified)), None):
        return _there(target.id, there)
    if doubt := entry.doubtful():
        return Rejection(
            "unverified",
            f"The proposed entry {target.id} is disputed ({doubt}). Settle that first, then send this again.",
            f"申报 {target.id} 存在异议（{doubt}）。请先处理异议，再重新发送。",
        )
    decided = fact(states, action.replacement)
    if isinstance(decided, Rejection):
        return decided
    verified = contract.EntryVerified(event=target.id, **_about(states, action, target))
    made = decided[0]._replace(data=decided[0].data.model_copy(update={"proposal": target.id}))
    return [make(action, target.stream, verified), made]


def _dispute(states: States, action: Action, target: Event) -> Decision:
    entry = states.of(Entry, action.key(KIND, target.id))
    if verified := entry.made() or list(entry.of_type(contract.EntryVerified)):
        return _there(target.id, verified[0])
    if type(target.data).ENTRY is None and not isinstance(target.data, contract.EntryProposed):
        return _none("entry of a growth file", "成长档案条目", target.id)
    if doubt := entry.doubtful():
        return _there(target.id, doubt)
    assert isinstance(action.data, contract.DisputeEntry), action.type
    members = {"event": target.id, **action.sealed, **_about(states, action, target)}
    return [make(action, target.stream, contract.EntryDisputed.model_validate(members))]


def _settle(states: States, action: Action, target: Event) -> Decision:
    """The dispute may be named by its own event or by that of its entry."""
    assert isinstance(action.data, contract.SettleDispute), action.type
    ident = target.data.event if isinstance(target.data, contract.EntryDisputed) else target.id
    if states.of(Entry, action.key(KIND, ident)).disputed() is None:
        return _none("open dispute", "未处理的异议", ident)
    about = _about(states, action, target)
    return [make(action, target.stream, contract.DisputeSettled(event=ident, upheld=action.data.upheld, **about))]


def _about(states: States, action: Action, target: Event) -> dict[str, Any]:
    persons = dict.fromkeys(stamp.person for stamp in target.data.stamps)
    return {"late_reason": action.data.late_reason, "stamps": timeline.stamps(states, action, persons)}


def _none(en: str, zh: str, ident: str) -> Rejection:
    return Rejection(
        "unknown-reference",
        f"The event {ident} has no {en}. Check the id, or send this again once it is recorded.",
        f"事件 {ident} 没有{zh}。请核对编号，或登记之后重新发送。",
    )


def _there(ident: str, by: str) -> Rejection:
    return Rejection(
        "once-only",
        f"Of the event {ident} that is recorded already (event {by}). Refer to that one, or revoke it first.",
        f"事件 {ident} 已有相应登记（事件 {by}）。请改引该事件，或先撤销它。",
    )


# --- taking back ---


@facts.upholds(contract.EntryVerified, contract.EntryDisputed)
def nothing_is_left_over(after: States, event: Event, data: EventData) -> Rejection | None:
    """A rejection where what was recorded with a verification, or a settlement, would be left without it."""
    entry = after.of(Entry, _key(event, data))
    loose = entry.made() if isinstance(data, contract.EntryVerified) else list(_unasked(entry))
    return rests(event.id, loose) if loose else None


def _unasked(entry: Entry) -> Iterator[str]:
    """Settlements without a dispute before them."""
    disputed = False
    for event, fact in entry.facts.items():
        if fact.type == contract.DisputeSettled.TYPE and not disputed:
            yield event
        disputed = fact.type == contract.EntryDisputed.TYPE or (disputed and fact.type not in _DISPUTES)
