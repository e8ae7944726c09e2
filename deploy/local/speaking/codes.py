"""What the codes in read models are called: those of the contract, and those that read models have of their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from schemas import vocabulary
from schemas.appraisal.grading import Stage
from schemas.appraisal.selection import Condition
from schemas.declared import Words, worded

_STATES: Final[dict[str, Words]] = {
    "proposed": Words("待核实", "proposed"),
    "disputed": Words("有异议", "disputed"),
}
_DUTIES: Final[dict[str, Words]] = {
    "duty-report": Words("述职", "duty report"),
    "section-exchange": Words("科室交流", "section exchange"),
    "talk": Words("约定谈话", "required talk"),
    "follow-up": Words("谈心跟进", "follow-up"),
    "plan-item": Words("计划事项", "plan item"),
    "make-up": Words("补课", "make-up"),
    "visit-approval": Words("慰问审批", "visit approval"),
    "assessment": Words("述职评议", "assessment"),
    "session": Words("应开会议", "carrier session"),
    "verification": Words("申报核实", "verification"),
    "dispute": Words("异议处理", "dispute"),
    "effect": Words("待见效成果", "pending effect"),
    "self-review": Words("个人总结", "self-review"),
    "democratic-assessment": Words("民主测评", "democratic assessment"),
    "findings": Words("了解核实", "findings"),
    "grade": Words("确定等次", "grade"),
    "notice": Words("书面告知", "notice"),
    "signature": Words("签署意见", "signature"),
    "objection": Words("公示异议", "objection"),
    "review": Words("复核", "review"),
    "appeal": Words("申诉", "appeal"),
    "admonition-talk": Words("诫勉谈话", "admonition talk"),
}
_MISSING: Final[dict[str, Words]] = {
    "plan": Words("计划", "plan"),
    "roll": Words("签到", "roll"),
    "minutes": Words("会议记录", "minutes"),
    "speeches": Words("交流发言", "speeches"),
    "reflections": Words("心得体会", "reflections"),
    "make-up": Words("补课", "make-up"),
    # of an appraisal
    "self-review": Words("个人总结", "self-review"),
    "democratic-assessment": Words("民主测评", "democratic assessment"),
    "findings": Words("了解核实", "findings"),
    "proposal": Words("拟定等次", "proposal"),
    "decision": Words("确定等次", "decision"),
    "posting": Words("公示", "posting"),
    "objection": Words("异议处理", "objection to settle"),
    "notice": Words("书面告知", "notice"),
    "signature": Words("签署意见", "signature"),
    "archive": Words("归档", "archive"),
}

# What makes a figure of the events behind it.
_RULES: Final[dict[str, Words]] = {
    "sum": Words("数字为“计”列之和。", "The figure is the sum of the column counts."),
    "facts": Words("由以上事件共同得出。", "It follows from these events together."),
    "fact": Words("由最后计入的事件得出。", "It is what the event says that counts."),
    "latest": Words("取最近一次。", "It is the time of the latest."),
}


@cache
def codes() -> Mapping[str, Mapping[str, Words]]:
    """What codes are called, by the column that has them; ``event`` has types."""
    declared = vocabulary.values()
    return declared | {
        "stage": worded(Stage),
        "state": _STATES,
        "event": vocabulary.types(),
        "touched_event": vocabulary.types(),
        "duty": declared["pair"] | declared["party_pair"] | _DUTIES,
        "party_role": declared["role"],
        "away": declared["kind"] | {"long-leave": Words("长期休假", "long leave")},
        "missing": _MISSING,
        "fails": worded(Condition),
        "rule": _RULES,
    }
