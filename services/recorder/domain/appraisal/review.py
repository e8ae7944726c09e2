"""Review and appeal (复核、申诉): asked for within their days, answered once, with no harsher result."""

from typing import Any, Final

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting
from schemas.appraisal.grading import FinalGrade, called
from schemas.base import EventData
from schemas.declared import choices
from schemas.packs import Appraisal, packs
from services.recorder.domain.appraisal import grading, order, workdays
from services.recorder.domain.appraisal.rows import cycle_of, file_of, grade_of, last
from services.recorder.domain.deciding.core import Action, Rejection, States, Thing
from services.recorder.domain.deciding.facts import Data, Ruling, becomes, rule

_BY_HARSHNESS: Final = choices(FinalGrade)


@rule(posting.RequestReview, posting.LodgeAppeal)
def asks_in_time(states: States, action: Action, data: Data) -> Ruling:
    """After the notice, none being open, within the pack's days."""
    file = order.at(file_of(states, action, data.cycle, data.person), action.time)
    asked = becomes(data)
    if no := order.refused(states, action, data, {}):
        return no
    if order.open_one(file, asked):
        return Rejection(
            "stage-order",
            f"{data.person} has one that isn't answered yet. Record its answer first, then send this again.",
            f"{data.person} 已提出而尚未答复。请先登记答复，再重新发送。",
        )
    rules = packs()[cycle_of(states, action, data.cycle)["rule_pack"]].appraisal
    review = isinstance(data, posting.RequestReview)
    last_day = _until(file, rules, asked)
    if data.on > last_day:
        return Rejection(
            "too-late",
            f"{data.person} could ask for it until {last_day}, and did on {data.on}.",
            f"{data.person} 提出的期限至 {last_day}，而提出日期为 {data.on}。",
        )
    days = rules.review_answer_days if review else rules.appeal_answer_days
    return {"answer_until": workdays.later(data.on, days.value)}


def _until(file: Thing, rules: Appraisal, asked: type[EventData]) -> str:
    """Of a review and a direct appeal by the notice; of an appeal after a review by its answer."""
    told = last(file, posting.NoticeGiven)
    answered = last(file, posting.ReviewDecided)
    assert told is not None
    if asked is posting.ReviewRequested:
        return workdays.later(told.data["on"], rules.review_days.value)
    if answered is None:
        return workdays.later(told.data["on"], rules.direct_appeal_days.value)
    return workdays.later(answered.data["on"], rules.appeal_days.value)


@rule(posting.DecideReview, posting.DecideAppeal)
def answers_without_being_harsher(states: States, action: Action, data: Data) -> Ruling:
    """One that is open; a changed grade is no harsher, and goes by bars and seats as any."""
    of = grading.case(states, action, data)
    answer = becomes(data)
    if not order.holds(of.file, answer, action.time, data.__dict__):
        return order.out_of_order(answer, data.person, [order.ASKED_BY[answer]])
    told: dict[str, Any] = {}
    if answer is posting.ReviewDecided:
        told["appeal_until"] = workdays.later(data.on, of.pack.appraisal.appeal_days.value)
    if data.grade is None:
        decided = last(of.file, appraisal.GradeDecided)
        return told | {"here": not decided or decided.data["here"]}
    return _harsher(data, grade_of(of.file)) or grading.regraded(states, action, data, of, told)


def _harsher(data: Data, grade: str | None) -> Rejection | None:
    if grade not in _BY_HARSHNESS or _BY_HARSHNESS.index(data.grade) <= _BY_HARSHNESS.index(grade):
        return None
    return Rejection(
        "barred-grade",
        f"A review or appeal makes no grade harsher: {data.person} is {grade}, not {data.grade}. Correct grade.",
        f"复核、申诉不得加重：{data.person} 现为“{called(str(grade))}”，不得改为“{called(data.grade)}”。请更正 grade。",
    )
