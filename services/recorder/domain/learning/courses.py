"""Courses: leave of an off-the-job course above the pack's share gives no credit."""

from collections.abc import Iterable

from schemas.learning.courses import RecordCourse
from services.recorder.domain import packs
from services.recorder.domain.deciding.core import Action, Key, Rejection, States
from services.recorder.domain.deciding.facts import Ruling, needs, rule


@needs(RecordCourse)
def by_which_pack(action: Action, _data: RecordCourse) -> Iterable[Key]:
    """The share is the pack's."""
    yield packs.key(action)


@rule(RecordCourse)
def leave_within_the_share(states: States, action: Action, data: RecordCourse) -> Ruling:
    """More leave than that means withdrawal from a course off the job; others have no such share."""
    if data.kind != "off-the-job":
        return None
    pack = packs.followed(states, action, data.to_on)
    share = pack.study.course_leave_share.value
    if data.leave_centi_xueshi <= data.centi_xueshi * share:
        return None
    return Rejection(
        "above-leave-share",
        f"{data.leave_centi_xueshi / 100:g} of {data.centi_xueshi / 100:g} study hours on leave are more than {share}, "
        f"the most of an off-the-job course by the pack {pack.pack} (study.course_leave_share): it gives no credit.",
        f"脱产培训 {data.centi_xueshi / 100:g} 学时中请假 {data.leave_centi_xueshi / 100:g} 学时，"
        f"超过规则包 {pack.pack} 规定的 {share}（study.course_leave_share），按退学处理，不计学时。",
    )
