"""Welfare work (实事工程). Their types begin with ``chengzhang.welfare.``."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.base import ActionData, Amount, Day, EventData, Id, LongText, Many, MostFen, Sealed

Class = Literal["joy", "care", "festival"]
Fund = Literal["union", "welfare", "none"]


class MakeHomeVisit(ActionData):
    """Record a home visit (家访); its occasion is sealed."""

    TYPE: ClassVar[str] = "chengzhang.welfare.make-home-visit.v1"
    SEALED: ClassVar[tuple[str, ...]] = ("occasion",)

    visit: Id
    person: Id
    occasion: LongText = Field(json_schema_extra={"x-sealed": True})
    class_: Class = Field(alias="class")
    event_on: Day = Field(description="the day of the occasion itself")
    fund: Fund
    fen: Annotated[Amount, MostFen] = Field(description="1/100 yuan; zero is normal")
    visitors: Many[Id] = ()
    need: Id | None = None

    def owner(self) -> str:
        """The person visited."""
        return self.person


class HomeVisitMade(EventData):
    """A home visit was made."""

    TYPE: ClassVar[str] = "chengzhang.welfare.home-visit-made.v1"

    visit: Id
    person: Id
    occasion: Sealed
    class_: Class = Field(alias="class")
    event_on: Day
    fund: Fund
    fen: Amount
    visitors: Many[Id]
    need: Id | None = None

    def payload(self) -> dict[str, Any]:
        """``class`` is a word of Python: the one field whose name differs from its attribute."""
        members = super().payload()
        members["class"] = members.pop("class_")
        return members


Action = MakeHomeVisit
Event = HomeVisitMade
