"""What else a session brings: minutes, speeches, reflections, contests, observers' notes."""

from schemas import meeting
from schemas.base import instant
from services.recorder.domain.core import Action, Rejection, States
from services.recorder.domain.facts import Ruling, keeps, rule
from services.recorder.domain.learning.sessions import session_of, takes_place

keeps(meeting.SessionObserved)


@rule(meeting.DeliverSpeech, meeting.SubmitReflection, meeting.ScoreContest)
def brings_what_is_known_of_it(
    states: States, action: Action, data: meeting.Speech | meeting.Reflection | meeting.Contest
) -> Ruling:
    """In a session that takes place; the event carries what is known of it."""
    return takes_place(states, action, data) or {"session_stamp": session_of(states, action, data.session).stamp}


@rule(meeting.RecordMinutes, meeting.ObserveSession)
def of_one_that_takes_place(states: States, action: Action, data: meeting.Minutes | meeting.Observation) -> Ruling:
    """Minutes and notes are of what took place."""
    return takes_place(states, action, data)


@rule(meeting.RecordMinutes)
def ends_after_it_begins(states: States, action: Action, data: meeting.RecordMinutes) -> Ruling:
    """The minutes say when it ended: not before it began."""
    stamp = session_of(states, action, data.session).stamp
    if stamp is None or data.ended_at is None or instant(data.ended_at) > instant(stamp.starts_at):
        return None
    return Rejection(
        "invalid-field",
        f"/data/ended_at: {data.ended_at} is not after the start of {data.session}, {stamp.starts_at}. Correct it.",
        f"/data/ended_at：{data.ended_at} 不晚于活动 {data.session} 的开始时间 {stamp.starts_at}。请更正。",
    )
