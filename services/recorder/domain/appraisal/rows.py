"""Which rows hold what of an appraisal: each is a person's, a pool's or a period's, so none grows with the years.

file        o/cycle/person    all that stands about somebody in a cycle, in the order of its recording
pool        o/cycle/pool      the grades decided in it: who has a seat, and who isn't counted
grades      o/person/year     what says somebody's grade of a year
routine     o/period          the routine grades of all, for the share of good
special     o/person/year     special appraisals
discipline  o/person          cases and measures, open and closed
away        o/person          secondments and long leaves
roster      o/all             who is registered: a pool counts those of them who hold a post
cited       o/event           what rests on an event by its id: admitted evidence
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from schemas.appraisal import grading as appraisal
from schemas.appraisal import posting
from schemas.base import EventData
from schemas.people import cadres as people
from schemas.people import discipline
from services.recorder.domain.deciding.core import Action, Event, Held, Key, States, Thing
from services.recorder.domain.deciding.facts import CITED, Data, fixes, held_in, keeps, thing

FILE: Final = "file"
POOL: Final = "pool"
GRADES: Final = "grades"
VERDICTS: Final[tuple[type[EventData], ...]] = (
    appraisal.GradeDecided, posting.GradeSupplemented, posting.ReviewDecided, posting.AppealDecided,
)  # fmt: skip
TOLD: Final[tuple[type[EventData], ...]] = (posting.NoticeGiven, posting.NoticeSigned, posting.FileArchived)
IN_FILES: Final[tuple[type[EventData], ...]] = (
    appraisal.EvidenceAdmitted, appraisal.SelfReviewSubmitted, appraisal.DemocraticAssessmentHeld,
    appraisal.FindingsVerified, appraisal.GradeProposed, *VERDICTS, *TOLD, posting.ReviewRequested,
    posting.AppealLodged, posting.ExcellentListPosted, posting.ObjectionRaised, posting.ObjectionSettled,
)  # fmt: skip
_KEPT: Final[dict[type[EventData], tuple[str, ...]]] = {
    appraisal.SeatsApproved: ("rate_percent",),
    appraisal.GradeProposed: ("grade", "reason", "appraised_by", "heads_section", "here"),
    appraisal.GradeDecided: ("grade", "appraised_by", "reason", "here", "pool", "year"),
    posting.GradeSupplemented: ("grade", "here", "pool", "year"),
    posting.ReviewDecided: ("grade", "here", "pool", "year", "on"),
    posting.AppealDecided: ("grade", "here", "pool", "year", "on"),
    posting.ReviewRequested: ("on",),
    posting.AppealLodged: ("on",),
    posting.ExcellentListPosted: ("ends_on",),
    posting.ObjectionSettled: ("upheld",),
    appraisal.RoutineGradeGiven: ("grade",),
    # Whole, for they go with what they rest on.
    **{model: tuple(model.model_fields) for model in TOLD},
}

keeps(appraisal.CycleOpened, "year", "rule_pack")
fixes(appraisal.CycleOpened, "year", "rule_pack")
_ALL: Final[tuple[type[EventData], ...]] = (
    *IN_FILES, appraisal.SeatsApproved, appraisal.RoutineGradeGiven, appraisal.SpecialAppraisalRecorded,
)  # fmt: skip
for _model in _ALL:
    keeps(_model, *_KEPT.get(_model, ()), by="")


@held_in(FILE, posting.ObjectionSettled, derived=True)
@held_in(FILE, *(model for model in IN_FILES if model is not posting.ObjectionSettled))
def files(data: Data) -> list[str]:
    """The files that an event is in."""
    persons = [data.person] if "person" in data.__dict__ else data.persons
    return [f"{data.cycle}/{person}" for person in persons] if data.cycle else []


@held_in("objection", posting.ObjectionSettled)
def _settled(data: posting.ObjectionSettled) -> Iterable[str]:
    yield data.objection


@held_in(POOL, *VERDICTS, derived=True)
def _pool(data: Data) -> Iterator[str]:
    if data.pool:
        yield f"{data.cycle}/{data.pool}"


@held_in(GRADES, *VERDICTS, derived=True)
def _grades(data: Data) -> Iterable[str]:
    yield f"{data.person}/{data.year}"


@held_in("routine", appraisal.RoutineGradeGiven)
def _routine(data: appraisal.RoutineGradeGiven) -> Iterable[str]:
    yield data.period


@held_in("special", appraisal.SpecialAppraisalRecorded, derived=True)
def _special(data: appraisal.SpecialAppraisalRecorded) -> Iterable[str]:
    yield f"{data.person}/{data.year}"


@held_in(CITED, appraisal.EvidenceAdmitted)
def _cited(data: appraisal.EvidenceAdmitted) -> Iterable[str]:
    return data.events


@held_in(CITED, people.PostAssumed)
def _based_on(data: people.PostAssumed) -> Iterable[str]:
    return data.basis


@held_in("discipline", discipline.DisciplineRecorded)
@held_in("away", people.SecondmentStarted, people.LongLeaveStarted)
def _person(data: Data) -> Iterable[str]:
    yield data.person


@held_in("discipline", discipline.DisciplineClosed, derived=True)
@held_in("away", people.SecondmentEnded, people.LongLeaveEnded, derived=True)
def _whose(data: EventData) -> Iterable[str]:
    yield data.stamps[0].person


@held_in("roster", people.PersonRegistered)
def _roster(_data: people.PersonRegistered) -> Iterable[str]:
    yield "all"


# --- reading them ---


def cycle_of(states: States, fact: Action | Event, cycle: str) -> dict[str, Any]:
    """What its opening says: ``year``, ``rule_pack``."""
    opened = thing(states, fact.key("cycle", cycle)).of_type(appraisal.CycleOpened)
    return next((held.data for held in opened.values()), {})


def file_key(fact: Action | Event, cycle: str, person: str) -> Key:
    """The row of somebody's file in a cycle."""
    return fact.key(FILE, f"{cycle}/{person}")


def file_of(states: States, fact: Action | Event, cycle: str, person: str) -> Thing:
    """Somebody's file in a cycle."""
    return thing(states, file_key(fact, cycle, person))


def last(file: Thing, *models: type[EventData]) -> Held | None:
    """The one of these types that was recorded last."""
    types = {model.TYPE for model in models}
    return next((fact for fact in reversed(file.facts.values()) if fact.type in types), None)


def verdict(facts: Iterable[Held]) -> Held | None:
    """What says the grade as it stands: the last of supplement, review and appeal that did, else the decision."""
    said = [fact for fact in facts if fact.type in _SAYING and "grade" in fact.data]
    return next((fact for fact in reversed(said) if fact.type != _DECIDED), said[-1] if said else None)


def grade_of(file: Thing) -> str | None:
    """The grade as it stands."""
    found = verdict(file.facts.values())
    return str(found.data["grade"]) if found else None


_DECIDED: Final = appraisal.GradeDecided.TYPE
_SAYING: Final = frozenset(model.TYPE for model in VERDICTS)
