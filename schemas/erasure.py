"""Erasing a person (删除), and holds that forbid it (保全). Their types begin with ``chengzhang.people.``."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import ActionData, EventData, EventId, Fields, Stamped, Text
from schemas.declared import Words


class Ground(Fields):
    """Whom it is about, and on what ground. The ground is not sealed: it never says anything about the person."""

    person: Stamped
    basis: Annotated[Text, Words("依据", "basis")] = Field(
        description="on what ground: a decision's number, an article; not about the person"
    )


class ErasePerson(Ground, ActionData, name="chengzhang.people.erase-person.v1"):
    """Erase a person (删除): the key is destroyed, so that no sealed text about the person opens any more."""

    WORDS: ClassVar = Words("删除个人信息", "erasure")


class PersonErased(Ground, EventData, name="chengzhang.people.person-erased.v1", of=ErasePerson):
    """A person was erased; facts stay under the person's id, sealed texts are erased with the key."""


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
