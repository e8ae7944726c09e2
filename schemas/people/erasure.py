"""Erasing a person (删除), and holds that forbid it (保全). Their types begin with ``chengzhang.people.``.

What can't be undone takes two: one identity requests, another confirms.
"""

from typing import Annotated, ClassVar, Final, TypeGuard, get_args

from pydantic import Field

from schemas.base import ActionData, EventData, EventId, Fields, Instant, Stamped, Text
from schemas.declared import Words
from schemas.envelope import Identity


class Ground(Fields):
    """Whom it is about, and on what ground. The ground is not sealed: it never says anything about the person."""

    person: Stamped
    basis: Annotated[Text, Words("依据", "basis")] = Field(
        description="on what ground: a decision's number, an article; not about the person"
    )


class RequestErasure(Ground, ActionData, name="chengzhang.people.request-erasure.v1"):
    """Ask for a person to be erased (申请删除): another identity confirms it by `erase-person`, or it is revoked."""

    WORDS: ClassVar = Words("申请删除个人信息", "erasure requested")


class ErasureRequested(Ground, EventData, name="chengzhang.people.erasure-requested.v1", of=RequestErasure):
    """A person's erasure was asked for."""

    requested_by: Annotated[Identity, Words("申请者", "requested by")] = Field(
        description="the token that asked: another one confirms"
    )
    not_before: Annotated[Instant, Words("最早执行时间", "not before")] = Field(
        description="when it may be confirmed at the earliest"
    )


class ErasePerson(Ground, ActionData, name="chengzhang.people.erase-person.v1"):
    """Erase a person (删除), as was requested: the key is destroyed, no sealed text about the person opens any more."""

    WORDS: ClassVar = Words("删除个人信息", "erasure")


class PersonErased(Ground, EventData, name="chengzhang.people.person-erased.v1", of=ErasePerson):
    """A person was erased; facts stay under the person's id, sealed texts are erased with the key."""

    request: Annotated[EventId, Words("删除申请", "request")] = Field(description="the event that asked for it")


class PlaceHold(Ground, ActionData, name="chengzhang.people.place-hold.v1"):
    """Place a hold on a person (保全): no erasure while it lasts."""

    WORDS: ClassVar = Words("设置保全", "hold placed")


class HoldPlaced(Ground, EventData, name="chengzhang.people.hold-placed.v1", of=PlaceHold):
    """A hold was placed."""


class LiftHold(Ground, ActionData, name="chengzhang.people.lift-hold.v1"):
    """Lift a hold (解除保全): of several the first that stands."""

    WORDS: ClassVar = Words("解除保全", "hold lifted")


class HoldLifted(Ground, EventData, name="chengzhang.people.hold-lifted.v1", of=LiftHold):
    """A hold was lifted; ``hold`` is the event that placed it."""

    hold: Annotated[EventId, Words("保全", "hold")]


Erasing = RequestErasure | ErasePerson | PlaceHold | LiftHold
_ERASING: Final = frozenset(get_args(Erasing))


def erases(data: Fields) -> TypeGuard[Erasing]:
    """Whether an action erases a person, or has to do with that."""
    return type(data) in _ERASING


# Taken over HTTP only, and from a grant that names the type itself.
IRREVOCABLE: Final = frozenset({ErasePerson.TYPE, PlaceHold.TYPE, LiftHold.TYPE})
