"""What every event of a cycle tells beside what was sent: the year, the pack, whose seats a person is counted with.

And what every step is refused for: a file that is archived changes by a correction alone.
"""

from collections.abc import Iterable
from typing import Final

from schemas import appraisal, posting
from schemas.base import ActionData
from services.recorder.domain import packs
from services.recorder.domain.appraisal import pools
from services.recorder.domain.appraisal.rows import cycle_of, file_of
from services.recorder.domain.core import Action, Key, Rejection, States
from services.recorder.domain.facts import Data, Ruling, needs, rule
from services.recorder.domain.timeline import person

AFTER_ARCHIVING: Final[tuple[type[ActionData], ...]] = (
    posting.SupplementGrade, posting.RequestReview, posting.DecideReview, posting.LodgeAppeal, posting.DecideAppeal,
)  # fmt: skip
STEPS: Final[tuple[type[ActionData], ...]] = (
    appraisal.AdmitEvidence, appraisal.SubmitSelfReview, appraisal.HoldDemocraticAssessment, appraisal.VerifyFindings,
    appraisal.ProposeGrade, appraisal.DecideGrade, posting.GiveNotice, posting.SignNotice, *AFTER_ARCHIVING,
    posting.ArchiveFile,
)  # fmt: skip


@rule(appraisal.OpenCycle)
def goes_by_a_pack(_states: States, _action: Action, data: appraisal.OpenCycle) -> Ruling:
    """Only by one that is there."""
    return packs.absent(data.rule_pack)


@rule(appraisal.ApproveSeats, posting.PostExcellentList)
def of_its_cycle(states: States, action: Action, data: Data) -> Ruling:
    """The cycle's year and pack."""
    cycle = cycle_of(states, action, data.cycle)
    return {"year": cycle["year"], "rule_pack": cycle["rule_pack"]}


@rule(*(step for step in STEPS if step not in AFTER_ARCHIVING))
def goes_into_an_open_file(states: States, action: Action, data: Data) -> Ruling:
    """An archived file takes nothing more."""
    return closed(states, action, data.cycle, data.person)


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


@rule(*STEPS)
def of_its_person(states: States, action: Action, data: Data) -> Ruling:
    """The cycle's year and pack, the person's pool and establishment."""
    cycle = cycle_of(states, action, data.cycle)
    who = person(states, action, data.person)
    return {
        "year": cycle["year"], "rule_pack": cycle["rule_pack"],
        "pool": pools.pool(who, cycle["year"]), "establishment": who.establishment(),
    }  # fmt: skip


@rule(appraisal.RecordSpecialAppraisal)
def of_the_years_task(_states: States, _action: Action, data: appraisal.RecordSpecialAppraisal) -> Ruling:
    """The year of its day."""
    return {"year": int(data.on[:4])}


@needs(appraisal.RecordSpecialAppraisal)
def with_the_others(action: Action, data: appraisal.RecordSpecialAppraisal) -> Iterable[Key]:
    """The row that holds it."""
    yield action.key("special", f"{data.person}/{data.on[:4]}")
