"""What follows a grade: posting, objections, notice, review, supplement, archive (公示、告知、复核申诉、补定、归档).

Their types begin with ``chengzhang.appraisal.``.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.appraisal.grading import Cycle, FinalGrade, Grade, OfCycle, OfFile, Pool, Verdict
from schemas.base import ActionData, Count, Day, EventData, Fields, FromOn, Id, LongText, Many, On, Some, Stamped, Text
from schemas.declared import New, Ref, Secret, Values, Words

Workdays = Annotated[Count, Words("公示工作日数", "workdays")]
EndsOn = Annotated[Day, Words("公示截止日", "posted until")]
Until = Annotated[Day, Words("截止日", "until")]
Outcome = Annotated[Literal["upheld", "changed"], Words("结论", "outcome"), Values.of(upheld="维持", changed="变更")]


# --- posting and objections ---


class Posting(Fields):
    """Who is to be excellent is posted for comment (公示)."""

    WORDS: ClassVar = Words("优秀名单公示", "excellent list posted")

    cycle: Cycle
    persons: Annotated[Some[Stamped], Words("人员", "persons")]
    from_on: FromOn
    workdays: Workdays


class PostExcellentList(Posting, ActionData, name="chengzhang.appraisal.post-excellent-list.v1"):
    """Post who is to be excellent (公示), for at least as many workdays as the pack says, once they are proposed."""


class ExcellentListPosted(Posting, OfCycle, name="chengzhang.appraisal.excellent-list-posted.v1", of=PostExcellentList):
    """An excellent list was posted."""

    ends_on: EndsOn = Field(description="the last of its workdays; notices are possible from the day after")
    pools: Annotated[Many[Pool], Words("考核范围", "pools")] = Field(default=(), description="of those on it")


class InOne(Fields):
    """About a cycle or a selection."""

    cycle: Cycle | None = Field(default=None, description="or a selection")
    selection: Annotated[Id, Ref("selection"), Words("评先", "selection")] | None = Field(
        default=None, description="or a cycle"
    )

    @model_validator(mode="after")
    def _in_one(self) -> Self:
        if (self.cycle is None) == (self.selection is None):
            raise PydanticCustomError("cycle_or_selection", "a cycle or a selection, and not both")
        return self


class Objection(InOne):
    """Somebody objects to what is posted (提出异议): it stops its own person only; what it says is sealed."""

    WORDS: ClassVar = Words("公示异议", "objection raised")
    STREAM: ClassVar = "objection"

    objection: Annotated[Id, New("objection"), Words("公示异议", "objection")]
    person: Stamped
    what: Annotated[LongText, Secret("person"), Words("异议内容", "what is objected to")]


class RaiseObjection(Objection, ActionData, name="chengzhang.appraisal.raise-objection.v1"):
    """Raise an objection against somebody posted; what it says is sealed, so this comes over HTTP."""


class ObjectionRaised(Objection, EventData, name="chengzhang.appraisal.objection-raised.v1", of=RaiseObjection):
    """An objection was raised."""


class ObjectionSettlement(InOne):
    """An objection is settled (异议处理): upheld, it stands against its person."""

    WORDS: ClassVar = Words("异议处理", "objection settled")
    STREAM: ClassVar = "objection"

    objection: Annotated[Id, Ref("objection"), Words("公示异议", "objection")]
    upheld: Annotated[bool, Words("异议成立", "upheld")]


class SettleObjection(ObjectionSettlement, ActionData, name="chengzhang.appraisal.settle-objection.v1"):
    """Settle an objection."""


class ObjectionSettled(
    ObjectionSettlement, EventData, name="chengzhang.appraisal.objection-settled.v1", of=SettleObjection
):
    """An objection was settled; ``person``: whom it was about."""

    person: Stamped


# --- notice ---


class Notice(Fields):
    """A cadre is told the grade in writing (书面告知), once."""

    WORDS: ClassVar = Words("书面告知", "notice")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped
    on: On


class GiveNotice(Notice, ActionData, name="chengzhang.appraisal.give-notice.v1"):
    """Give notice of the grade; of excellent from the day after the posting on, without an open objection."""


class NoticeGiven(Notice, OfFile, name="chengzhang.appraisal.notice-given.v1", of=GiveNotice):
    """Notice of the grade was given."""

    grade: Grade
    review_until: Annotated[Until, Words("申请复核截止日", "review until")]
    appeal_until: Annotated[Until, Words("直接申诉截止日", "direct appeal until")]


class Signature(Fields):
    """A cadre signs the notice, with an opinion, or refuses to (签署意见), once; the opinion is sealed."""

    WORDS: ClassVar = Words("签署意见", "notice signed")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped
    opinion: Annotated[LongText, Secret("person"), Words("本人意见", "opinion")] | None = None
    refused: Annotated[bool, Words("拒签", "refused")] = False
    on: On


class SignNotice(Signature, ActionData, name="chengzhang.appraisal.sign-notice.v1"):
    """Sign the notice of the grade, or record that it was refused; an opinion is sealed, so it comes over HTTP."""


class NoticeSigned(Signature, OfFile, name="chengzhang.appraisal.notice-signed.v1", of=SignNotice):
    """The notice was signed, or signing it refused."""


# --- review and appeal ---


class Asking(Fields):
    """Asked for by whom the grade is of, from a day on."""

    cycle: Cycle
    person: Stamped
    on: On


class Answer(Fields):
    """How it ended: upheld, or changed to a grade that is no harsher."""

    cycle: Cycle
    person: Stamped
    on: On
    outcome: Outcome
    grade: FinalGrade | None = Field(default=None, description="where it was changed")

    @model_validator(mode="after")
    def _to_what(self) -> Self:
        if (self.outcome == "changed") != (self.grade is not None):
            raise PydanticCustomError("grade_changed", "grade goes with outcome changed, and only with it")
        return self


class ReviewRequest(Asking):
    """A cadre asks for a review of the grade (申请复核)."""

    WORDS: ClassVar = Words("申请复核", "review requested")


class RequestReview(ReviewRequest, ActionData, name="chengzhang.appraisal.request-review.v1"):
    """Request a review of the grade, within the pack's days of its notice."""


class ReviewRequested(ReviewRequest, OfFile, name="chengzhang.appraisal.review-requested.v1", of=RequestReview):
    """A review was requested."""

    answer_until: Annotated[Until, Words("答复截止日", "answer until")]


class ReviewDecision(Answer):
    """The review's answer (复核决定)."""

    WORDS: ClassVar = Words("复核决定", "review decided")


class DecideReview(ReviewDecision, ActionData, name="chengzhang.appraisal.decide-review.v1"):
    """Decide a review: upheld, or changed to a grade that is no harsher."""


class ReviewDecided(ReviewDecision, Verdict, name="chengzhang.appraisal.review-decided.v1", of=DecideReview):
    """A review was decided."""

    appeal_until: Annotated[Until, Words("申诉截止日", "appeal until")]


class AppealLodging(Asking):
    """A cadre appeals (提出申诉), after a review or directly."""

    WORDS: ClassVar = Words("提出申诉", "appeal lodged")


class LodgeAppeal(AppealLodging, ActionData, name="chengzhang.appraisal.lodge-appeal.v1"):
    """Lodge an appeal, within the pack's days of the review's answer or, without one, of the notice."""


class AppealLodged(AppealLodging, OfFile, name="chengzhang.appraisal.appeal-lodged.v1", of=LodgeAppeal):
    """An appeal was lodged."""

    answer_until: Annotated[Until, Words("答复截止日", "answer until")]


class AppealDecision(Answer):
    """The appeal's answer (申诉处理决定)."""

    WORDS: ClassVar = Words("申诉处理决定", "appeal decided")


class DecideAppeal(AppealDecision, ActionData, name="chengzhang.appraisal.decide-appeal.v1"):
    """Decide an appeal: upheld, or changed to a grade that is no harsher."""


class AppealDecided(AppealDecision, Verdict, name="chengzhang.appraisal.appeal-decided.v1", of=DecideAppeal):
    """An appeal was decided."""


# --- supplement and archive ---


class Supplement(Fields):
    """The grade of whom it was not determined for, or who was not appraised, is supplemented (补定等次), once."""

    WORDS: ClassVar = Words("补定等次", "grade supplemented")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped
    grade: FinalGrade
    basis: Annotated[Text, Words("依据", "basis")]


class SupplementGrade(Supplement, ActionData, name="chengzhang.appraisal.supplement-grade.v1"):
    """Supplement a grade (补定) that was undetermined or not appraised."""


class GradeSupplemented(Supplement, Verdict, name="chengzhang.appraisal.grade-supplemented.v1", of=SupplementGrade):
    """A grade was supplemented."""


class Archiving(Fields):
    """A cadre's appraisal is filed (归档), once: from then on it changes by a recorded correction alone."""

    WORDS: ClassVar = Words("归档", "file archived")
    ONCE: ClassVar = ("cycle", "person")

    cycle: Cycle
    person: Stamped


class ArchiveFile(Archiving, ActionData, name="chengzhang.appraisal.archive-file.v1"):
    """File a cadre's appraisal, once its notice is signed, or signing it was refused."""


class FileArchived(Archiving, OfFile, name="chengzhang.appraisal.file-archived.v1", of=ArchiveFile):
    """A cadre's appraisal was filed."""

    grade: Grade
