"""Sessions in time: convened, moved, cancelled; which of them overlap.

A session holds its whole roll, which may be long and comes in parts; each day has an agenda of the sessions that touch
it, so that those that overlap know each other. Their states are kept by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, get_args

from pydantic import Field

from schemas.base import instant
from schemas.learning import meeting
from schemas.learning import sessions as contract
from schemas.learning.sessions import SessionStamp
from services.recorder.domain.deciding import facts
from services.recorder.domain.deciding.core import (
    SHANGHAI,
    Action,
    Changes,
    Event,
    Held,
    Key,
    NotLoaded,
    Overlay,
    Rejection,
    State,
    States,
    Thing,
    state,
)
from services.recorder.domain.deciding.facts import ByHand, keeps, needs, needs_more

ATTENDED: Final = frozenset({"present", "partial"})
ACCOUNTS: Final = get_args(get_args(meeting.Account)[0])
Span = tuple[int, int]
NEVER: Final[Span] = (0, 0)

keeps(contract.SessionConvened, "minutes", "carriers", "kinds", "title", "line")
keeps(contract.SessionRescheduled, "starts_at", "minutes")
keeps(contract.SessionCancelled)


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
    cancelled: str | None = None
    roll: dict[str, Attendance] = Field(default_factory=dict)
    credits: dict[str, Credit] = Field(default_factory=dict)
    overlaps: tuple[str, ...] = ()

    def credited(self, who: str) -> list[str]:
        """The events that credited this person."""
        keys = (credit_key(who, account) for account in ACCOUNTS)
        return [self.credits[key].event for key in keys if key in self.credits]

    def attended(self, who: str) -> Attendance | None:
        """The person's line, if that person was there."""
        line = self.roll.get(who)
        return line if line is not None and line.state in ATTENDED else None

    def time(self) -> Span:
        """Its start and end; nothing where it isn't convened."""
        return span(self.stamp.starts_at, self.stamp.minutes) if self.stamp else NEVER

    def times(self) -> list[Span]:
        """All that it had, or would have again if what moved it were taken back."""
        held = [fact.data for fact in self.facts.values() if fact.type in _TIMED]
        begins, lasts = ({data[name] for data in held} for name in ("starts_at", "minutes"))
        return [span(starts_at, minutes) for starts_at in begins for minutes in lasts]

    def standing(self) -> Iterable[tuple[str, Held]]:
        """Its lines, too; a credit rests on its line."""
        yield from self.facts.items()
        for who, line in self.roll.items():
            time = datetime.fromtimestamp(line.at, UTC).isoformat()
            yield line.event, Held(meeting.AttendanceRecorded.TYPE, time, {"person": who})


@state("agenda")
class Agenda(State):
    """The sessions of an office that touch a day: id → start and end, in seconds of the epoch."""

    sessions: dict[str, Span] = Field(default_factory=dict)


_TIMED: Final = frozenset({contract.SessionConvened.TYPE, contract.SessionRescheduled.TYPE})


def credit_key(who: str, account: str) -> str:
    """Under which a session holds a person's credit in an account."""
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


def day_of(stamp: SessionStamp) -> str:
    """The day in Shanghai on which it begins."""
    return days(span(stamp.starts_at, stamp.minutes))[0]


def agendas(fact: Action | Event, time: Span) -> list[Key]:
    """The agendas of a session's days."""
    return [fact.key("agenda", day) for day in days(time)] if time != NEVER else []


def session_of(states: States, fact: Action | Event, ident: str) -> Session:
    """The session's state in the office of an action or event."""
    return states.of(Session, fact.key("session", ident))


# --- held by hand, since agendas and overlapping sessions change with them ---


def with_facts(states: States, fact: Action | Event, ident: str, held: Mapping[str, Held]) -> Changes:
    """What changes where a session is told by these facts: it leaves the agendas of its time and enters others."""
    key = fact.key("session", ident)
    before = states.of(Session, key)
    stamp, cancelled = _stamp(held.values()), _cancelled(held)
    after = before.but(facts=dict(held), stamp=stamp, cancelled=cancelled)
    if after.time() == before.time():
        return {key: after}
    changed = Overlay(states)
    for day in agendas(fact, before.time()):
        sessions = changed.of(Agenda, day).sessions
        changed.apply({day: Agenda(sessions={other: time for other, time in sessions.items() if other != ident})})
    for other in before.overlaps:
        beside = session_of(changed, fact, other)
        kept = tuple(each for each in beside.overlaps if each != ident)
        changed.apply({fact.key("session", other): beside.but(overlaps=kept)})
    found = {day: changed.of(Agenda, day) for day in agendas(fact, after.time())}
    overlaps = overlapping(found.values(), ident, after.time())
    for day, agenda in found.items():
        changed.apply({day: agenda.but(sessions=agenda.sessions | {ident: after.time()})})
    for other in overlaps:
        beside = session_of(changed, fact, other)
        changed.apply({fact.key("session", other): beside.but(overlaps=(*beside.overlaps, ident))})
    changed.apply({key: after.but(overlaps=overlaps)})
    return changed.changes


def _stamp(held: Iterable[Held]) -> SessionStamp | None:
    """As it was convened, at the time to which it was moved last."""
    told: dict[str, Any] = {}
    moved: dict[str, Any] = {}
    for fact in sorted(held, key=lambda fact: instant(fact.time)):
        if fact.type in _TIMED:
            part = told if fact.type == contract.SessionConvened.TYPE else moved
            part.update({name: fact.data[name] for name in SessionStamp.model_fields if name in fact.data})
    return SessionStamp.model_validate(told | moved, strict=False) if told else None


def _cancelled(held: Mapping[str, Held]) -> str | None:
    return next((event for event, fact in held.items() if fact.type == contract.SessionCancelled.TYPE), None)


def evolve(states: States, event: Event, data: Any) -> Changes:  # noqa: ANN401  # one of the three
    """It is convened, moved or cancelled."""
    held = session_of(states, event, data.session).facts
    return with_facts(states, event, data.session, held | {event.id: facts.held(event)})


def withdraw(states: States, event: Event, data: Any) -> Changes:  # noqa: ANN401  # one of the three
    """That is taken back."""
    return with_facts(states, event, data.session, session_of(states, event, data.session).without(event.id))


def _own_days(event: Event, data: contract.Convening | contract.Rescheduling) -> list[Key]:
    return agendas(event, span(data.starts_at, data.minutes))


facts.BY_HAND[contract.SessionConvened] = ByHand(evolve, withdraw, _own_days)
facts.BY_HAND[contract.SessionRescheduled] = ByHand(evolve, withdraw, _own_days)
facts.BY_HAND[contract.SessionCancelled] = ByHand(evolve, withdraw)


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


@needs(contract.ConveneSession, contract.RescheduleSession)
def days_touched(action: Action, data: contract.Convening | contract.Rescheduling) -> Iterable[Key]:
    """The agendas of its days."""
    return agendas(action, span(data.starts_at, data.minutes))


@needs_more(contract.ConveneSession, contract.RescheduleSession, contract.SessionConvened, contract.SessionRescheduled)
def near_in_time(states: States, fact: Action | Event, data: Any) -> Iterator[Key]:  # noqa: ANN401  # one of the four
    """The agendas of every time that it has or may have again, and the sessions whose time hangs together with it."""
    times = {span(data.starts_at, data.minutes)}
    with suppress(NotLoaded):
        times.update(session_of(states, fact, data.session).times())
    near = [data.session]
    for time in sorted(times):
        for day in agendas(fact, time):
            yield day
            with suppress(NotLoaded):
                near += overlapping([states.of(Agenda, day)], data.session, time)
    yield from known_chain(states, fact, *near)


def known_chain(states: States, fact: Action | Event, *idents: str) -> Iterator[Key]:
    """The keys of chains as far as what is loaded names them: asked again once these are, they may be longer."""

    def overlaps(session: str) -> Iterable[str]:
        try:
            return session_of(states, fact, session).overlaps
        except NotLoaded:
            return ()

    yield from (fact.key("session", session) for session in _linked(idents, overlaps))


def chain_of(states: States, fact: Action | Event, ident: str) -> dict[str, Session]:
    """The session, and all whose time hangs together with its own: that overlap it, or overlap such."""
    linked = _linked([ident], lambda session: session_of(states, fact, session).overlaps)
    return {session: session_of(states, fact, session) for session in linked}


def _linked(idents: Iterable[str], overlaps: Callable[[str], Iterable[str]]) -> Iterable[str]:
    known = dict.fromkeys(idents)
    linked = [*known]
    for session in linked:
        for other in overlaps(session):
            if other not in known:
                known[other] = None
                linked.append(other)
    return linked


# --- what takes place ---


def takes_place(states: States, action: Action, data: Any) -> Rejection | None:  # noqa: ANN401  # names a session
    """What happens in a session happens once it has begun, and in none that was cancelled."""
    session = session_of(states, action, data.session)
    if session.cancelled:
        return Rejection(
            "session-cancelled",
            f"The session {data.session} was cancelled (event {session.cancelled}). Revoke that if it took place after "
            "all, or correct session.",
            f"活动 {data.session} 已取消（事件 {session.cancelled}）。如仍已举行，请先撤销该取消，或更正 session。",
        )
    stamp = session.stamp
    if stamp is None or instant(stamp.starts_at) <= action.moment:
        return None
    return Rejection(
        "session-not-held",
        f"The session {data.session} begins at {stamp.starts_at}, after the time {action.time} of this. "
        "Send it again with a time from then on, or correct the session's start.",
        f"活动 {data.session} 于 {stamp.starts_at} 开始，晚于本操作的时间 {action.time}。"
        "请在开始后以实际时间重新发送，或更正活动的开始时间。",
    )
