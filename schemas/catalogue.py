"""Every type of action and event by its stored name: the closed unions, and which event an action becomes."""

from __future__ import annotations

from typing import Final, get_args

from schemas import entries, erasure, learning, people, talk, welfare, work
from schemas.base import ActionData, EventData

Action = people.Action | erasure.Action | learning.Action | talk.Action | work.Action | welfare.Action | entries.Action
Event = people.Event | erasure.Event | learning.Event | talk.Event | work.Event | welfare.Event | entries.Event

ACTIONS: Final[dict[str, type[ActionData]]] = {model.TYPE: model for model in get_args(Action)}
EVENTS: Final[dict[str, type[EventData]]] = {model.TYPE: model for model in get_args(Event)}

# What an action becomes; correct-entry becomes a revocation and whatever its replacement becomes.
BECOMES: Final[dict[str, str]] = {
    people.DefineSection.TYPE: people.SectionDefined.TYPE,
    people.RegisterPerson.TYPE: people.PersonRegistered.TYPE,
    people.AssumePost.TYPE: people.PostAssumed.TYPE,
    people.EndPost.TYPE: people.PostEnded.TYPE,
    people.TransferPerson.TYPE: people.PersonTransferred.TYPE,
    erasure.ErasePerson.TYPE: erasure.PersonErased.TYPE,
    erasure.PlaceHold.TYPE: erasure.HoldPlaced.TYPE,
    erasure.LiftHold.TYPE: erasure.HoldLifted.TYPE,
    learning.ConveneSession.TYPE: learning.SessionConvened.TYPE,
    learning.RecordAttendance.TYPE: learning.AttendanceRecorded.TYPE,
    learning.CreditHours.TYPE: learning.HoursCredited.TYPE,
    talk.HoldTalk.TYPE: talk.TalkHeld.TYPE,
    work.FileOutput.TYPE: work.OutputFiled.TYPE,
    welfare.MakeHomeVisit.TYPE: welfare.HomeVisitMade.TYPE,
    entries.RevokeEntry.TYPE: entries.EntryRevoked.TYPE,
}
