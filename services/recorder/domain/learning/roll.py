"""Who was there: rolls, and that nobody is in two places at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.base import instant
from schemas.learning import meeting
from schemas.learning import sessions as contract
from schemas.learning.sessions import SessionStamp
from services.recorder.domain.deciding import facts
from services.recorder.domain.deciding.core import (
    Action,
    Changes,
    Decision,
    Event,
    Held,
    Key,
    Overlay,
    Rejection,
    States,
    make,
    rests,
)
from services.recorder.domain.deciding.facts import ByHand, Ruling, needs, needs_more, rule, upholds
from services.recorder.domain.deciding.timeline import person
from services.recorder.domain.learning.sessions import (
    ATTENDED,
    Attendance,
    Session,
    chain_of,
    known_chain,
    session_of,
    takes_place,
    with_facts,
)
from services.recorder.domain.learning.study import made_up_by, made_up_key, most_credit

# --- held by its session ---


def enter_line(states: States, event: Event, data: meeting.AttendanceRecorded) -> Changes:
    """A line enters its session's roll."""
    return enter_roll(states, [event], data.session)


def strike_line(states: States, event: Event, data: meeting.AttendanceRecorded) -> Changes:
    """It goes off it."""
    session = session_of(states, event, data.session)
    roll = {who: line for who, line in session.roll.items() if who != data.person}
    return {event.key("session", data.session): session.but(roll=roll, facts=session.without(event.id))}


facts.BY_HAND[meeting.AttendanceRecorded] = ByHand(enter_line, strike_line)


def enter_roll(states: States, events: Sequence[Event], session_id: str) -> Changes:
    """Enter attendances of one session: one new roll, however many there are."""
    key, session = events[0].key("session", session_id), session_of(states, events[0], session_id)
    at = int(instant(events[0].time).timestamp())
    lines: dict[str, Attendance] = {}
    granted: dict[str, Held] = {}
    for event in events:
        data = event.data
        assert isinstance(data, meeting.AttendanceRecorded), data.TYPE
        lines[data.person] = Attendance(event.id, data.state, data.minutes, at)
        if data.granted_by is not None:  # the only thing that it names besides session and person
            granted[event.id] = Held(data.TYPE, event.time, {"granted_by": data.granted_by})
    changed: dict[str, Any] = {"roll": session.roll | lines}
    if granted:
        changed["facts"] = session.facts | granted
    return {key: session.but(**changed)}


@needs_more(meeting.RecordAttendance, meeting.AttendanceRecorded)
def chained(states: States, fact: Action | Event, data: Any) -> Iterable[Key]:  # noqa: ANN401  # either
    """The sessions whose time hangs together with this one's; of a line that goes, whether it was made up."""
    yield from known_chain(states, fact, data.session)
    if isinstance(data, meeting.AttendanceRecorded):
        yield made_up_key(fact, data.session, data.person)


# --- rules ---


def attend(states: States, action: Action, data: meeting.RecordAttendance) -> Decision:
    """A roll becomes an event for each person on it."""
    refusal = facts.missing(states, action, data) or takes_place(states, action, data)
    if refusal:
        return refusal
    chain = chain_of(states, action, data.session)
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
        fact = meeting.AttendanceRecorded.trusted(
            session=data.session, person=line.person, state=line.state, minutes=minutes,
            leave_kind=line.leave_kind, granted_by=line.granted_by, guide=data.guide, session_stamp=session.stamp,
            late_reason=data.late_reason, corrects=None, proposal=None,
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
    if not there:  # that the line fits into its own session is looked at elsewhere
        return None
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


def _minutes(line: meeting.RollLine, stamp: SessionStamp) -> int:
    if line.minutes is not None:
        return line.minutes
    return stamp.minutes if line.state in ATTENDED else 0


# --- what rests on a session's time, on its taking place, and on a line ---


@upholds(contract.SessionConvened, contract.SessionRescheduled)
def holds_those_on_it(after: States, event: Event, data: Any) -> Rejection | None:  # noqa: ANN401  # either
    """Roll and credits of the session fit into its time."""
    return fits(after, event, data.session, event.id)


@rule(contract.RescheduleSession)
def moves_with_its_roll(states: States, action: Action, data: contract.RescheduleSession) -> Ruling:
    """One that takes place may move; who is on its roll already must fit into the new time."""
    session = session_of(states, action, data.session)
    if session.cancelled:
        return takes_place(states, action, data)
    members = {"session": data.session, "starts_at": data.starts_at, "minutes": data.minutes}
    moved = Held(contract.SessionRescheduled.TYPE, action.time, members)
    after = Overlay(states)
    after.apply(with_facts(states, action, data.session, session.facts | {"": moved}))
    return fits(after, action, data.session, _convened(session))


@rule(contract.CancelSession)
def nobody_was_there(states: States, action: Action, data: contract.CancelSession) -> Ruling:
    """What took place can't be cancelled, nor what is cancelled already."""
    session = session_of(states, action, data.session)
    if session.cancelled:
        return takes_place(states, action, data)
    held = [line.event for line in session.roll.values()] + [credit.event for credit in session.credits.values()]
    held += facts.thing(states, minutes_key(action, data.session)).facts
    return rests(_convened(session), held) if held else None


@needs(contract.CancelSession)
def whether_minutes_were_taken(action: Action, data: contract.CancelSession) -> Iterable[Key]:
    """Minutes say that it took place."""
    yield minutes_key(action, data.session)


def _convened(session: Session) -> str:
    return next(event for event, fact in session.facts.items() if fact.type == contract.SessionConvened.TYPE)


def minutes_key(fact: Action | Event, session: str) -> Key:
    """The row of a session's minutes."""
    return facts.once_key(fact.office, meeting.MinutesRecorded, {"session": session})


@upholds(meeting.AttendanceRecorded)
def holds_what_rests_on_a_line(after: States, event: Event, data: meeting.AttendanceRecorded) -> Rejection | None:
    """A credit rests on having been there or made it up, a make-up on having been away."""
    session = session_of(after, event, data.session)
    line, made_up = session.roll.get(data.person), made_up_by(after, event, data.session, data.person)
    if made_up and (line is None or line.state in ATTENDED):
        return rests(event.id, [made_up])
    credited = session.credited(data.person)
    holds = not credited or made_up or (line is not None and line.state in ATTENDED)
    return None if holds else rests(event.id, credited)


def fits(after: States, fact: Action | Event, ident: str, event: str) -> Rejection | None:
    """A rejection where roll or credits don't fit into a session's time, told by that event."""
    session = session_of(after, fact, ident)
    minutes, (begins, _) = session.stamp.minutes if session.stamp else -1, session.time()
    loose = [line.event for line in session.roll.values() if line.minutes > minutes or line.at < begins]
    if session.credits:
        most = most_credit(after, fact, session.stamp)
        loose += [c.event for c in session.credits.values() if c.centi_xueshi > most or c.at < begins]
    if loose:
        return rests(event, loose)
    chain = chain_of(after, fact, ident)
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
