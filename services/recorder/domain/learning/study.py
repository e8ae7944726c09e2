"""Study time credited for sessions, and sessions made up."""

from collections.abc import Iterable
from typing import Any, Final

from schemas.base import instant
from schemas.learning import meeting
from schemas.learning.sessions import RescheduleSession, SessionConvened, SessionRescheduled, SessionStamp
from services.recorder.domain import packs
from services.recorder.domain.deciding import facts
from services.recorder.domain.deciding.core import Action, Changes, Event, Key, Rejection, States, rests
from services.recorder.domain.deciding.facts import ByHand, Ruling, needs, needs_more, rule, upholds
from services.recorder.domain.learning.sessions import Credit, credit_key, day_of, session_of, takes_place

HALF_A_DAY: Final = 240  # minutes


# --- credit: held by its session ---


def credit(states: States, event: Event, data: meeting.HoursCredited) -> Changes:
    """Study time is credited for a session."""
    session = session_of(states, event, data.session)
    credited = Credit(event.id, data.centi_xueshi, int(instant(event.time).timestamp()))
    key = credit_key(data.person, data.account)
    return {event.key("session", data.session): session.but(credits=session.credits | {key: credited})}


def discredit(states: States, event: Event, data: meeting.HoursCredited) -> Changes:
    """It is taken back."""
    session, gone = session_of(states, event, data.session), credit_key(data.person, data.account)
    kept = {key: credited for key, credited in session.credits.items() if key != gone}
    return {event.key("session", data.session): session.but(credits=kept)}


facts.BY_HAND[meeting.HoursCredited] = ByHand(credit, discredit)


@needs(meeting.CreditHours, meeting.CompleteMakeUp)
def whether_made_up(action: Action, data: meeting.CreditHours | meeting.CompleteMakeUp) -> Iterable[Key]:
    """Whether the person made the session up; by which pack credit goes."""
    yield made_up_key(action, data.session, data.person)
    yield packs.key(action)


@rule(meeting.CreditHours)
def credits_who_was_there(states: States, action: Action, data: meeting.CreditHours) -> Ruling:
    """Once an account, to who was there or made it up, and no more than the session's length gives."""
    if refusal := takes_place(states, action, data):
        return refusal
    session = session_of(states, action, data.session)
    if not (session.attended(data.person) or made_up_by(states, action, data.session, data.person)):
        return Rejection(
            "no-attendance",
            f"{data.person} neither attended {data.session} nor made it up, as far as is recorded. "
            "Record that first, then send this again.",
            f"没有 {data.person} 参加 {data.session} 或补课的记录。请先登记签到或补课，再重新发送。",
        )
    if before := session.credits.get(credit_key(data.person, data.account)):
        return Rejection(
            "credit-twice",
            f"{data.person} has credit for {data.session} in the account {data.account} already "
            f"(event {before.event}).",
            f"{data.person} 在 {data.session} 的该类学时已登记（事件 {before.event}）。",
        )
    assert session.stamp is not None, data.session  # somebody attended or made it up
    most = most_credit(states, action, session.stamp)
    if data.centi_xueshi > most:
        pack = packs.followed(states, action, day_of(session.stamp))
        return Rejection(
            "credit-above-session",
            f"{data.centi_xueshi / 100:g} study hours are more than the {session.stamp.minutes} minutes of "
            f"{data.session} give: at most {most / 100:g} by the pack {pack.pack} (study). Give what was earned in it.",
            f"{data.centi_xueshi / 100:g} 学时超出活动 {data.session}（{session.stamp.minutes} 分钟）"
            f"按规则包 {pack.pack}（学时折算）所能计的 {most / 100:g} 学时。请填写实际所得。",
        )
    return {"session_stamp": session.stamp}


def most_credit(states: States, fact: Action | Event, stamp: SessionStamp | None) -> int:
    """What a session gives at most, in hundredths: by its length, and no more than half a day, or days, give."""
    if stamp is None:
        return 0
    study = packs.followed(states, fact, day_of(stamp)).study
    by_length = -(-stamp.minutes // study.minutes_a_xueshi.value) * 100
    most = study.half_day_centi_xueshi if stamp.minutes <= HALF_A_DAY else study.day_centi_xueshi
    return min(by_length, most.value)


@needs_more(RescheduleSession, SessionConvened, SessionRescheduled)
def by_which_pack(_states: States, fact: Action | Event, _data: Any) -> Iterable[Key]:  # noqa: ANN401  # any of them
    """Credits must still fit into a session of another length."""
    yield packs.key(fact)


# --- make-up ---


def made_up_key(fact: Action | Event, session: str, person: str) -> Key:
    """The row of a person's make-up of a session."""
    return facts.once_key(fact.office, meeting.MakeUpCompleted, {"session": session, "person": person})


def made_up_by(states: States, fact: Action | Event, session: str, person: str) -> str | None:
    """The event by which that person made it up."""
    return next(iter(facts.thing(states, made_up_key(fact, session, person)).facts), None)


@rule(meeting.CompleteMakeUp)
def makes_up_what_was_missed(states: States, action: Action, data: meeting.CompleteMakeUp) -> Ruling:
    """Who was on leave or absent makes up, not before the session's day."""
    if refusal := takes_place(states, action, data):
        return refusal
    session = session_of(states, action, data.session)
    line = session.roll.get(data.person)
    if line is None or session.attended(data.person):
        return Rejection(
            "no-leave",
            f"{data.person} has neither leave nor absence on the roll of {data.session}: there is nothing to make up. "
            "Record or correct the roll first, then send this again.",
            f"{data.session} 的签到表上 {data.person} 既无请假也无缺席，无须补课。请先登记或更正签到，再重新发送。",
        )
    assert session.stamp is not None, data.session  # it has a roll
    if data.on < (day := day_of(session.stamp)):
        return Rejection(
            "session-not-held",
            f"{data.session} takes place on {day}; it can't be made up on {data.on} already. Correct on.",
            f"活动 {data.session} 于 {day} 举行，不能在 {data.on} 补课。请更正 on。",
        )
    return {"session_stamp": session.stamp}


@needs_more(meeting.MakeUpCompleted)
def whose_credit(_states: States, event: Event, data: meeting.MakeUpCompleted) -> Iterable[Key]:
    """Credits are held by the session."""
    yield event.key("session", data.session)


@upholds(meeting.MakeUpCompleted)
def holds_its_credit(after: States, event: Event, data: meeting.MakeUpCompleted) -> Rejection | None:
    """A credit of who was away rests on the make-up."""
    session = session_of(after, event, data.session)
    credited = session.credited(data.person)
    if session.attended(data.person) or made_up_by(after, event, data.session, data.person):
        return None
    return rests(event.id, credited) if credited else None
