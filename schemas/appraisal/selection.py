"""Choosing the advanced (评先), and honours. Their types begin with ``chengzhang.selection.``."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from schemas.appraisal.grading import Cycle
from schemas.appraisal.posting import EndsOn, Workdays
from schemas.base import (
    ID,
    ActionData,
    Amount,
    Count,
    EventData,
    EventId,
    Fields,
    FromOn,
    Id,
    Many,
    On,
    Section,
    Some,
    Stamped,
    Text,
    Year,
)
from schemas.declared import Entry, New, Ref, Values, Words
from schemas.entries.following import PackId

Selection = Annotated[Id, Ref("selection"), Words("评先", "selection")]
Subject = Annotated[Id, Ref("person", other="section")]
Condition = Annotated[
    Literal[
        "competent-years",
        "excellent-years",
        "months-served",
        "duty-reports",
        "no-bar",
        "off-probation",
        "no-opinion-against",
        "section-exchanges",
    ],
    Words("评选条件", "condition"),
    Values.of(
        competent_years="近年年度考核均为称职以上",
        excellent_years="近年年度考核均为优秀",
        months_served="任职满规定月数",
        duty_reports="按期述职",
        no_bar="不在处分影响期且无立案审查",
        off_probation="不在试用期",
        no_opinion_against="征求意见无异议",
        section_exchanges="按要求开展科室交流",
    ),
]
MOST_CANDIDATES = 500


class OfSelection(EventData):
    """What every event of a selection tells of it."""

    year: Year
    rule_pack: PackId


class PersonOrSection(Fields):
    """Who is meant: a person or a section."""

    person: Stamped | None = Field(default=None, description="or a section")
    section: Section | None = Field(default=None, description="or a person")

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if (self.person is None) == (self.section is None):
            raise PydanticCustomError("person_or_section", "a person or a section, and not both")
        return self


# --- opened ---


class Opening(Fields):
    """The advanced are to be chosen (评先): for which honour, how many, by which conditions."""

    WORDS: ClassVar = Words("启动评先", "selection opened")

    selection: Annotated[Id, New("selection"), Words("评先", "selection")]
    honour: Annotated[Text, Words("荣誉", "honour")]
    seats: Annotated[Count, Words("名额", "seats")]
    for_: Annotated[
        Literal["persons", "sections"], Words("评选对象", "for"), Values.of(persons="个人", sections="科室")
    ] = Field(alias="for")
    conditions: Annotated[Many[Condition], Words("评选条件", "conditions")] = ()


class OpenSelection(Opening, ActionData, name="chengzhang.selection.open-selection.v1"):
    """Open a selection of the advanced (评先); its conditions are those of the rule pack that the office follows."""


class SelectionOpened(Opening, OfSelection, name="chengzhang.selection.selection-opened.v1", of=OpenSelection):
    """A selection was opened."""


# --- candidates ---


class Recommendation(PersonOrSection):
    """Somebody is recommended (推荐), once by each."""

    WORDS: ClassVar = Words("推荐", "candidate recommended")
    ONCE: ClassVar = ("selection", "person", "section", "by")
    STREAM: ClassVar = "selection"

    selection: Selection
    by: Annotated[Literal["section", "branch"], Words("推荐方", "by"), Values.of(section="科室", branch="党支部")]


class RecommendCandidate(Recommendation, ActionData, name="chengzhang.selection.recommend-candidate.v1"):
    """Recommend a person or section that meets the conditions."""


class CandidateRecommended(
    Recommendation, OfSelection, name="chengzhang.selection.candidate-recommended.v1", of=RecommendCandidate
):
    """A candidate was recommended."""


class Withdrawal(PersonOrSection):
    """A candidate is withdrawn (撤回推荐): who was recommended may be again."""

    WORDS: ClassVar = Words("撤回推荐", "candidate withdrawn")
    STREAM: ClassVar = "selection"

    selection: Selection


class WithdrawCandidate(Withdrawal, ActionData, name="chengzhang.selection.withdraw-candidate.v1"):
    """Withdraw a candidate."""


class CandidateWithdrawn(
    Withdrawal, OfSelection, name="chengzhang.selection.candidate-withdrawn.v1", of=WithdrawCandidate
):
    """A candidate was withdrawn."""


class Opinion(PersonOrSection):
    """What a body that was asked says of a candidate (征求意见)."""

    WORDS: ClassVar = Words("征求意见", "opinion recorded")
    STREAM: ClassVar = "selection"

    selection: Selection
    of: Annotated[
        Literal["discipline", "personnel", "other"],
        Words("意见方", "of"),
        Values.of(discipline="纪检监察", personnel="组织人事", other="其他"),
    ]
    against: Annotated[bool, Words("有异议", "against")]


class RecordOpinion(Opinion, ActionData, name="chengzhang.selection.record-opinion.v1"):
    """Record what a body that was asked says of a candidate; its latest word counts."""


class OpinionRecorded(Opinion, OfSelection, name="chengzhang.selection.opinion-recorded.v1", of=RecordOpinion):
    """An opinion was recorded."""


# --- voted, posted, decided ---


class Vote(Fields):
    """How the vote about the candidates came out (投票), once."""

    WORDS: ClassVar = Words("投票", "vote")
    ONCE: ClassVar = ("selection",)

    selection: Selection
    ballots: Annotated[Count, Words("票数", "ballots")]
    counts: Annotated[
        dict[Annotated[str, StringConstraints(pattern=f"^{ID}$")], Amount],
        Field(max_length=MOST_CANDIDATES),
        Words("得票", "counts"),
    ] = Field(description="votes by candidate")

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if any(votes > self.ballots for votes in self.counts.values()):
            raise PydanticCustomError("ballots", "nobody has more votes than there are ballots")
        return self


class HoldVote(Vote, ActionData, name="chengzhang.selection.hold-vote.v1"):
    """Record the vote about the candidates."""


class SelectionVoted(Vote, OfSelection, name="chengzhang.selection.selection-voted.v1", of=HoldVote):
    """It was voted about the candidates."""


class CandidatesPosting(Fields):
    """Candidates are posted for comment (公示)."""

    WORDS: ClassVar = Words("候选公示", "candidates posted")

    selection: Selection
    candidates: Annotated[Some[Subject], Words("候选", "candidates")]
    from_on: FromOn
    workdays: Workdays


class PostCandidates(CandidatesPosting, ActionData, name="chengzhang.selection.post-candidates.v1"):
    """Post candidates for comment (公示), for at least as many workdays as the pack says."""


class CandidatesPosted(
    CandidatesPosting, OfSelection, name="chengzhang.selection.candidates-posted.v1", of=PostCandidates
):
    """Candidates were posted."""

    ends_on: EndsOn


class Choice(Fields):
    """Who was chosen (评先决定)."""

    WORDS: ClassVar = Words("评先决定", "selection decided")

    selection: Selection
    chosen: Annotated[Many[Subject], Words("入选", "chosen")]


class DecideSelection(Choice, ActionData, name="chengzhang.selection.decide-selection.v1"):
    """Decide who is chosen: of those posted who meet the conditions, at most as many as there are seats."""


class SelectionDecided(Choice, OfSelection, name="chengzhang.selection.selection-decided.v1", of=DecideSelection):
    """A selection was decided."""


# --- honours ---


class Award(PersonOrSection):
    """An honour (荣誉): of a selection, of appraisals (嘉奖、三等功), or granted by another body."""

    WORDS: ClassVar = Words("授予荣誉", "honour awarded")
    ENTRY: ClassVar = Entry("activity", title="honour")

    award: Annotated[Id, New("award"), Words("荣誉", "award")]
    selection: Selection | None = None
    cycle: Cycle | None = None
    granted_by: Annotated[Text, Words("授予单位", "granted by")] | None = None
    honour: Annotated[Text, Words("荣誉", "honour")]
    on: On

    @model_validator(mode="after")
    def _from_one(self) -> Self:
        if [self.selection, self.cycle, self.granted_by].count(None) != 2:  # noqa: PLR2004
            raise PydanticCustomError("award_from", "a selection, a cycle or granted_by: exactly one of them")
        if self.cycle is not None and self.person is None:
            raise PydanticCustomError("award_of_whom", "a cycle is about persons: name the person")
        return self


class AwardHonour(Award, ActionData, name="chengzhang.selection.award-honour.v1"):
    """Award an honour: of a selection, of a cycle (or three on end) that found excellent, or from outside."""


class HonourAwarded(Award, EventData, name="chengzhang.selection.honour-awarded.v1", of=AwardHonour):
    """An honour was awarded."""

    rests_on: Annotated[Many[EventId], Words("依据事件", "rests on")] = Field(
        default=(), description="the selection's decision, or what says the grades"
    )
