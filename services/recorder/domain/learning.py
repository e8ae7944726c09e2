"""Sessions, who was there, and the study time credited for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, assert_never, get_args

from pydantic import Field

from schemas import learning as contract
from schemas.base import instant
from schemas.learning import SessionStamp
from services.recorder.domain import people
from services.recorder.domain.core import (
    Action,
    Changes,
    Decision,
    Event,
    Key,
    Rejection,
    State,
    States,
    day_of,
    make,
    rests,
    reused,
    started,
    unknown,
)

ATTENDED = frozenset({"present", "partial"})
ACCOUNTS: tuple[contract.Account, ...] = get_args(contract.Account)


# --- state ---


class Attendance(NamedTuple):
    """One person's line on the roll: a tuple, since a busy office holds tens of thousands of them."""

    event: str
    state: contract.Attended
    minutes: int


class Session(State):
    """A session, its roll, its credits (by "person account") and the sessions whose time overlaps with it."""

    event: str | None = None
    since: str = ""
    stamp: SessionStamp | None = None
    roll: dict[str, Attendance] = Field(default_factory=dict)
    credits: dict[str, str] = Field(default_factory=dict)
    overlaps: tuple[str, ...] = ()

    def credited(self, person: str) -> list[str]:
        """The events that credited this person."""
        keys = (_credit_key(person, account) for account in ACCOUNTS)
        return [self.credits[key] for key in keys if key in self.credits]

    def there(self, person: str) -> bool:
        """Whether the person was present all the time: the one state that excludes being elsewhere."""
        line = self.roll.get(person)
        return line is not None and line.state == "present"


class Agenda(State):
    """The sessions of an office that touch a day: id → start and end, in seconds of the epoch."""

    sessions: dict[str, tuple[int, int]] = Field(default_factory=dict)


Span = tuple[int, int]


def _credit_key(person: str, account: contract.Account) -> str:
    return f"{person} {account}"


def span(starts_at: str, minutes: int) -> Span:
    """Start and end in seconds of the epoch."""
    start = int(instant(starts_at).timestamp())
    return start, start + 60 * minutes


@lru_cache(maxsize=1024)  # asked three times for a session
def days(time: Span) -> tuple[str, ...]:
    """The days in Shanghai that the span touches."""
    start, end = (day_of(datetime.fromtimestamp(second, UTC)) for second in (time[0], time[1] - 1))
    between = datetime.fromisoformat(start) + timedelta(days=1)
    return (start,) if start == end else (start, *_until(between, end))


def _until(day: datetime, last: str) -> Iterator[str]:
    while day.date().isoformat() <= last:
        yield day.date().isoformat()
        day += timedelta(days=1)


def _span(data: contract.ConveneSession | contract.SessionConvened | SessionStamp) -> Span:
    return span(data.starts_at, data.minutes)


# --- evolve ---


def evolve(states: States, event: Event, data: contract.Event) -> Changes:
    """Apply a learning event."""
    match data:
        case contract.SessionConvened():
            return _convened(states, event, data)
        case contract.AttendanceRecorded():
            line = Attendance(event=event.id, state=data.state, minutes=data.minutes)
            key, session = _session(states, event, data.session)
            changes = people.named(states, event, (data.person,))
            changes[key] = session.but(roll=session.roll | {data.person: line})
            return changes
        case contract.HoursCredited():
            key, session = _session(states, event, data.session)
            credit = {_credit_key(data.person, data.account): event.id}
            return {key: session.but(credits=session.credits | credit)}
        case never:
            assert_never(never)


def evolve_roll(states: States, events: Sequence[Event]) -> Changes:
    """Apply a roll, the attendances of one session: the same as line by line, with one new roll instead of many."""
    changes: Changes = {}
    lines: dict[str, Attendance] = {}
    for event in events:
        data = event.data
        assert isinstance(data, contract.AttendanceRecorded), data.TYPE
        lines[data.person] = Attendance(event.id, data.state, data.minutes)
        changes |= people.named(states, event, (data.person,))
        session_key = event.key("session", data.session)
    session = states.of(Session, session_key)
    changes[session_key] = session.but(roll=session.roll | lines)
    return changes


def _convened(states: States, event: Event, data: contract.SessionConvened) -> Changes:
    time = _span(data)
    key, session = _session(states, event, data.session)
    agendas = {event.key("agenda", day): states.of(Agenda, event.key("agenda", day)) for day in days(time)}
    overlapping = _overlapping(agendas.values(), data.session, time)
    changes = people.named(states, event, {data.chair, *data.expected, *data.observers})
    for day, agenda in agendas.items():
        changes[day] = agenda.but(sessions=agenda.sessions | {data.session: time})
    for other in overlapping:
        other_key, state = _session(states, event, other)
        changes[other_key] = state.but(overlaps=(*state.overlaps, data.session))
    stamp = SessionStamp.trusted(
        carrier=data.carrier, kind=data.kind, title=data.title, starts_at=data.starts_at, minutes=data.minutes
    )
    fields = {"event": event.id, "since": event.time, "stamp": stamp, "overlaps": overlapping}
    changes[key] = session.but(**fields)
    return changes


def _overlapping(agendas: Iterable[Agenda], session: str, time: Span) -> tuple[str, ...]:
    found = {
        other
        for agenda in agendas
        for other, (start, end) in agenda.sessions.items()
        if other != session and start < time[1] and time[0] < end
    }
    return tuple(sorted(found))


def withdraw(states: States, event: Event, data: contract.Event) -> Changes:
    """Take a learning event back."""
    match data:
        case contract.SessionConvened():
            return _unconvened(states, event, data)
        case contract.AttendanceRecorded():
            key, session = _session(states, event, data.session)
            roll = {person: line for person, line in session.roll.items() if person != data.person}
            return {key: session.but(roll=roll)}
        case contract.HoursCredited():
            key, session = _session(states, event, data.session)
            gone = _credit_key(data.person, data.account)
            return {key: session.but(credits={k: e for k, e in session.credits.items() if k != gone})}
        case never:
            assert_never(never)


def _unconvened(states: States, event: Event, data: contract.SessionConvened) -> Changes:
    key, session = _session(states, event, data.session)
    changes: Changes = {}
    for day in days(_span(data)):
        agenda = states.of(Agenda, event.key("agenda", day))
        kept = {other: time for other, time in agenda.sessions.items() if other != data.session}
        changes[event.key("agenda", day)] = agenda.but(sessions=kept)
    for other in session.overlaps:
        other_key, state = _session(states, event, other)
        overlaps = tuple(ident for ident in state.overlaps if ident != data.session)
        changes[other_key] = state.but(overlaps=overlaps)
    changes[key] = session.but(event=None, since="", stamp=None, overlaps=())
    return changes


def _session(states: States, event: Event, ident: str) -> tuple[Key, Session]:
    key = event.key("session", ident)
    return key, states.of(Session, key)


# --- decide ---


def reads(action: Action, data: contract.Action) -> Iterator[Key]:
    """The session, its day's agenda where its time is given, the persons."""
    yield action.key("session", data.session)
    match data:
        case contract.ConveneSession():
            yield from (action.key("agenda", day) for day in days(_span(data)))
            yield from (action.key("person", who) for who in (data.chair, *data.expected, *data.observers))
        case contract.RecordAttendance():
            yield from (action.key("person", line.person) for line in data.roll)
        case contract.CreditHours():
            yield action.key("person", data.person)
        case never:
            assert_never(never)


def reads_more(
    states: States, action: Action, data: contract.ConveneSession | contract.RecordAttendance
) -> Iterator[Key]:
    """The sessions that overlap with this one: only what was loaded names them."""
    match data:
        case contract.ConveneSession():
            agendas = [states.of(Agenda, action.key("agenda", day)) for day in days(_span(data))]
            overlaps = _overlapping(agendas, data.session, _span(data))
        case contract.RecordAttendance():
            overlaps = states.of(Session, action.key("session", data.session)).overlaps
        case never:
            assert_never(never)
    yield from (action.key("session", other) for other in overlaps)


def touched(event: Event, data: contract.Event) -> Iterator[Key]:
    """The session, its day's agenda, the person."""
    yield event.key("session", data.session)
    match data:
        case contract.SessionConvened():
            yield from (event.key("agenda", day) for day in days(_span(data)))
            yield from (event.key("person", who) for who in (data.chair, *data.expected, *data.observers))
        case contract.AttendanceRecorded() | contract.HoursCredited():
            yield event.key("person", data.person)
        case never:
            assert_never(never)


def touched_more(states: States, event: Event, data: contract.Event) -> Iterator[Key]:
    """The sessions that overlap with the event's session."""
    overlaps = _session(states, event, data.session)[1].overlaps
    yield from (event.key("session", other) for other in overlaps)


def decide(states: States, action: Action, data: contract.Action) -> Decision:
    """Decide a learning action."""
    match data:
        case contract.ConveneSession():
            return _convene(states, action, data)
        case contract.RecordAttendance():
            return _attend(states, action, data)
        case contract.CreditHours():
            return _credit(states, action, data)
        case never:
            assert_never(never)


def _convene(states: States, action: Action, data: contract.ConveneSession) -> Decision:
    session = states.of(Session, action.key("session", data.session))
    if session.event:
        return reused("session", data.session, session.event)
    if rejection := people.missing(states, action, (data.chair, *data.expected, *data.observers)):
        return rejection
    fact = contract.SessionConvened.trusted(
        session=data.session, item=data.item, carrier=data.carrier, kind=data.kind, title=data.title,
        starts_at=data.starts_at, minutes=data.minutes, chair=data.chair, expected=data.expected,
        observers=data.observers, late_reason=data.late_reason, corrects=None,
        stamps=(people.person(states, action, data.chair).placed(data.chair, action.day),),
    )  # fmt: skip
    return [make(action, f"session/{data.session}", fact)]


def _known(states: States, action: Action, ident: str) -> tuple[Session, SessionStamp] | Rejection:
    session = states.of(Session, action.key("session", ident))
    if session.stamp is None or not (started(session.since, action) or started(session.stamp.starts_at, action)):
        return unknown("session", ident)
    return session, session.stamp


def _attend(states: States, action: Action, data: contract.RecordAttendance) -> Decision:
    found = _known(states, action, data.session)
    if isinstance(found, Rejection):
        return found
    session, stamp = found
    elsewhere = [(other, states.of(Session, action.key("session", other))) for other in session.overlaps]
    events: list[Event] = []
    seen: set[str] = set()
    stream = f"session/{data.session}"
    for index, line in enumerate(data.roll):
        state = people.person(states, action, line.person)
        if not state.exists(action):
            return unknown("person", line.person)
        if line.minutes > stamp.minutes:
            return _above(line, stamp.minutes)
        if line.person in seen or line.person in session.roll:
            return _second(line.person, session)
        seen.add(line.person)
        for ident, other in elsewhere:
            if line.state == "present" and other.there(line.person):
                return _double(line.person, data.session, ident)
        fact = contract.AttendanceRecorded.trusted(
            session=data.session, person=line.person, state=line.state, minutes=line.minutes,
            leave_kind=line.leave_kind, guide=data.guide, session_stamp=stamp, late_reason=data.late_reason,
            corrects=None, stamps=(state.placed(line.person, action.day),),
        )  # fmt: skip
        events.append(make(action, stream, fact, index))
    return events


def _credit(states: States, action: Action, data: contract.CreditHours) -> Decision:
    found = _known(states, action, data.session)
    if isinstance(found, Rejection):
        return found
    session, stamp = found
    state = people.person(states, action, data.person)
    if not state.exists(action):
        return unknown("person", data.person)
    line = session.roll.get(data.person)
    if line is None or line.state not in ATTENDED:
        return _no_attendance(data.person, data.session)
    before = session.credits.get(_credit_key(data.person, data.account))
    if before:
        return _twice(data, before)
    fact = contract.HoursCredited.trusted(
        session=data.session, person=data.person, half_xueshi=data.half_xueshi, account=data.account,
        guide=data.guide, session_stamp=stamp, late_reason=data.late_reason, corrects=None,
        stamps=(state.placed(data.person, action.day),),
    )  # fmt: skip
    return [make(action, f"session/{data.session}", fact)]


def upheld(states: States, event: Event, data: contract.Event) -> Rejection | None:
    """A rejection where facts that rest on this event don't hold in these states, from which it is gone or replaced."""
    _, session = _session(states, event, data.session)
    match data:
        case contract.SessionConvened():
            return _roll_upheld(states, event, data.session, session)
        case contract.AttendanceRecorded():
            line = session.roll.get(data.person)
            credited = session.credited(data.person)
            holds = not credited or (line is not None and line.state in ATTENDED)
            return None if holds else rests(event.id, credited)
        case contract.HoursCredited():
            return None
        case never:
            assert_never(never)


def _roll_upheld(states: States, event: Event, ident: str, session: Session) -> Rejection | None:
    if session.stamp is None:
        return rests(event.id, (line.event for line in session.roll.values())) if session.roll else None
    others = [(other, states.of(Session, event.key("session", other))) for other in session.overlaps]
    for person, line in session.roll.items():
        if line.minutes > session.stamp.minutes:
            return rests(event.id, (line.event,))
        for other_id, other in others:
            if line.state == "present" and other.there(person):
                return _double(person, ident, other_id)
    return None


def _above(line: contract.RollLine, minutes: int) -> Rejection:
    return Rejection(
        "minutes-above-session",
        f"{line.person} has {line.minutes} minutes, the session {minutes}. Give the minutes actually attended.",
        f"{line.person} 记 {line.minutes} 分钟，而本次活动为 {minutes} 分钟。请填写实际参加的分钟数。",
    )


def _second(person: str, session: Session) -> Rejection:
    line = session.roll.get(person)
    where = f"event {line.event}" if line else "this roll"
    place = f"事件 {line.event}" if line else "本次签到表"
    return Rejection(
        "second-attendance",
        f"{person} is on the roll already ({where}). Correct that entry instead.",
        f"{person} 已有签到记录（{place}）。请更正该条记录。",
    )


def _double(person: str, session: str, other: str) -> Rejection:
    return Rejection(
        "session-overlap",
        f"{person} is recorded as present in {other}, which overlaps in time with {session}. One of the two is not so.",
        f"{person} 已记为出席 {other}，与 {session} 时间重叠。两者必有一误。",
    )


def _no_attendance(person: str, session: str) -> Rejection:
    return Rejection(
        "no-attendance",
        f"{person} has no attendance of {session} on record. Record it first, then send this again.",
        f"没有 {person} 参加 {session} 的记录。请先登记签到，再重新发送。",
    )


def _twice(data: contract.CreditHours, event: str) -> Rejection:
    return Rejection(
        "credit-twice",
        f"{data.person} has credit for {data.session} in the account {data.account} already (event {event}).",
        f"{data.person} 在 {data.session} 的该类学时已登记（事件 {event}）。",
    )
