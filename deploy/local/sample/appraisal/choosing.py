"""评先: persons and a section are chosen by the growth files; honours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from deploy.local.sample.appraisal import steps
from deploy.local.sample.appraisal.during import Record
from deploy.local.sample.appraisal.standing import Standing
from deploy.local.sample.appraisal.steps import cycle, day, step
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.appraisal import selection as contract

OPENED, RECOMMENDED, ASKED, WITHDRAWN, VOTED, POSTED, CHOSEN, AWARDED = 20, 21, 22, 23, 24, 25, 30, 32
_PERSONS: Final = ("学习型机关建设先进个人", 2, ("months-served", "no-bar", "off-probation", "no-opinion-against"))
_SECTIONS: Final = ("学习型科室", 1, ("section-exchanges", "no-opinion-against"))
_EXCHANGES: Final = 6  # that a section needs
_CANDIDATES: Final = 4


def year(office: Office, record: Record, found: Standing) -> Iterator[Draft]:
    """A selection of persons, one of sections where any meets what it asks; what the cycle and others bring."""
    eligible = [cadre for cadre in office.cadres if cadre.tier != "leadership" and cadre not in office.roles]
    persons = [cadre.id for cadre in record.by_record(eligible)[:_CANDIDATES]]
    yield from _selection(office, "persons", _PERSONS, persons)
    met = [section.id for section in office.sections[1:] if record.exchanges[section.id] >= _EXCHANGES]
    if met:
        yield from _selection(office, "sections", _SECTIONS, met[:_CANDIDATES])
    yield from _honours(office, found, persons[0])


def _selection(
    office: Office, kind: str, what: tuple[str, int, tuple[str, ...]], candidates: list[str]
) -> Iterator[Draft]:
    honour, seats, conditions = what
    about = {"selection": f"selection-{office.id}-{office.year}-{kind}"}
    data: dict[str, Any] = about | {"honour": honour, "seats": seats, "for": kind, "conditions": list(conditions)}
    yield step(office, contract.OpenSelection, f"open-{kind}", OPENED, 0, data)
    for place, who in enumerate(candidates):
        yield from _recommended(office, kind, about | {kind.removesuffix("s"): who}, place)
    if kind == "persons":
        barred = about | {"person": office.roles.warned.id, "by": "branch"}
        ident = f"recommend-{office.roles.warned.id}"
        yield steps.tried("not-eligible", step(office, contract.RecommendCandidate, ident, RECOMMENDED, 200, barred))
    remaining = candidates
    if len(candidates) > seats + 1:
        *remaining, last = candidates
        yield from _withdrawn(office, kind, about | {kind.removesuffix("s"): last})
    yield from _chosen(office, kind, about, remaining, seats)
    for who in remaining[:seats]:
        data = about | {"award": f"award-{office.year}-{who}", kind.removesuffix("s"): who, "honour": honour}
        data |= {"on": day(office, AWARDED)}
        yield step(office, contract.AwardHonour, f"award-{who}", AWARDED, 0, data)


def _recommended(office: Office, kind: str, whose: dict[str, str], place: int) -> Iterator[Draft]:
    who = whose[kind.removesuffix("s")]
    data: dict[str, Any] = whose | {"by": "branch" if place % 2 else "section"}
    yield step(office, contract.RecommendCandidate, f"recommend-{who}", RECOMMENDED, place, data)
    data = whose | {"of": "discipline", "against": False}
    yield step(office, contract.RecordOpinion, f"opinion-{who}", ASKED, place, data, "discipline-office")


def _withdrawn(office: Office, kind: str, whose: dict[str, str]) -> Iterator[Draft]:
    """One against whom something is said."""
    who = whose[kind.removesuffix("s")]
    data: dict[str, Any] = whose | {"of": "personnel", "against": True}
    yield step(office, contract.RecordOpinion, f"against-{who}", ASKED, 100, data, "oa-personnel")
    yield step(office, contract.WithdrawCandidate, f"withdraw-{who}", WITHDRAWN, 0, whose)


def _chosen(office: Office, kind: str, about: dict[str, str], candidates: list[str], seats: int) -> Iterator[Draft]:
    ballots = len(office.cadres)
    counts = {who: max(ballots - 3 * place - 1, 1) for place, who in enumerate(candidates)}
    yield step(office, contract.HoldVote, f"vote-{kind}", VOTED, 60, about | {"ballots": ballots, "counts": counts})
    posting = {"candidates": candidates[:seats], "from_on": day(office, POSTED), "workdays": steps.POSTING}
    yield step(office, contract.PostCandidates, f"post-{kind}", VOTED, 400, about | posting)
    yield step(office, contract.DecideSelection, f"choose-{kind}", CHOSEN, 60, about | {"chosen": candidates[:seats]})


def _honours(office: Office, found: Standing, best: str) -> Iterator[Draft]:
    """嘉奖 of who was excellent; somebody is honoured by the city."""
    on = {"on": day(office, steps.COMMENDED)}
    for place, cadre in enumerate(found.excellent()):
        data = {"award": f"commend-{office.year}-{cadre.id}", "cycle": cycle(office), "person": cadre.id}
        data |= {"honour": "嘉奖", **on}
        yield step(office, contract.AwardHonour, f"commend-{cadre.id}", steps.COMMENDED, place, data)
    data = {"award": f"city-{office.year}-{best}", "granted_by": "市委办公室", "person": best}
    data |= {"honour": "全市党委办公室系统先进个人", **on}
    yield step(office, contract.AwardHonour, f"city-{best}", steps.COMMENDED, 200, data)
