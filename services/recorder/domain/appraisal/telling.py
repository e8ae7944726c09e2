"""What every event of a cycle tells beside what was sent: the year, the pack, whose seats a person is counted with."""

from collections.abc import Iterable
from typing import Final

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting
from schemas.base import ActionData
from services.recorder.domain import packs
from services.recorder.domain.appraisal import pools
from services.recorder.domain.appraisal.order import AFTER_ARCHIVING
from services.recorder.domain.appraisal.rows import cycle_of
from services.recorder.domain.deciding.core import Action, Key, States
from services.recorder.domain.deciding.facts import Data, Ruling, needs, rule
from services.recorder.domain.deciding.timeline import person

STEPS: Final[tuple[type[ActionData], ...]] = (
    appraisal.AdmitEvidence, appraisal.SubmitSelfReview, appraisal.HoldDemocraticAssessment, appraisal.VerifyFindings,
    appraisal.ProposeGrade, appraisal.DecideGrade, posting.GiveNotice, posting.SignNotice, posting.ArchiveFile,
    *AFTER_ARCHIVING,
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
