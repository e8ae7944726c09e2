"""From the opened cycle to the decided grades (总结述职、民主测评、了解核实、审核评鉴、确定等次)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from deploy.local.sample.appraisal import steps, texts
from deploy.local.sample.appraisal.during import Record
from deploy.local.sample.appraisal.standing import RAISED, Case, Standing
from deploy.local.sample.appraisal.steps import cycle, step
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.appraisal import grading as contract

_PACKS: Final = (2025, 2026)
_APART: Final = 2  # minutes between two of the same step
_DAYS: Final = 3  # workdays over which reviews and findings come in


def year(office: Office, record: Record, found: Standing) -> Iterator[Draft]:
    """All of it, step by step."""
    yield from _opening(office)
    yield from _reviews(office, found)
    yield from _assessments(office)
    yield from _evidence(office, record, found)
    yield from _findings(office, found)
    yield from _proposals(office, found)
    yield from _decisions(office, found)


def _opening(office: Office) -> Iterator[Draft]:
    pack = f"anhui-{office.year}" if office.year in _PACKS else "national-2026"
    heads = [cadre.id for cadre in office.cadres if cadre.tier == "section-head"][:2]
    members = [*(leader.id for leader in office.leaders), *heads]
    data: dict[str, Any] = {"cycle": cycle(office), "year": office.year, "rule_pack": pack}
    data |= {"head": office.leaders[0].id, "committee": members}
    yield step(office, contract.OpenCycle, "open", steps.OPENED, 0, data)
    data = {"cycle": cycle(office), "pool": "civil-service", "rate_percent": RAISED}
    data |= {"approval_no": f"组批〔{office.year}〕18号"}
    yield step(office, contract.ApproveSeats, "seats", steps.APPROVED, 0, data)


def _about(office: Office, case: Case) -> dict[str, Any]:
    return {"cycle": cycle(office), "person": case.cadre.id}


def _appraised(found: Standing) -> list[Case]:
    """All but who does not take part."""
    return [case for case in found.cases if case.grade != "not-appraised"]


def _reviews(office: Office, found: Standing) -> Iterator[Draft]:
    for place, case in enumerate(_appraised(found)):
        data = _about(office, case) | {"text": texts.REVIEWS[place % len(texts.REVIEWS)]}
        on, who = steps.REVIEWED + place % _DAYS, case.cadre.id
        yield step(office, contract.SubmitSelfReview, f"self-review-{who}", on, place * _APART, data, who)


def _assessments(office: Office) -> Iterator[Draft]:
    """Heads of sections report to all, and all of them vote."""
    ballots = len(office.cadres) - 1
    for place, head in enumerate(cadre for cadre in office.cadres if cadre.tier == "section-head"):
        excellent = ballots * (6 + place % 3) // 10
        counts = {"excellent": excellent, "competent": ballots - excellent}
        data = {"cycle": cycle(office), "person": head.id, "ballots": ballots, "counts": counts}
        model = contract.HoldDemocraticAssessment
        yield step(office, model, f"assess-{head.id}", steps.ASSESSED, place * _APART, data)


def _evidence(office: Office, record: Record, found: Standing) -> Iterator[Draft]:
    for place, case in enumerate(_appraised(found)):
        if events := record.evidence(case.cadre.id):
            data = _about(office, case) | {"events": events}
            yield step(office, contract.AdmitEvidence, f"admit-{case.cadre.id}", steps.ADMITTED, place * _APART, data)


def _findings(office: Office, found: Standing) -> Iterator[Draft]:
    for place, case in enumerate(_appraised(found)):
        by = next(leader.id for leader in office.leaders if leader is not case.cadre)
        data = _about(office, case) | {"by": by, "finding": texts.FINDINGS[place % len(texts.FINDINGS)]}
        on = steps.VERIFIED + place % (_DAYS - 1)
        yield step(office, contract.VerifyFindings, f"verify-{case.cadre.id}", on, place * _APART, data, by)


def _proposals(office: Office, found: Standing) -> Iterator[Draft]:
    for place, case in enumerate(found.cases):
        said = _about(office, case) | {"comment": _comment(case, place), "appraised_by": case.appraised_by}
        proposal = step(
            office, contract.ProposeGrade, f"propose-{case.cadre.id}", steps.PROPOSED, place * _APART,
            said | {"grade": case.grade} | ({"reason": case.reason} if case.reason else _improvement(place)),
        )  # fmt: skip
        if case.cadre is office.roles.warned and case.grade == "competent":
            data = said | {"grade": "excellent"}
            model, ident = contract.ProposeGrade, f"propose-{case.cadre.id}"
            yield steps.tried("barred-grade", step(office, model, ident, steps.PROPOSED, place * _APART, data))
        yield proposal


def _comment(case: Case, place: int) -> str:
    if case.reason:
        return texts.WITHOUT[case.reason]
    if case.grade == "basically-competent":
        return texts.REPROVED
    return texts.BORROWED if case.appraised_by == "sender" else texts.COMMENTS[place % len(texts.COMMENTS)]


def _improvement(place: int) -> dict[str, str]:
    return {"improvement": texts.IMPROVEMENTS[place % len(texts.IMPROVEMENTS)]}


def _decisions(office: Office, found: Standing) -> Iterator[Draft]:
    """Who is one too many is noticed when it is to be decided, and is decided competent."""
    for place, case in enumerate(found.cases):
        data = _about(office, case) | {"by": "committee" if case.appraised_by == "superior" else "head"}
        ident, minutes = f"decide-{case.cadre.id}", place * _APART
        model = contract.DecideGrade
        decision = step(office, model, ident, steps.DECIDED, minutes, data | {"grade": case.decided or case.grade})
        if case.decided:
            asked = step(office, model, ident, steps.DECIDED, minutes, data | {"grade": case.grade})
            yield steps.tried("over-quota", asked)
        yield decision
