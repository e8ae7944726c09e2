"""Sessions, who was there, and the study time credited for it: rolls and overlaps, by hand.

A session holds its whole roll, which may be long and comes in parts; each day has an agenda of the sessions that touch
it, so that those that overlap know each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, get_args

from pydantic import Field

from schemas import learning as contract
from schemas.base import EventData, instant
from schemas.learning import SessionStamp
from services.recorder.domain import facts
from services.recorder.domain.core import (
    SHANGHAI,
    Action,
    Changes,
    Decision,
    Event,
    Held,
    Key,
    NotLoaded,
    Rejection,
    State,
    States,
    Thing,
    make,
    rests,
    state,
)
from services.recorder.domain.facts import ByHand, Ruling, rule
from services.recorder.domain.timeline import person

ATTENDED: Final = frozenset({"present", "partial"})
MINUTES_A_XUESHI: Final = 45
ACCOUNTS: Final = get_args(get_args(contract.Account)[0])
Span = tuple[int, int]


# --- state ---


class Attendance(NamedTuple):
    """One person's line on the roll: a tuple, since a busy office holds tens of thousands of them.

    ``at``: when it was recorded to have happened, in seconds of the epoch.
    """

    event: str
    state: str
    minutes: int
    at: int


class Credit(NamedTuple):
    """Study time credited to a person in one account, in hundredths of a study hour; ``at`` as in a line."""

    event: str
    centi_xueshi: int
    at: int


@state("session")
class Session(Thing):
    """A session, its roll, its credits by person and account, and the sessions whose time overlaps with it."""

    stamp: SessionStamp | None = None
    roll: dict[str, Attendance] = Field(default_factory=dict)
    credits: dict[str, Credit] = Field(default_factory=dict)
    overlaps: tuple[str, ...] = ()

    def credited(self, who: str) -> list[str]:
        """The events that credited this person."""
        keys = (_credit_key(who, account) for account in ACCOUNTS)
        return [self.credits[key].event for key in keys if key in self.credits]

    def attended(self, who: str) -> Attendance | None:
        """The person's line, if that person was there."""
        line = self.roll.get(who)
        return line if line is not None and line.state in ATTENDED else None

    def time(self) -> Span:
        """Its start and end; nothing where it isn't convened."""
        return span(self.stamp.starts_at, self.stamp.minutes) if self.stamp else (0, 0)

    def standing(self) -> Iterable[tuple[str, Held]]:
        """Its lines, too; a credit rests on its line."""
        yield from self.facts.items()
        for who, line in self.roll.items():
            time = datetime.fromtimestamp(line.at, UTC).isoformat()
            yield line.event, Held(contract.AttendanceRecorded.TYPE, time, {"person": who})


@state("agenda")
class Agenda(State):
    """The sessions of an office that touch a day: id → start and end, in seconds of the epoch."""

    sessions: dict[str, Span] = Field(default_factory=dict)


def _credit_key(who: str, account: str) -> str:
    return f"{who} {account}"


def span(starts_at: str, minutes: int) -> Span:
    """Start and end in seconds of the epoch."""
    start = int(instant(starts_at).timestamp())
    return start, start + 60 * minutes


@lru_cache(maxsize=1024)  # asked three times for a session
def days(time: Span) -> tuple[str, ...]:
    """The days in Shanghai that the span touches."""
    first, last = (datetime.fromtimestamp(second, SHANGHAI).date() for second in (time[0], time[1] - 1))
    return tuple((first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1))


def agendas(fact: Action | Event, data: contract.Convening) -> list[Key]:
    """The agendas of a session's days."""
    return [fact.key("agenda", day) for day in days(span(data.starts_at, data.minutes))]


def _session(states: States, fact: Action | Event, ident: str) -> tuple[Key, Session]:
    key = fact.key("session", ident)
    return key, states.of(Session, key)


# --- sessions: held by hand, since agendas and overlapping sessions change with them ---


def convene(states: States, event: Event, data: contract.SessionConvened) -> Changes:
    """It enters its days' agendas, and the sessions that overlap with it."""
    time = span(data.starts_at, data.minutes)
    key, session = _session(states, event, data.session)
    found = {day: states.of(Agenda, day) for day in agendas(event, data)}
    overlaps = overlapping(found.values(), data.session, time)
    changes: Changes = {
        day: agenda.but(sessions=agenda.sessions | {data.session: time}) for day, agenda in found.items()
    }
    for other in overlaps:
        other_key, beside = _session(states, event, other)
        changes[other_key] = beside.but(overlaps=(*beside.overlaps, data.session))
    stamp = SessionStamp.trusted(
        carriers=data.carriers, kinds=data.kinds, title=data.title, starts_at=data.starts_at, minutes=data.minutes
    )
    held = session.facts | {event.id: facts.held(event)}
    changes[key] = session.but(facts=held, stamp=stamp, overlaps=overlaps)
    return changes


def disband(states: States, event: Event, data: contract.SessionConvened) -> Changes:
    """It leaves them."""
    key, session = _session(states, event, data.session)
    changes: Changes = {}
    for day in agendas(event, data):
        agenda = states.of(Agenda, day)
        kept = {other: time for other, time in agenda.sessions.items() if other != data.session}
        changes[day] = agenda.but(sessions=kept)
    for other in session.overlaps:
        other_key, beside = _session(states, event, other)
        changes[other_key] = beside.but(overlaps=tuple(ident for ident in beside.overlaps if ident != data.session))
    changes[key] = session.but(facts=session.without(event.id), stamp=None, overlaps=())
    return changes


def enter_line(states: States, event: Event, data: contract.AttendanceRecorded) -> Changes:
    """A line enters its session's roll."""
    return enter_roll(states, [event], data.session)


def strike_line(states: States, event: Event, data: contract.AttendanceRecorded) -> Changes:
    """It goes off it."""
    key, session = _session(states, event, data.session)
    roll = {who: line for who, line in session.roll.items() if who != data.person}
    return {key: session.but(roll=roll, facts=session.without(event.id))}


def credit(states: States, event: Event, data: contract.HoursCredited) -> Changes:
    """Study time is credited for a session."""
    key, session = _session(states, event, data.session)
    credited = Credit(event.id, data.centi_xueshi, int(instant(event.time).timestamp()))
    return {key: session.but(credits=session.credits | {_credit_key(data.person, data.account): credited})}


def discredit(states: States, event: Event, data: contract.HoursCredited) -> Changes:
    """It is taken back."""
    key, session = _session(states, event, data.session)
    gone = _credit_key(data.person, data.account)
    return {key: session.but(credits={k: e for k, e in session.credits.items() if k != gone})}


facts.BY_HAND[contract.SessionConvened] = ByHand(convene, disband, agendas)
facts.BY_HAND[contract.AttendanceRecorded] = ByHand(enter_line, strike_line)
facts.BY_HAND[contract.HoursCredited] = ByHand(credit, discredit)


def enter_roll(states: States, events: Sequence[Event], session_id: str) -> Changes:
    """Enter attendances of one session: one new roll, however many there are."""
    key, session = _session(states, events[0], session_id)
    at = int(instant(events[0].time).timestamp())
    lines: dict[str, Attendance] = {}
    granted: dict[str, Held] = {}
    for event in events:
        data = event.data
        assert isinstance(data, contract.AttendanceRecorded), data.TYPE
        lines[data.person] = Attendance(event.id, data.state, data.minutes, at)
        if data.granted_by is not None:  # the only thing that it names besides session and person
            granted[event.id] = Held(data.TYPE, event.time, {"granted_by": data.granted_by})
    changed: dict[str, Any] = {"roll": session.roll | lines}
    if granted:
        changed["facts"] = session.facts | granted
    return {key: session.but(**changed)}


def overlapping(found: Iterable[Agenda], session: str, time: Span) -> tuple[str, ...]:
    """The sessions on these agendas that overlap in time with it."""
    others = {
        other
        for agenda in found
        for other, (start, end) in agenda.sessions.items()
        if other != session and start < time[1] and time[0] < end
    }
    return tuple(sorted(others))


# --- what deciding and taking back need beyond what is declared ---


def reads(action: Action) -> Iterator[Key]:
    """The agendas of a session's days."""
    if isinstance(action.data, contract.ConveneSession):
        yield from agendas(action, action.data)


def reads_more(states: States, action: Action) -> Iterator[Key]:
    """The sessions whose time hangs together with this one's: only what was loaded names them."""
    match action.data:
        case contract.ConveneSession() as data:
            found = [states.of(Agenda, day) for day in agendas(action, data)]
            for other in overlapping(found, data.session, span(data.starts_at, data.minutes)):
                yield from _known_chain(states, action, other)
        case contract.RecordAttendance() as data:
            yield from _known_chain(states, action, data.session)


def touched_more(states: States, event: Event) -> Iterator[Key]:
    """Those that hang together with the event's session."""
    data = event.data
    if isinstance(data, contract.SessionConvened | contract.AttendanceRecorded):
        yield from _known_chain(states, event, data.session)


def _known_chain(states: States, fact: Action | Event, ident: str) -> Iterator[Key]:
    """The keys of a chain as far as what is loaded names them: asked again once these are, it may be longer."""

    def overlaps(session: str) -> Iterable[str]:
        with suppress(NotLoaded):
            return _session(states, fact, session)[1].overlaps
        return ()

    yield from (fact.key("session", session) for session in _linked(ident, overlaps))


def _chain(states: States, fact: Action | Event, ident: str) -> dict[str, Session]:
    """The session, and all whose time hangs together with its own: that overlap it, or overlap such."""
    linked = _linked(ident, lambda session: _session(states, fact, session)[1].overlaps)
    return {session: _session(states, fact, session)[1] for session in linked}


def _linked(ident: str, overlaps: Callable[[str], Iterable[str]]) -> Iterable[str]:
    linked, known = [ident], {ident}
    for session in linked:
        new = [other for other in overlaps(session) if other not in known]
        known.update(new)
        linked += new
    return linked


# --- rules ---


def attend(states: States, action: Action, data: contract.RecordAttendance) -> Decision:
    """A roll becomes an event for each person on it."""
    refusal = facts.missing(states, action, data) or was_held(states, action, data)
    if refusal:
        return refusal
    chain = _chain(states, action, data.session)
    session = chain[data.session]
    assert session.stamp is not None, data.session
    events: list[Event] = []
    seen: set[str] = set()
    stream = f"session/{data.session}"
    for index, line in enumerate(data.roll):
        minutes = _minutes(line, session.stamp)
        if minutes > session.stamp.minutes:
            return _above(line.person, minutes, session.stamp.minutes)
        if line.person in seen or line.person in session.roll:
            return _second(line.person, session)
        seen.add(line.person)
        if len(chain) > 1 and (
            double := _double(chain, data.session, line.person, Attendance("", line.state, minutes, 0))
        ):
            return double
        fact = contract.AttendanceRecorded.trusted(
            session=data.session, person=line.person, state=line.state, minutes=minutes,
            leave_kind=line.leave_kind, granted_by=line.granted_by, guide=data.guide, session_stamp=session.stamp,
            late_reason=data.late_reason, corrects=None,
            stamps=(person(states, action, line.person).placed(line.person, action.day),),
        )  # fmt: skip
        events.append(make(action, stream, fact, index))
    return events


def _double(chain: Mapping[str, Session], ident: str, who: str, line: Attendance) -> Rejection | None:
    """A rejection where somebody with this line in a session would be in two places at once, as others' rolls have it.

    Sessions that this person attended and whose times hang together make a chain. The minutes in it fit into its time,
    and whoever is present from beginning to end of one of them is not present in another.
    """
    if line.state not in ATTENDED:
        return None
    there = {other: found for other, session in chain.items() if other != ident and (found := session.attended(who))}
    first, last = chain[ident].time()
    joined = {ident: line}
    while near := [
        other
        for other in there
        if other not in joined and chain[other].time()[0] < last and first < chain[other].time()[1]
    ]:
        joined |= {other: there[other] for other in near}
        first, last = min(first, *(chain[o].time()[0] for o in near)), max(last, *(chain[o].time()[1] for o in near))
    whole = [other for other, found in joined.items() if found.state == "present"]
    if len(whole) > 1:
        return _twice(who, ident, next(other for other in whole if other != ident))
    total, room = sum(found.minutes for found in joined.values()), (last - first) // 60
    return _too_long(who, joined, total, room) if total > room else None


def _minutes(line: contract.RollLine, stamp: SessionStamp) -> int:
    if line.minutes is not None:
        return line.minutes
    return stamp.minutes if line.state in ATTENDED else 0


def was_held(
    states: States, action: Action, data: contract.CreditHours | contract.RecordAttendance
) -> Rejection | None:
    """What happens in a session happens once it has begun."""
    stamp = _session(states, action, data.session)[1].stamp
    if stamp is None or instant(stamp.starts_at) <= action.moment:
        return None
    return Rejection(
        "session-not-held",
        f"The session {data.session} begins at {stamp.starts_at}, after the time {action.time} of this. "
        "Send it again with a time from then on, or correct the session's start.",
        f"活动 {data.session} 于 {stamp.starts_at} 开始，晚于本操作的时间 {action.time}。"
        "请在开始后以实际时间重新发送，或更正活动的开始时间。",
    )


rule(contract.CreditHours)(was_held)


@rule(contract.CreditHours)
def credits_who_was_there(states: States, action: Action, data: contract.CreditHours) -> Ruling:
    """Once an account, to who was there; the event carries what is known of the session."""
    session = _session(states, action, data.session)[1]
    line = session.roll.get(data.person)
    if line is None or line.state not in ATTENDED:
        return Rejection(
            "no-attendance",
            f"{data.person} has no attendance of {data.session} on record. Record it first, then send this again.",
            f"没有 {data.person} 参加 {data.session} 的记录。请先登记签到，再重新发送。",
        )
    if before := session.credits.get(_credit_key(data.person, data.account)):
        return Rejection(
            "credit-twice",
            f"{data.person} has credit for {data.session} in the account {data.account} already "
            f"(event {before.event}).",
            f"{data.person} 在 {data.session} 的该类学时已登记（事件 {before.event}）。",
        )
    assert session.stamp is not None, data.session  # somebody is on its roll
    most = most_credit(session.stamp.minutes)
    if data.centi_xueshi > most:
        return Rejection(
            "credit-above-session",
            f"{data.centi_xueshi / 100:g} study hours are more than the {session.stamp.minutes} minutes of "
            f"{data.session} give: at most {most / 100:g}. Give what was earned in it.",
            f"{data.centi_xueshi / 100:g} 学时超出活动 {data.session}（{session.stamp.minutes} 分钟）"
            f"所能计的 {most / 100:g} 学时。请填写实际所得。",
        )
    return {"session_stamp": session.stamp}


def most_credit(minutes: int) -> int:
    """What a session of that length gives at most, in hundredths: a study hour for each 45 minutes begun."""
    return -(-minutes // MINUTES_A_XUESHI) * 100


def upheld(after: States, event: Event, data: EventData) -> Rejection | None:
    """A rejection where a session's roll, or credits for a line, don't hold without the event."""
    if isinstance(data, contract.SessionConvened):
        return _roll_upheld(after, event, data.session, _session(after, event, data.session)[1])
    if isinstance(data, contract.AttendanceRecorded):
        session = _session(after, event, data.session)[1]
        line = session.roll.get(data.person)
        credited = session.credited(data.person)
        holds = not credited or (line is not None and line.state in ATTENDED)
        return None if holds else rests(event.id, credited)
    return None


def _roll_upheld(after: States, event: Event, ident: str, session: Session) -> Rejection | None:
    minutes, (begins, _) = session.stamp.minutes if session.stamp else -1, session.time()
    loose = [line.event for line in session.roll.values() if line.minutes > minutes or line.at < begins]
    loose += [c.event for c in session.credits.values() if c.centi_xueshi > most_credit(minutes) or c.at < begins]
    if loose:
        return rests(event.id, loose)
    chain = _chain(after, event, ident)
    if len(chain) > 1:
        for who, line in session.roll.items():
            if double := _double(chain, ident, who, line):
                return double
    return None


def _above(who: str, minutes: int, most: int) -> Rejection:
    return Rejection(
        "minutes-above-session",
        f"{who} has {minutes} minutes, the session {most}. Give the minutes actually attended.",
        f"{who} 记 {minutes} 分钟，而本次活动为 {most} 分钟。请填写实际参加的分钟数。",
    )


def _second(who: str, session: Session) -> Rejection:
    line = session.roll.get(who)
    where = f"event {line.event}" if line else "this roll"
    place = f"事件 {line.event}" if line else "本次签到表"
    return Rejection(
        "second-attendance",
        f"{who} is on the roll already ({where}). Correct that entry instead.",
        f"{who} 已有签到记录（{place}）。请更正该条记录。",
    )


def _twice(who: str, session: str, other: str) -> Rejection:
    return Rejection(
        "session-overlap",
        f"{who} is recorded as present in {other}, whose time hangs together with that of {session}. "
        "One of the two is not so.",
        f"{who} 已记为出席 {other}，与 {session} 时间重叠。两者必有一误。",
    )


def _too_long(who: str, sessions: Iterable[str], total: int, room: int) -> Rejection:
    names = ", ".join(sessions)
    return Rejection(
        "session-overlap",
        f"{who} would have {total} minutes in sessions that overlap ({names}), which take {room} minutes altogether. "
        "Give the minutes actually attended in each.",
        f"{who} 在时间重叠的活动（{names}）中共记 {total} 分钟，而这些活动总共只有 {room} 分钟。"
        "请填写在各场实际参加的分钟数。",
    )
