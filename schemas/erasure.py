"""Erasing a person (删除), and holds that forbid it (保全). Their types begin with ``chengzhang.people.``.

``basis`` is not sealed: the number of a decision or the article of a law, never text about the person.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import ActionData, EventData, EventId, Id, Text

Basis = Annotated[Text, Field(description="on what ground: a decision's number, an article; not about the person")]


class ErasePerson(ActionData):
    """Erase a person (删除): the key is destroyed, so that no sealed text about the person opens any more."""

    TYPE: ClassVar[str] = "chengzhang.people.erase-person.v1"

    person: Id
    basis: Basis


class PersonErased(EventData):
    """A person was erased; facts stay under the person's id, sealed texts are erased with the key."""

    TYPE: ClassVar[str] = "chengzhang.people.person-erased.v1"

    person: Id
    basis: Basis


class PlaceHold(ActionData):
    """Place a hold on a person (保全): no erasure while it lasts."""

    TYPE: ClassVar[str] = "chengzhang.people.place-hold.v1"

    person: Id
    basis: Basis


class HoldPlaced(EventData):
    """A hold was placed."""

    TYPE: ClassVar[str] = "chengzhang.people.hold-placed.v1"

    person: Id
    basis: Basis


class LiftHold(ActionData):
    """Lift a hold (解除保全): of several the first that stands."""

    TYPE: ClassVar[str] = "chengzhang.people.lift-hold.v1"

    person: Id
    basis: Basis


class HoldLifted(EventData):
    """A hold was lifted; ``hold`` is the event that placed it."""

    TYPE: ClassVar[str] = "chengzhang.people.hold-lifted.v1"

    person: Id
    basis: Basis
    hold: EventId


Action = ErasePerson | PlaceHold | LiftHold
Event = PersonErased | HoldPlaced | HoldLifted
