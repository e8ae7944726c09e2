"""Erasing persons, and holds that forbid it.

An erased person's facts stay, under the id; what needs the person's key can't be recorded any more in that office.
Each office decides about its own, by its own retention period. It takes two: whoever confirms an erasure is another
identity than who requested it, and does so after a while. Neither an erasure nor a hold is ever taken back: a hold is
lifted, and a key that is destroyed doesn't come again. A request is revoked like any fact, until it was confirmed.
"""

from collections.abc import Iterable
from datetime import UTC, date, timedelta
from typing import Final

from schemas.base import instant
from schemas.people import erasure as contract
from schemas.people.cadres import PersonRegistered, PostEnded
from services.recorder.domain.deciding.core import Action, Event, Held, Rejection, States, Thing, rests, state, unknown
from services.recorder.domain.deciding.facts import Ruling, keeps, rule, upholds
from services.recorder.domain.deciding.timeline import Person, person

KIND: Final = "erasure"
NEVER_TAKEN_BACK: Final = (contract.PersonErased, contract.HoldPlaced, contract.HoldLifted)

keeps(contract.ErasureRequested, "requested_by", "not_before", by=KIND)
keeps(contract.PersonErased, "request", by=KIND)
keeps(contract.HoldPlaced, by=KIND)
keeps(contract.HoldLifted, "hold", by=KIND)


@state(KIND)
class Erasure(Thing):
    """Of a person in an office: the erasure, and the holds with what lifted them."""

    @property
    def erased(self) -> str | None:
        """The event that erased."""
        return next(iter(self.of_type(contract.PersonErased)), None)

    @property
    def holds(self) -> tuple[str, ...]:
        """The events of the holds that stand, the oldest first."""
        lifted = {fact.data["hold"] for fact in self.of_type(contract.HoldLifted).values()}
        return tuple(event for event in self.of_type(contract.HoldPlaced) if event not in lifted)

    @property
    def requests(self) -> dict[str, Held]:
        """The requests that stand."""
        return self.of_type(contract.ErasureRequested)


def erasure(states: States, action: Action, ident: str) -> Erasure:
    """What an office has decided of the person's erasure."""
    return states.of(Erasure, action.key(KIND, ident))


@rule(contract.RequestErasure, contract.ErasePerson, contract.PlaceHold)
def once_erased_always(states: States, action: Action, data: contract.Ground) -> Ruling:
    """Nobody is erased twice, nor held afterwards."""
    return erased(data.person) if erasure(states, action, data.person).erased else None


@rule(contract.ErasePerson)
def neither_held_nor_retained(states: States, action: Action, data: contract.ErasePerson) -> Ruling:
    """No erasure under a hold, nor within the retention period."""
    holds = erasure(states, action, data.person).holds
    return _held(data.person, holds) if holds else _retained(data.person, person(states, action, data.person), action)


@rule(contract.RequestErasure)
def waits(_states: States, action: Action, _data: contract.RequestErasure) -> Ruling:
    """Who asks, and from when on it may be confirmed."""
    earliest = action.now + timedelta(hours=action.terms.delay_hours)
    not_before = earliest.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"requested_by": action.by, "not_before": not_before}


@rule(contract.ErasePerson)
def confirms_a_request(states: States, action: Action, data: contract.ErasePerson) -> Ruling:
    """Of another identity, that has waited long enough."""
    requests = erasure(states, action, data.person).requests
    others = {event: fact for event, fact in requests.items() if fact.data["requested_by"] != action.by}
    ripe = [event for event, fact in others.items() if instant(fact.data["not_before"]) <= action.now]
    if ripe:
        return {"request": ripe[0]}
    return (
        _early(data.person, others.values()) if others else _alone(data.person) if requests else _unasked(data.person)
    )


@rule(contract.LiftHold)
def lifts_the_oldest(states: States, action: Action, data: contract.LiftHold) -> Ruling:
    """Of several holds the first that stands."""
    holds = erasure(states, action, data.person).holds
    return {"hold": holds[0]} if holds else unknown("hold", data.person)


def keyless(states: States, action: Action) -> Rejection | None:
    """A rejection where sealed fields of this fact would need the key of somebody who was erased."""
    owner = str(action.owner)
    return erased(owner) if erasure(states, action, owner).erased else None


@upholds(contract.ErasureRequested)
def confirmed(after: States, event: Event, data: contract.ErasureRequested) -> Rejection | None:
    """A request stays that was confirmed."""
    erasures = after.of(Erasure, event.key(KIND, data.person)).of_type(contract.PersonErased)
    on_it = [ident for ident, fact in erasures.items() if fact.data["request"] == event.id]
    return rests(event.id, on_it) if on_it else None


def _unasked(ident: str) -> Rejection:
    return Rejection(
        "unknown-reference",
        f"Nobody has requested to erase {ident} in this office. "
        "Send people.request-erasure first, from another identity.",
        f"该机关没有删除 {ident} 的有效申请。请先由另一身份发送 people.request-erasure。",
    )


def _alone(ident: str) -> Rejection:
    return Rejection(
        "not-yours",
        f"Who requested to erase {ident} can't confirm it. It takes another identity, with a token of its own.",
        f"申请删除 {ident} 的身份不能自行确认，须由持有另一令牌的身份确认。",
    )


def _early(ident: str, requests: Iterable[Held]) -> Rejection:
    earliest = min((fact.data["not_before"] for fact in requests), key=instant)
    return Rejection(
        "not-yet",
        f"The erasure of {ident} may be confirmed from {earliest} on. Send this again then.",
        f"{earliest} 起方可确认删除 {ident}。请届时重新发送。",
    )


def erased(ident: str) -> Rejection:
    """Nothing can be sealed, held or erased for that person any more."""
    return Rejection(
        "erased",
        f"{ident} was erased, for ever: no text about this person can be recorded any more, and no hold placed.",
        f"{ident} 已删除，不可恢复：不能再登记与其有关的文字内容，也不能再设保全。",
    )


def _held(ident: str, holds: tuple[str, ...]) -> Rejection:
    listed = ", ".join(holds)
    return Rejection(
        "on-hold",
        f"A hold forbids erasing {ident}: {listed}. Lift it first, then send this again.",
        f"{ident} 处于保全之中（{listed}），不能删除。请先解除保全，再重新发送。",
    )


def _retained(ident: str, state: Person, action: Action) -> Rejection | None:
    """The retention period runs from the day on which the last post ended; for one who held none, from joining."""
    days = action.terms.retention_days
    if not days:
        return None
    if state.held(action.day):
        return Rejection(
            "within-retention",
            f"{ident} holds a post, and files are kept for {days} days after the last one. End it first.",
            f"{ident} 仍在任职，档案自最后一任职务结束起保存 {days} 天。请先登记免职。",
        )
    joined = [fact.data["joined_on"] for fact in state.of_type(PersonRegistered).values()]
    since = max((fact.data["on"] for fact in state.of_type(PostEnded).values()), default=joined[0])
    until = (date.fromisoformat(since) + timedelta(days=days)).isoformat()
    if action.day >= until:
        return None
    return Rejection(
        "within-retention",
        f"The file of {ident} is kept until {until}. Send this again from that day on.",
        f"{ident} 的档案须保存至 {until}。请在该日或之后重新发送。",
    )
