"""What may be admitted as evidence: somebody's verified learning, work and activity of that year, and nothing else.

Talks, welfare and needs are no entries of these groups, so they never are; neither is anything proposed or disputed.
"""

from collections.abc import Iterable
from typing import Any, Final

from schemas.appraisal import grading as appraisal
from schemas.catalogue import EVENTS
from schemas.entries.taking import EntryProposed
from services.recorder.domain.appraisal import order
from services.recorder.domain.appraisal.rows import cycle_of
from services.recorder.domain.deciding.core import Action, Event, Key, Rejection, States, day_at
from services.recorder.domain.deciding.facts import Ruling, needs, rule
from services.recorder.domain.deciding.revocation import Revocation
from services.recorder.domain.proposing import Entry

GROUPS: Final = frozenset({"learning", "work", "activity"})


@needs(appraisal.AdmitEvidence)
def the_entries(action: Action, data: appraisal.AdmitEvidence) -> Iterable[Key]:
    """Whether each stands, and what rests on it."""
    for event in data.events:
        yield from (action.key("revocation", event), action.key("event", event))


@rule(appraisal.AdmitEvidence)
def admits_entries_that_count(states: States, action: Action, data: appraisal.AdmitEvidence) -> Ruling:
    """Each of them, or none."""
    if no := order.refused(states, action, data, {}):
        return no
    year = cycle_of(states, action, data.cycle)["year"]
    for ident in data.events:
        if no := _not(states, action, data.person, year, action.cited[ident]):
            return no
    return None


def _not(states: States, action: Action, who: str, year: int, event: Event) -> Rejection | None:
    if by := states.of(Revocation, action.key("revocation", event.id)).by:
        return Rejection(
            "already-revoked",
            f"The event {event.id} was revoked by {by}: it is no evidence. Leave it out.",
            f"事件 {event.id} 已被 {by} 撤销，不能作为依据。请去掉它。",
        )
    entry = states.of(Entry, action.key("event", event.id))
    if isinstance(event.data, EntryProposed) or entry.doubtful():
        return Rejection(
            "unverified",
            f"The entry {event.id} isn't verified, or is disputed. Verify or settle it first, then send this again.",
            f"条目 {event.id} 尚未核实，或存在异议。请先核实或处理异议，再重新发送。",
        )
    if not _counts(event) or who not in {stamp.person for stamp in event.data.stamps} or _year(event) != year:
        return Rejection(
            "not-evidence",
            f"The event {event.id} is no learning, work or activity entry of {who} of {year}; talks, welfare and needs "
            "never are. Leave it out, and send this under a new id.",
            f"事件 {event.id} 不是 {who} {year} 年的学习、工作或活动条目；谈心、关爱和需求一律不作依据。"
            "请去掉它，并用新的编号发送。",
        )
    return None


def _counts(event: Event) -> bool:
    entry = type(event.data).ENTRY
    if entry is None or entry.group not in GROUPS:
        return False
    members: dict[str, Any] = event.data.__dict__
    return all(members.get(name) in values for name, values in entry.when.items())


def _year(event: Event) -> int:
    return int(day_at(event.time)[:4])


assert {model.ENTRY.group for model in EVENTS.values() if model.ENTRY} >= GROUPS
