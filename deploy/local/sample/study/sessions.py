"""Study sessions: four a month and carrier, convened, held, the roll entered once, then credited.

3–8 % are on leave. The share is fixed a group and made good from session to session, so it holds for small groups too.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.local.sample import texts
from deploy.local.sample.days import at, starts
from deploy.local.sample.draft import Draft, HandIn, hand_in, year_end
from deploy.local.sample.staff import Cadre, Office
from deploy.local.sample.study import brought, plans
from schemas.learning import meeting
from schemas.learning import sessions as contract
from schemas.learning.meeting import Account, Attended
from schemas.learning.sessions import Carrier, Kind

SOURCE: Final = "/study-platform"
_LEAST: Final = 2  # nobody studies collectively alone
_KINDS: Final[dict[Kind, int]] = {
    "lecture": 21, "report-meeting": 13, "exchange": 23, "discussion": 30, "speech-contest": 4, "quiz": 9,
}  # fmt: skip
# What a session's kind is credited to, and how often.
_CREDIT: Final[dict[Kind, tuple[Account, float]]] = {
    "lecture": ("recognised", 1.0),
    "report-meeting": ("recognised", 1.0),
    "exchange": ("study", 0.3),
    "discussion": ("study", 0.15),
    "speech-contest": ("study", 0.5),
    "quiz": ("online", 1.0),
}
_MINUTES: Final[dict[Kind, tuple[int, ...]]] = {
    "lecture": (120, 150, 180),
    "report-meeting": (120, 150, 180),
    "exchange": (60, 90),
    "discussion": (60, 90),
    "speech-contest": (120,),
    "quiz": (45, 60),
}
_HALF_A_DAY: Final = (180, 8)  # minutes and half study hours: half a day is 4
_PARTY_DAY: Final = 0.25  # of a branch's sessions are its themed party day at the same time (套会)
_LEAVE: Final = (0.04, 0.07)
_ABSENT, _PARTIAL = 0.006, 0.02
_LEAVE_KINDS: Final = ("duty", "duty", "duty", "training", "private")
_GUIDED: Final = 0.12
_CANCELLED, _MOVED = 0.015, 0.03


@dataclass(slots=True)
class Group:
    """Those who study together, and the leave they are still owed."""

    code: str
    carrier: Carrier
    members: list[Cadre]
    chair: Cadre
    leave: list[float]  # [share, due]: outlives the month


@dataclass(slots=True)
class Sessions:
    """What has to be remembered of the groups from month to month."""

    leave: dict[str, list[float]] = field(default_factory=dict)

    def month(self, office: Office, number: int) -> Iterator[Draft]:
        """All sessions of a month with their rolls and credits."""
        for group in self._groups(office, number):
            if len(group.members) < _LEAST:
                continue
            sessions = [
                _plan(office, group, f"{office.year}-{number:02d}-{group.code}-{week}", start, number, week)
                for week, start in enumerate(starts(group.carrier, office.year, number), 1)
            ]
            if number == 1:
                of = group.code if group.carrier in {"section", "branch"} else None
                yield from plans.adopted(office, group.code, group.carrier, of, group.chair.id)
            titles = [(session.kind, session.data["title"]) for session in sessions]
            yield from plans.arranged(office, number, group.code, group.carrier, titles, group.chair.id)
            for session in sessions:
                yield from _hold(office, group, session)

    def _groups(self, office: Office, number: int) -> Iterator[Group]:
        leaders, youths = office.leaders, [cadre for cadre in office.youths if not cadre.away]
        yield self._group(office, "c", "central-group", leaders, leaders[0])
        if youths:  # they take the chair in turn
            yield self._group(office, "y", "youth-group", youths, youths[number % len(youths)])
        for place, members in enumerate(office.branches().values(), 1):
            yield self._group(office, f"b{place}", "branch", members, members[0])
        for section in office.sections[1:]:
            members, head = office.members(section), office.head(section)
            if head.concurrent is section:
                members = [head, *members]
            yield self._group(office, section.id, "section", members, head)

    def _group(self, office: Office, code: str, carrier: Carrier, members: list[Cadre], chair: Cadre) -> Group:
        owed = self.leave.get(code) or [office.rng.uniform(*_LEAVE), office.rng.random()]
        self.leave[code] = owed
        return Group(code, carrier, [cadre for cadre in members if not cadre.away], chair, owed)


@dataclass(frozen=True, slots=True)
class Session:
    """A planned session."""

    id: str
    kind: Kind
    start: datetime
    data: dict[str, Any]
    account: Account | None

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return int(self.data["minutes"])

    @property
    def end(self) -> datetime:
        """When it is over, which is when its roll and its credits happened."""
        return self.start + timedelta(minutes=self.minutes)


def _plan(  # noqa: PLR0917  # what it is told from
    office: Office, group: Group, ident: str, start: datetime, month: int, week: int
) -> Session:
    rng = office.rng
    kind = rng.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
    account, share = _CREDIT[kind]
    data: dict[str, Any] = {
        "session": ident,
        "items": [plans.item_of(office.year, month, group.code, week)],
        "carriers": [group.carrier],
        "kinds": [kind, "party-day"] if group.carrier == "branch" and rng.random() < _PARTY_DAY else [kind],
        "title": rng.choice(texts.SUBJECTS[group.carrier]) + texts.FORMS[kind],
        "starts_at": start.isoformat(),
        "minutes": rng.choice(_MINUTES[kind]),
        "chair": group.chair.id,
        "expected": [cadre.id for cadre in group.members],
        "observers": _observers(office, group),
    }
    return Session(ident, kind, start, data, account if rng.random() < share else None)


def _observers(office: Office, group: Group) -> list[str]:
    """Now and then a leader sits in with a section."""
    if group.carrier != "section" or office.rng.random() > 0.1:  # noqa: PLR2004
        return []
    leader = office.rng.choice(office.leaders)
    return [] if leader in group.members else [leader.id]


def _hold(office: Office, group: Group, session: Session) -> Iterator[Draft]:
    rng, aside = office.rng, office.aside
    luck = aside.random()
    if luck < _CANCELLED:
        yield from _cancelled(rng, group, session)
        return
    moved = luck < _CANCELLED + _MOVED
    yield from _convene(rng, group, session, moved=moved)
    roll = _roll(rng, group, session)
    entered = hand_in(rng, session.end)
    yield _record(rng, session, roll, entered)
    if session.account:
        yield from _credits(rng, session, session.account, roll, entered)
        # Only a roll that stays as it is: what is made up rests on it.
        yield from brought.made_up(aside, session.id, session.start, entered.moment, roll)
    yield from brought.by(aside, session.id, group.carrier, session.kind, session.end, roll)


def _cancelled(rng: random.Random, group: Group, session: Session) -> Iterator[Draft]:
    """It clashes with other work, an hour before it should begin."""
    yield from _convene(rng, group, session, moved=False)
    moment = session.start - timedelta(hours=1)
    data = {"session": session.id, "reason": "clash"}
    name = contract.CancelSession.TYPE
    yield Draft(SOURCE, f"cancel-{session.id}", name, moment, group.chair.id, data, "hand", moment, settled=True)


def _convene(rng: random.Random, group: Group, session: Session, *, moved: bool) -> Iterator[Draft]:
    earliest = at(date(session.start.year, 1, 1), 11)
    moment = max(earliest, session.start - timedelta(days=rng.randint(2, 6), minutes=rng.randrange(300)))
    name, chair = contract.ConveneSession.TYPE, group.chair.id
    data = session.data
    if moved:  # it was to begin half an hour earlier
        data = data | {"starts_at": (session.start - timedelta(minutes=30)).isoformat()}
    yield Draft(SOURCE, f"convene-{session.id}", name, moment, chair, data, "hand", moment, settled=moved)
    if moved:
        later = moment + timedelta(hours=4)
        members = {"session": session.id, "starts_at": session.data["starts_at"], "minutes": session.minutes}
        name = contract.RescheduleSession.TYPE
        yield Draft(SOURCE, f"move-{session.id}", name, later, chair, members, "hand", later, settled=True)


def _record(rng: random.Random, session: Session, roll: list[dict[str, Any]], entered: HandIn) -> Draft:
    data: dict[str, Any] = {"session": session.id, "roll": roll} | entered.late
    if rng.random() < _GUIDED:
        data["guide"] = rng.choice(("people", "innovation", "excellence"))
    by_hand = rng.random() < 0.6  # noqa: PLR2004
    return Draft(
        SOURCE, f"roll-{session.id}", meeting.RecordAttendance.TYPE, session.end,
        str(session.data["chair"]) if by_hand else "study-platform", data, "hand" if by_hand else "machine",
        # An attendance on which credit rests is better left alone.
        entered.moment, settled=session.account is not None,
    )  # fmt: skip


def _roll(rng: random.Random, group: Group, session: Session) -> list[dict[str, Any]]:
    share, due = group.leave
    due += share * len(group.members)
    group.leave[1] = due - int(due)
    away = set(rng.sample(range(len(group.members)), min(int(due), len(group.members))))
    return [_line(rng, cadre, session, leave=place in away) for place, cadre in enumerate(group.members)]


def _line(rng: random.Random, cadre: Cadre, session: Session, *, leave: bool) -> dict[str, Any]:
    if leave:
        return {"person": cadre.id, "state": "leave", "minutes": 0, "leave_kind": rng.choice(_LEAVE_KINDS)}
    luck = rng.random()
    state: Attended = "absent" if luck < _ABSENT else "partial" if luck < _ABSENT + _PARTIAL else "present"
    there = {"absent": 0, "partial": session.minutes // 2, "present": session.minutes}[state]
    return {"person": cadre.id, "state": state, "minutes": there}


def _credits(
    rng: random.Random, session: Session, account: Account, roll: list[dict[str, Any]], entered: HandIn
) -> Iterator[Draft]:
    minutes, halves = _HALF_A_DAY
    moment = min(entered.moment + timedelta(minutes=rng.randint(10, 1500)), year_end(session.end.year))
    for line in roll:
        if earned := line["minutes"] * halves // minutes * 50:
            data = {"session": session.id, "person": line["person"], "centi_xueshi": earned, "account": account}
            ident = f"credit-{session.id}-{line['person']}"
            yield Draft(
                SOURCE, ident, meeting.CreditHours.TYPE, session.end, "study-platform", data | entered.late,
                "machine", moment,
            )  # fmt: skip
