"""Work outputs: one fact for lead and participants alike."""

from __future__ import annotations

from schemas.work import CLASSIFIED, FileOutput
from services.recorder.domain.core import Action, Rejection, States
from services.recorder.domain.facts import Ruling, rule


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
