"""Posting, objections, notice, archive (公示、异议、书面告知、归档); what reopens an archived file."""

from collections.abc import Iterator
from typing import Final

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting
from schemas.base import EventData
from schemas.catalogue import EVENTS
from schemas.packs import packs
from services.recorder.domain.appraisal import order, pools, workdays
from services.recorder.domain.appraisal.rows import (
    FILE,
    IN_FILES,
    TOLD,
    cycle_of,
    file_key,
    file_of,
    files,
    grade_of,
    last,
)
from services.recorder.domain.deciding.core import Action, Event, Held, Key, Rejection, States, Thing
from services.recorder.domain.deciding.facts import Data, Ruling, falls, needs_more, once_key, reopens, rule, thing
from services.recorder.domain.deciding.timeline import person, stamps


def posted_until(pack: str, data: Data) -> str | Rejection:
    """The last day of a posting, which has as many workdays as the pack says or more."""
    least = packs()[pack].appraisal.posting_workdays.value
    if data.workdays >= least:
        return workdays.nth(data.from_on, data.workdays)
    return Rejection(
        "invalid-field",
        f"The rule pack {pack} has a posting last {least} workdays at least, not {data.workdays}. Correct workdays, "
        "and send it under a new id.",
        f"规则包 {pack} 规定公示不少于 {least} 个工作日，而非 {data.workdays} 个。请更正 workdays，并用新的编号发送。",
    )


@rule(posting.PostExcellentList)
def posts_who_is_to_be_excellent(states: States, action: Action, data: posting.PostExcellentList) -> Ruling:
    """Once they are proposed, or decided, as excellent."""
    cycle = cycle_of(states, action, data.cycle)
    for who in data.persons:
        file = order.at(file_of(states, action, data.cycle, who), action.time)
        proposed = last(file, appraisal.GradeProposed)
        if no := order.closed(states, action, data.cycle, who):
            return no
        if (grade_of(file) or (proposed and proposed.data["grade"])) != "excellent":
            return _not_excellent(who)
    ends_on = posted_until(cycle["rule_pack"], data)
    if isinstance(ends_on, Rejection):
        return ends_on
    found = [pools.pool(person(states, action, who), cycle["year"]) for who in data.persons]
    return {"ends_on": ends_on, "pools": tuple(dict.fromkeys(pool for pool in found if pool))}


def _not_excellent(who: str) -> Rejection:
    return Rejection(
        "stage-order",
        f"{who} isn't proposed as excellent by then. Record the proposal first, then send this again.",
        f"{who} 当时尚未拟定为优秀。请先登记审核评鉴，再重新发送。",
    )


# --- objections ---


@needs_more(posting.RaiseObjection, posting.SettleObjection)
def whose_file(states: States, action: Action, data: Data) -> Iterator[Key]:
    """The file of whom it is about."""
    who = data.person if isinstance(data, posting.RaiseObjection) else _about(states, action, data)
    if who:
        yield action.key("person", who)
        if data.cycle:
            yield file_key(action, data.cycle, who)


def _about(states: States, action: Action, data: posting.SettleObjection) -> str | None:
    raised = thing(states, action.key("objection", data.objection)).of_type(posting.ObjectionRaised)
    return next((str(held.data["person"]) for held in raised.values()), None)


@rule(posting.RaiseObjection)
def against_whom_is_posted(states: States, action: Action, data: posting.RaiseObjection) -> Ruling:
    """Only who is on a list, in a file that is open."""
    if data.cycle is None:
        return None
    return order.refused(states, action, data, {})


@rule(posting.SettleObjection)
def settles_once(states: States, action: Action, data: posting.SettleObjection) -> Ruling:
    """An objection of that cycle or selection, which isn't settled; told with whom it is about."""
    row = thing(states, action.key("objection", data.objection))
    raised = next(iter(row.of_type(posting.ObjectionRaised).values())).data
    if raised.get("cycle") != data.cycle or raised.get("selection") != data.selection:
        return Rejection(
            "unknown-reference",
            f"The objection {data.objection} is about another cycle or selection. "
            "Correct cycle, selection or objection.",
            f"异议 {data.objection} 属于其他年度考核或评先。请更正 cycle、selection 或 objection。",
        )
    if settled := next(iter(row.of_type(posting.ObjectionSettled)), None):
        return Rejection(
            "once-only",
            f"The objection {data.objection} is settled already (event {settled}). Correct that event.",
            f"异议 {data.objection} 已处理（事件 {settled}）。请更正该事件。",
        )
    who = raised["person"]
    no = order.closed(states, action, data.cycle, who) if data.cycle else None
    return no or {"person": who, "stamps": stamps(states, action, [who])}


# --- notice, archive ---


@rule(posting.GiveNotice)
def tells_what_is_decided(states: States, action: Action, data: posting.GiveNotice) -> Ruling:
    """Of excellent, once it was posted, and nobody's objection stands against it."""
    file = order.at(file_of(states, action, data.cycle, data.person), action.time)
    grade = grade_of(file)
    if no := order.refused(states, action, data, {}):
        return no
    rules = packs()[cycle_of(states, action, data.cycle)["rule_pack"]].appraisal
    no = _not_posted(file.of_type(posting.ExcellentListPosted), data, file) if grade == "excellent" else None
    return no or {
        "grade": grade,
        "review_until": workdays.later(data.on, rules.review_days.value),
        "appeal_until": workdays.later(data.on, rules.direct_appeal_days.value),
    }


def _not_posted(posted: dict[str, Held], data: posting.GiveNotice, file: Thing) -> Rejection | None:
    decided = last(file, appraisal.GradeDecided)
    if decided and not decided.data["here"]:
        return None
    if not posted:
        return order.out_of_order(posting.NoticeGiven, data.person, [posting.ExcellentListPosted])
    settled = {held.data["objection"]: held.data["upheld"] for held in file.of_type(posting.ObjectionSettled).values()}
    raised = [held.data["objection"] for held in file.of_type(posting.ObjectionRaised).values()]
    if pending := [objection for objection in raised if objection not in settled]:
        return Rejection(
            "objection-open",
            f"The objection {pending[0]} against {data.person} isn't settled. Settle it, then send this again.",
            f"对 {data.person} 的异议 {pending[0]} 尚未处理。请先处理，再重新发送。",
        )
    if any(settled.values()):
        return Rejection(
            "barred-grade",
            f"An objection against {data.person} was upheld: correct the decision, or the settlement, first.",
            f"对 {data.person} 的异议成立：请先更正等次或异议处理。",
        )
    ends_on = min(held.data["ends_on"] for held in posted.values())
    if ends_on < data.on:
        return None
    return Rejection(
        "posting-running",
        f"The posting of {data.person} runs until {ends_on}: notice is given from the day after. Send this again then.",
        f"{data.person} 的公示至 {ends_on} 结束，次日起方可告知。请届时重新发送。",
    )


@rule(posting.ArchiveFile)
def keeps_the_grade(states: States, action: Action, data: posting.ArchiveFile) -> Ruling:
    """What is archived says which grade it is."""
    file = order.at(file_of(states, action, data.cycle, data.person), action.time)
    return {"grade": grade_of(file)}


# --- what is taken back of an archived file reopens it ---

_TELLING: Final[tuple[type[EventData], ...]] = (posting.NoticeGiven, posting.NoticeSigned)


@reopens(*IN_FILES)
def the_archive(after: States, event: Event, data: Data) -> list[Event]:
    """An archived file is open again."""
    found = [thing(after, event.key(FILE, key)).of_type(posting.FileArchived) for key in files(data)]
    return [_as_recorded(event, *each) for archived in found for each in archived.items()]


@falls(*IN_FILES)
def what_told_the_grade(after: States, event: Event, data: Data) -> list[Event]:
    """Notice and signature go where they no longer hold."""
    gone: list[Event] = []
    for key in files(data):
        file = thing(after, event.key(FILE, key))
        for model in _TELLING:
            for ident, held in file.of_type(model).items():
                file_without = file.but(facts=file.without(ident))
                if not order.holds(file_without, model, held.time, held.data):
                    gone.insert(0, _as_recorded(event, ident, held))
                    file = file_without
    return gone


def _as_recorded(event: Event, ident: str, held: Held) -> Event:
    data = EVENTS[held.type].model_validate(held.data)
    return Event(ident, event.office, event.stream, held.time, data)


@needs_more(*IN_FILES)
def what_may_go_with_it(states: States, event: Event, data: Data) -> Iterator[Key]:
    """The rows of what an archived file was told by, and the marks on these events."""
    for key in files(data):
        yield event.key(FILE, key)
        file = thing(states, event.key(FILE, key))
        for model in TOLD:
            for ident, held in file.of_type(model).items():
                yield from (event.key("revocation", ident), once_key(event.office, model, held.data))
