"""What is put right afterwards: corrected or revoked some days later, now and then twice.

The generator knows the id of every event before it exists: it follows from office, source, action id and index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.draft import Draft, year_end
from deploy.local.sample.staff import Office
from deploy.local.sample.together import work
from schemas.entries import taking as entries
from schemas.learning import meeting
from schemas.learning import sessions as learning
from schemas.life import talk, welfare
from schemas.life import work as outputs
from schemas.life.work import CLASSIFIED
from schemas.trust.identity import event_id

_REVOKED: Final = 0.25
_AGAIN: Final = 0.12
# A session is only ever corrected: its roll rests on it. Of a roll one line is put right.
_ONLY_CORRECTED: Final = (learning.ConveneSession.TYPE, meeting.RecordAttendance.TYPE)
_NEW_FACT: Final = 1  # of correct-entry: event 0 is the revocation


def of(office: Office, draft: Draft) -> Iterator[Draft]:
    """What, if anything, is later done about this action; nothing about those of a type that isn't listed below."""
    share, _ = _MENDED.get(draft.type, (0.0, None))
    if draft.settled or not share or office.rng.random() > share:
        return
    index = office.rng.randrange(len(draft.data["roll"])) if "roll" in draft.data else 0
    data = _better(office, draft, index)
    if data is None or (draft.type not in _ONLY_CORRECTED and office.rng.random() < _REVOKED):
        action = _revoke(office, draft, index)
    else:
        action = _correct(office, draft, index, data, "fix")
    if action is None:
        return
    yield action
    if data is not None and action.type == entries.CorrectEntry.TYPE and office.rng.random() < _AGAIN:
        yield from _once_more(office, draft, action, data)


def _once_more(office: Office, draft: Draft, first: Draft, data: dict[str, Any]) -> Iterator[Draft]:
    """The correction was wrong too: correct the fact that it put in place."""
    corrected = replace(draft, id=first.id, data=data, handed_in=first.handed_in)
    better = _better(office, corrected, 0)
    second = _correct(office, corrected, _NEW_FACT, better, "again") if better else None
    if second:
        yield second


def _correct(office: Office, draft: Draft, index: int, data: dict[str, Any], word: str) -> Draft | None:
    fact = {"type": draft.type, "time": draft.time.isoformat(), "data": data}
    members = {"event": _event(office, draft, index), "reason": "mistake", "replacement": fact}
    return _draft(office, draft, entries.CorrectEntry.TYPE, f"{word}-{draft.id}", members)


def _revoke(office: Office, draft: Draft, index: int) -> Draft | None:
    reason = office.rng.choice(("mistake", "duplicate", "withdrawn"))
    members = {"event": _event(office, draft, index), "reason": reason}
    return _draft(office, draft, entries.RevokeEntry.TYPE, f"revoke-{draft.id}", members)


def _event(office: Office, draft: Draft, index: int) -> str:
    return event_id(office.id, draft.source, draft.id, index)


def _draft(office: Office, draft: Draft, name: str, ident: str, data: dict[str, Any]) -> Draft | None:
    """Handed in by the one who entered it, one to twenty days after that; nothing where the year is over by then."""
    moment = draft.handed_in + timedelta(days=office.rng.randint(1, 20), minutes=office.rng.randrange(300))
    return (
        None
        if _over(draft.time, moment)
        else Draft(draft.source, ident, name, moment, draft.actor, data, "hand", moment)
    )


def _over(happened: datetime, moment: datetime) -> bool:
    return moment > year_end(happened.year)


def _better(office: Office, draft: Draft, index: int) -> dict[str, Any] | None:
    """The data as they should have been; None where there is nothing to put right but to revoke."""
    return _MENDED[draft.type][1](office, draft.data, index)


def _roll(_: Office, data: dict[str, Any], index: int) -> dict[str, Any] | None:
    line = data["roll"][index]
    if line["state"] == "present":
        line = line | {"state": "partial", "minutes": line["minutes"] * 2 // 3}
    elif line["state"] == "leave":
        line = line | {"leave_kind": "private" if line["leave_kind"] == "duty" else "duty"}
    else:
        line = {"person": line["person"], "state": "leave", "minutes": 0, "leave_kind": "duty"}
    return data | {"roll": [line]}


def _credit(_: Office, data: dict[str, Any], __: int) -> dict[str, Any] | None:
    better = data["centi_xueshi"] - 50  # half a study hour too many; more than a session gives is refused
    return data | {"centi_xueshi": better} if better else None


def _session(office: Office, data: dict[str, Any], _: int) -> dict[str, Any] | None:
    title = office.rng.choice(texts.SUBJECTS[data["carriers"][0]]) + texts.FORMS[data["kinds"][0]]
    return data | {"title": f"{title}（更名）" if title == data["title"] else title}


def _talk(office: Office, data: dict[str, Any], _: int) -> dict[str, Any] | None:
    return data | {"topics": office.rng.sample(texts.TOPICS, 2)}


def _output(office: Office, data: dict[str, Any], _: int) -> dict[str, Any] | None:
    if data["effect"] == "pending":
        return data | {"effect": office.rng.choice(("adopted", "problem-solved"))}
    if data["line"] == CLASSIFIED:
        return data | {"count": data["count"] + 1}
    return data | {"title": work.title(office, data["line"])}


def _visit(_: Office, data: dict[str, Any], __: int) -> dict[str, Any] | None:
    return data | {"fund": "welfare", "fen": 20000} if data["fund"] == "union" else None


# How often it is put right later, and how.
_MENDED: Final[dict[str, tuple[float, Callable[[Office, dict[str, Any], int], dict[str, Any] | None]]]] = {
    meeting.CreditHours.TYPE: (0.022, _credit),
    meeting.RecordAttendance.TYPE: (0.25, _roll),  # one line of a roll
    learning.ConveneSession.TYPE: (0.03, _session),
    talk.HoldTalk.TYPE: (0.02, _talk),
    outputs.FileOutput.TYPE: (0.06, _output),
    welfare.MakeHomeVisit.TYPE: (0.04, _visit),
}
