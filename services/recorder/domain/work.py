"""Work outputs, one fact for lead and participants alike; duty reports."""

from schemas.work import CLASSIFIED, DeliverDutyReport, FileOutput
from services.recorder.domain.core import Action, Rejection, States
from services.recorder.domain.facts import Ruling, rule
from services.recorder.domain.timeline import person


@rule(FileOutput)
def classified_has_no_title(_states: States, _action: Action, data: FileOutput) -> Ruling:
    """Of classified communications only how many there were is ever recorded."""
    if data.line != CLASSIFIED or data.title is None:
        return None
    return Rejection(
        "classified-title",
        "The line classified-communications takes counts, never titles. "
        "Leave the title out; give count if it is not 1.",
        "机要条线只计数量，不写标题。请去掉标题；数量不是 1 时填写 count。",
    )


@rule(DeliverDutyReport)
def heads_a_section(states: States, action: Action, data: DeliverDutyReport) -> Ruling:
    """Whoever heads one reports, acting heads too."""
    day = data.on or action.day
    if person(states, action, data.person).heads_section(day):
        return None
    return Rejection(
        "heads-no-section",
        f"{data.person} heads no section on {day}. Record the post first, or correct person or on.",
        f"{data.person} 在 {day} 不是科室负责人。请先登记其任职，或更正 person、on。",
    )
