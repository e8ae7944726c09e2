"""Work outputs, one fact for lead and participants alike; decisions that rest on them; duty reports."""

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.learning.sessions import SessionConvened
from schemas.life.work import CLASSIFIED, AdoptResearch, DeliverDutyReport, FileOutput, OutputFiled
from services.recorder.domain.deciding.core import Action, Key, Rejection, States
from services.recorder.domain.deciding.facts import Ruling, keeps, needs_more, rule, thing
from services.recorder.domain.deciding.timeline import person, stamps

keeps(OutputFiled, "line")


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


def _outputs(states: States, action: Action, data: AdoptResearch) -> Iterator[dict[str, Any]]:
    """What is held of the outputs that a decision rests on."""
    for ident in data.outputs:
        yield from (fact.data for fact in thing(states, action.key("output", ident)).of_type(OutputFiled).values())


def _made_by(outputs: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(who for output in outputs for who in (output["lead"], *output.get("participants", ()))))


@needs_more(AdoptResearch)
def who_made_them(states: States, action: Action, data: AdoptResearch) -> Iterator[Key]:
    """The persons of its outputs."""
    yield from (action.key("person", who) for who in _made_by(_outputs(states, action, data)))


@rule(AdoptResearch)
def carries_who_made_them(states: States, action: Action, data: AdoptResearch) -> Ruling:
    """A decision is the work of all who made its outputs, and of the lines of these and of its sessions."""
    outputs = list(_outputs(states, action, data))
    studied = (
        fact.data.get("line")
        for ident in data.sessions
        for fact in thing(states, action.key("session", ident)).of_type(SessionConvened).values()
    )
    persons = _made_by(outputs)
    lines = dict.fromkeys(line for line in (*(output["line"] for output in outputs), *studied) if line)
    return {"persons": tuple(persons), "lines": tuple(lines), "stamps": stamps(states, action, persons)}
