"""What else a session brings: minutes, speeches, reflections, contests, observers' notes."""

from typing import Any

from schemas.base import instant
from schemas.learning import meeting
from services.recorder.domain.deciding.core import Action, Rejection, States
from services.recorder.domain.deciding.facts import Ruling, keeps, rule
from services.recorder.domain.learning.sessions import session_of, takes_place

keeps(meeting.SessionObserved)


@rule(
    meeting.DeliverSpeech,
    meeting.SubmitReflection,
    meeting.ScoreContest,
    meeting.RecordMinutes,
    meeting.ObserveSession,
)
def brings_what_is_known_of_it(states: States, action: Action, data: Any) -> Ruling:  # noqa: ANN401  # names a session
    """In a session that takes place; the event carries what is known of it."""
    return takes_place(states, action, data) or {"session_stamp": session_of(states, action, data.session).stamp}


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
