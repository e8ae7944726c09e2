"""What follows the grades: posting, objection, notice, signature, review and appeal, supplement, archive, a talk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from deploy.local.sample.appraisal import steps, texts
from deploy.local.sample.appraisal.standing import Case, Standing
from deploy.local.sample.appraisal.steps import cycle, day, step
from deploy.local.sample.draft import Draft
from deploy.local.sample.staff import Office
from schemas.appraisal import posting as contract
from schemas.life import talk

_APART: Final = 2
_OPINION: Final = 3  # every third writes something beside the signature


def year(office: Office, found: Standing) -> Iterator[Draft]:
    """All of it, step by step."""
    yield from _posting(office, found)
    for place, case in enumerate(found.cases):
        yield from _told(office, case, place)
    yield from _review(office, found)
    yield from _supplement(office, found)


def _posting(office: Office, found: Standing) -> Iterator[Draft]:
    """The list, and an objection that turns out to be groundless."""
    if not (excellent := [cadre.id for cadre in found.excellent()]):
        return
    about = {"cycle": cycle(office)}
    data: dict[str, Any] = about | {"persons": excellent, "from_on": day(office, steps.POSTED)}
    data |= {"workdays": steps.POSTING}
    yield step(office, contract.PostExcellentList, "post", steps.POSTED - 1, 400, data)
    objection = about | {"objection": f"objection-{office.id}-{office.year}"}
    data = objection | {"person": excellent[0], "what": texts.OBJECTION}
    yield step(office, contract.RaiseObjection, "object", steps.OBJECTED, 0, data)
    yield step(office, contract.SettleObjection, "settle", steps.SETTLED, 300, objection | {"upheld": False})


def _told(office: Office, case: Case, place: int) -> Iterator[Draft]:
    """Notice, signature, archive; who refuses to sign is archived later."""
    who, minutes = case.cadre.id, place * _APART
    about: dict[str, Any] = {"cycle": cycle(office), "person": who}
    on = {"on": day(office, steps.TOLD)}
    yield step(office, contract.GiveNotice, f"tell-{who}", steps.TOLD, minutes, about | on)
    data = about | {"on": day(office, steps.SIGNED)}
    if case.grade == "basically-competent":
        data |= {"refused": True, "opinion": texts.REFUSES}
    elif place % _OPINION == 0:
        data |= {"opinion": texts.OPINIONS[place // _OPINION % len(texts.OPINIONS)]}
    yield step(office, contract.SignNotice, f"sign-{who}", steps.SIGNED, minutes, data, who)
    closed = case.grade == "basically-competent" or case.reason == "investigation"
    at = steps.CLOSED if closed else steps.ARCHIVED
    yield step(office, contract.ArchiveFile, f"archive-{who}", at, minutes, about)


def _review(office: Office, found: Standing) -> Iterator[Draft]:
    """Who is basically competent asks for a review, then appeals; both uphold it. An admonition talk is held."""
    reproved = next((case.cadre.id for case in found.cases if case.grade == "basically-competent"), None)
    if reproved is None:
        return
    for model, ident, at, actor in (
        (contract.RequestReview, "ask-review", steps.ASKED, reproved),
        (contract.DecideReview, "review", steps.ANSWERED, ""),
        (contract.LodgeAppeal, "appeal", steps.APPEALED, reproved),
        (contract.DecideAppeal, "appealed", steps.ANSWERED_AGAIN, "oa-personnel"),
    ):
        data: dict[str, Any] = {"cycle": cycle(office), "person": reproved, "on": day(office, at)}
        data |= {"outcome": "upheld"} if model in {contract.DecideReview, contract.DecideAppeal} else {}
        yield step(office, model, f"{ident}-{reproved}", at, 30, data, actor)
    trigger, note = texts.ADMONITION
    leader, duty = office.leaders[0].id, f"admonition-{office.year}"
    data = {"duty": duty, "person": reproved, "with": leader, "trigger": trigger}
    data |= {"due_on": day(office, steps.COMMENDED)}
    yield step(office, talk.RequireTalk, duty, steps.SIGNED, 300, data)
    data = {"talk": f"t-{duty}", "initiator": leader, "participants": [reproved], "mode": "one-to-one", "duty": duty}
    data |= {"topics": [trigger], "note": note}
    yield step(office, talk.HoldTalk, f"t-{duty}", steps.TALKED, 300, data)


def _supplement(office: Office, found: Standing) -> Iterator[Draft]:
    """Whose case was closed without a measure gets a grade."""
    case = next((case for case in found.cases if case.reason == "investigation"), None)
    if case:
        data = {"cycle": cycle(office), "person": case.cadre.id, "grade": "competent", "basis": texts.SETTLED_CASE}
        yield step(office, contract.SupplementGrade, f"supplement-{case.cadre.id}", steps.SUPPLEMENTED, 0, data)
