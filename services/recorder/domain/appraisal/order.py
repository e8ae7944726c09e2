"""In which order the steps of somebody's appraisal come (总结述职、民主测评、了解核实、审核评鉴、确定等次、告知、归档).

What a step needs is asked of the file as it stood at its time; when something is taken back, of each that stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting
from schemas.base import ActionData, EventData, instant
from schemas.catalogue import EVENTS
from services.recorder.domain.appraisal.rows import IN_FILES, file_of, files, last
from services.recorder.domain.deciding.core import Action, Event, Rejection, States, Thing, rests
from services.recorder.domain.deciding.facts import Data, Ruling, becomes, rule, upholds

WITHOUT: Final = ("undetermined", "not-appraised")  # no grade
AFTER_ARCHIVING: Final[tuple[type[ActionData], ...]] = (
    posting.SupplementGrade, posting.RequestReview, posting.DecideReview, posting.LodgeAppeal, posting.DecideAppeal,
)  # fmt: skip
Needed = type[EventData]


def missing(kind: type[EventData], said: Mapping[str, Any], before: Thing) -> Sequence[Needed]:
    """The steps that one of that kind, which says so, needs and that aren't in the file before it."""
    proposed = last(before, appraisal.GradeProposed)
    if kind is appraisal.GradeProposed:
        return [step for step in _ready(said) if not before.of_type(step)]
    if kind is appraisal.GradeDecided:
        if proposed is None:
            return [appraisal.GradeProposed]
        return [step for step in _ready({**proposed.data, "grade": said["grade"]}) if not before.of_type(step)]
    needed = _AFTER.get(kind)
    return [needed] if needed and not before.of_type(needed) else []


def _ready(said: Mapping[str, Any]) -> Iterator[Needed]:
    """What a grade rests on: none for whom it is not determined, who is not appraised, or who refused to be."""
    if said["grade"] not in WITHOUT and said.get("reason") != "refused":
        yield from (appraisal.SelfReviewSubmitted, appraisal.FindingsVerified)
        if said.get("heads_section"):
            yield appraisal.DemocraticAssessmentHeld


_AFTER: Final[Mapping[type[EventData], Needed]] = {
    posting.NoticeGiven: appraisal.GradeDecided,
    posting.NoticeSigned: posting.NoticeGiven,
    posting.FileArchived: posting.NoticeSigned,
    posting.ReviewRequested: posting.NoticeGiven,
    posting.AppealLodged: posting.NoticeGiven,
    posting.ReviewDecided: posting.ReviewRequested,
    posting.AppealDecided: posting.AppealLodged,
    posting.GradeSupplemented: appraisal.GradeDecided,
    posting.ObjectionRaised: posting.ExcellentListPosted,
    posting.ExcellentListPosted: appraisal.GradeProposed,
}
ASKED_BY: Final[Mapping[type[EventData], type[EventData]]] = {
    posting.ReviewDecided: posting.ReviewRequested, posting.AppealDecided: posting.AppealLodged,
}  # fmt: skip
_DECIDING: Final = (appraisal.GradeDecided, posting.GradeSupplemented)
_ASKED: Final = {asked: answer for answer, asked in ASKED_BY.items()}


def at(file: Thing, time: str) -> Thing:
    """The file as it stood then."""
    moment = instant(time)
    return file.but(facts={event: fact for event, fact in file.facts.items() if instant(fact.time) <= moment})


def open_one(file: Thing, asked: type[EventData]) -> bool:
    """Whether a review or appeal was asked for and isn't answered."""
    return len(file.of_type(asked)) > len(file.of_type(_ASKED[asked]))


def out_of_order(step: type[EventData], person: str, needed: Sequence[Needed]) -> Rejection:
    """What comes first."""
    return Rejection(
        "stage-order",
        f"Before the {step.WORDS.en} of {person} comes the {' and the '.join(each.WORDS.en for each in needed)}, "
        "which isn't recorded by then. Record it first, then send this again.",
        f"{person} 的“{step.WORDS.zh}”之前须先有“{'”“'.join(each.WORDS.zh for each in needed)}”，而当时尚无记录。"
        "请先登记，再重新发送。",
    )


@rule(appraisal.SubmitSelfReview, appraisal.HoldDemocraticAssessment, appraisal.VerifyFindings, posting.SignNotice,
      posting.ArchiveFile)  # fmt: skip
def comes_after_what_it_needs(states: States, action: Action, data: Data) -> Ruling:
    """The signature after the notice, the archive after the signature; the others go into an open file."""
    return refused(states, action, data, {})


def refused(
    states: States,
    action: Action,
    data: Data,
    more: Mapping[str, Any],
) -> Rejection | None:
    """Why a step comes too early, or into a file that is closed; ``more``: what it says beside its data."""
    if type(data) not in AFTER_ARCHIVING and (no := closed(states, action, data.cycle, data.person)):
        return no
    step = becomes(data)
    before = at(file_of(states, action, data.cycle, data.person), action.time)
    needed = missing(step, {**data.__dict__, **more}, before)
    return out_of_order(step, data.person, needed) if needed else None


def closed(states: States, action: Action, cycle: str, who: str) -> Rejection | None:
    """Why nothing goes into an archived file."""
    archived = next(iter(file_of(states, action, cycle, who).of_type(posting.FileArchived)), None)
    if archived is None:
        return None
    return Rejection(
        "archived-file",
        f"The appraisal of {who} in {cycle} is archived (event {archived}). Correct or revoke what is wrong in it: "
        "that reopens it. Then send this under a new id.",
        f"{who} 在 {cycle} 中的考核已归档（事件 {archived}）。请更正或撤销其中有误的登记，档案即重新打开；"
        "之后用新的编号发送。",
    )


# --- what rests on a step ---


@upholds(*IN_FILES)
def what_comes_after_still_may(after: States, event: Event, data: Data) -> Rejection | None:
    """No step is left without one that it needs."""
    loose = [ident for key in files(data) for ident in _loose(file_of(after, event, *key.split("/")))]
    return rests(event.id, dict.fromkeys(loose)) if loose else None


def _loose(file: Thing) -> Iterator[str]:
    for event, fact in file.facts.items():
        if not holds(file.but(facts=file.without(event)), EVENTS[fact.type], fact.time, fact.data):
            yield event


def holds(others: Thing, kind: type[EventData], time: str, said: Mapping[str, Any]) -> bool:
    """Whether a fact may stand among the others of its file."""
    before = at(others, time)
    if missing(kind, said, before):
        return False
    if kind in ASKED_BY:
        return open_one(before, ASKED_BY[kind])
    grades = [fact.data["grade"] for model in _DECIDING for fact in before.of_type(model).values()]
    if kind is posting.NoticeGiven:
        return said["grade"] in grades and not unposted(before, said)
    return kind is not posting.GradeSupplemented or grades[0] in WITHOUT


def unposted(before: Thing, said: Mapping[str, Any]) -> bool:
    """Whether a notice of excellent, given here, comes without a posting, or on one of its days."""
    decided = last(before, appraisal.GradeDecided)
    if said["grade"] != "excellent" or (decided and not decided.data["here"]):
        return False
    return not any(fact.data["ends_on"] < said["on"] for fact in before.of_type(posting.ExcellentListPosted).values())
