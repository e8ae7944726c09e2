"""Welfare work (实事工程). Their types begin with ``chengzhang.welfare.``."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.base import MOST_FEN, ActionData, Day, EventData, Fields, Id, LongText, Many, Person, Stamped
from schemas.declared import New, Ref, Secret, Values, Words

Class = Annotated[
    Literal["festival", "event"], Words("类别", "class"), Values.of(festival="节日慰问", event="婚丧嫁娶等家事")
]
Fund = Annotated[
    Literal["union", "welfare", "none"], Words("经费", "fund"), Values.of(union="工会经费", welfare="福利费", none="无")
]


class HomeVisit(Fields):
    """A home visit (家访); its occasion is sealed."""

    WORDS: ClassVar = Words("家访", "home visit")

    visit: Annotated[Id, New("visit"), Words("家访", "visit")]
    person: Stamped
    occasion: Annotated[LongText, Secret("person"), Words("事由", "occasion")]
    class_: Class = Field(alias="class", description="whether an event is for joy or care is in the sealed occasion")
    event_on: Annotated[Day, Words("事件日期", "day of the occasion")]
    fund: Fund
    fen: Annotated[int, Field(ge=0, le=MOST_FEN), Words("金额（分）", "1/100 yuan")] = Field(
        description="1/100 yuan; zero is normal"
    )
    visitors: Annotated[Many[Person], Words("走访人", "visitors")] = ()
    need: Annotated[Id, Ref("need"), Words("需求", "need")] | None = None


class MakeHomeVisit(HomeVisit, ActionData, name="chengzhang.welfare.make-home-visit.v1"):
    """Record a home visit (家访); its occasion is sealed."""


class HomeVisitMade(HomeVisit, EventData, name="chengzhang.welfare.home-visit-made.v1", of=MakeHomeVisit):
    """A home visit was made."""

    def payload(self) -> dict[str, Any]:
        """``class`` is a word of Python: the one field whose name differs from its attribute."""
        members = super().payload()
        members["class"] = members.pop("class_")
        return members
