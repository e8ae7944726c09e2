"""Welfare work (实事工程): needs, home visits, gatherings. Their types begin with ``chengzhang.welfare.``."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from schemas.base import (
    MOST_FEN,
    MOST_RELATIVES,
    ActionData,
    Day,
    EventData,
    Fields,
    Id,
    LongText,
    Many,
    On,
    Person,
    Stamped,
    Text,
    Title,
)
from schemas.declared import New, Ref, Secret, Values, Words
from schemas.entries.following import PackId

Class = Annotated[
    Literal["festival", "event"], Words("类别", "class"), Values.of(festival="节日慰问", event="婚丧嫁娶等家事")
]
Fund = Annotated[
    Literal["union", "welfare", "none"], Words("经费", "fund"), Values.of(union="工会经费", welfare="福利费", none="无")
]
Fen = Annotated[int, Field(ge=0, le=MOST_FEN), Words("金额（分）", "1/100 yuan")]
Gathered = Annotated[
    Literal["family", "ball-game", "culture"],
    Words("形式", "kind"),
    Values.of(family="联欢", ball_game="球类", culture="文化"),
]


# --- needs ---


class Need(Fields):
    """What somebody needs (需求); what it is and of what kind is sealed."""

    WORDS: ClassVar = Words("需求", "need")

    need: Annotated[Id, New("need"), Words("需求", "need")]
    person: Stamped
    kind: Annotated[Text, Secret("person"), Words("需求类别", "kind of need")]
    what: Annotated[LongText, Secret("person"), Words("需求内容", "what is needed")]


class RaiseNeed(Need, ActionData, name="chengzhang.welfare.raise-need.v1"):
    """Record what a cadre needs (需求); sealed, so this comes over HTTP."""


class NeedRaised(Need, EventData, name="chengzhang.welfare.need-raised.v1", of=RaiseNeed):
    """A need was raised."""


class Meeting(Fields):
    """A need was met on a day; how is sealed under the key of whoever has it."""

    WORDS: ClassVar = Words("需求解决", "need met")

    need: Annotated[Id, Ref("need"), Words("需求", "need")]
    on: On
    how: Annotated[LongText, Secret("need"), Words("解决方式", "how it was met")]


class MeetNeed(Meeting, ActionData, name="chengzhang.welfare.meet-need.v1"):
    """Record how a need was met; sealed, so this comes over HTTP."""


class NeedMet(Meeting, EventData, name="chengzhang.welfare.need-met.v1", of=MeetNeed):
    """A need was met."""


# --- home visits ---


class Visit(Fields):
    """To whom, on what occasion, of what class, at whose cost; the occasion is sealed."""

    person: Stamped
    occasion: Annotated[LongText, Secret("person"), Words("事由", "occasion")]
    class_: Class = Field(alias="class", description="whether an event is for joy or care is in the sealed occasion")
    fund: Fund
    fen: Fen = Field(description="1/100 yuan; zero is normal")


class Proposal(Visit):
    """A home visit as it is proposed."""

    WORDS: ClassVar = Words("家访申请", "home visit proposed")

    visit: Annotated[Id, New("visit", again=True), Words("家访", "visit")]


class ProposeVisit(Proposal, ActionData, name="chengzhang.welfare.propose-visit.v1"):
    """Propose a home visit (家访); its occasion is sealed. It is made once it is approved, and as it was."""


class VisitProposed(Proposal, EventData, name="chengzhang.welfare.visit-proposed.v1", of=ProposeVisit):
    """A home visit was proposed."""


class Approval(Fields):
    """Who approved a proposed visit."""

    WORDS: ClassVar = Words("家访审批", "home visit approved")

    visit: Annotated[Id, Ref("visit"), Words("家访", "visit")]
    approver: Annotated[Person, Words("审批人", "approver")]


class ApproveVisit(Approval, ActionData, name="chengzhang.welfare.approve-visit.v1"):
    """Approve a home visit that was proposed."""


class VisitApproved(Approval, EventData, name="chengzhang.welfare.visit-approved.v1", of=ApproveVisit):
    """A home visit was approved."""


class HomeVisit(Visit):
    """A home visit (家访); it may come unproposed, and is made once."""

    WORDS: ClassVar = Words("家访", "home visit")

    visit: Annotated[Id, New("visit", again=True), Words("家访", "visit")]
    event_on: Annotated[Day, Words("事件日期", "day of the occasion")]
    visitors: Annotated[Many[Person], Words("走访人", "visitors")] = ()
    need: Annotated[Id, Ref("need"), Words("需求", "need")] | None = None


# Caps are by occasion: as the packs call it, or as people say it; the first that fits.
_OCCASIONS: Final[Mapping[str, str]] = {
    "retirement": "退休",
    "death-of-kin": "(配偶|父|母|子女|儿子|女儿|亲属|家人|岳|公公|婆婆).*(去世|逝世|病故|过世)|丧",
    "death-of-member": "去世|逝世|病故|过世",
    "surgery": "手术",
    "hospital": "住院|患病|生病",
    "wedding": "婚",
    "birthday": "生日",
    "birth": "生育|出生|分娩|添丁|得子|得女",
    "festivals": "春节|元旦|元宵|清明节|劳动节|端午|中秋|国庆|重阳|节日",
}


def occasion_of(text: str) -> str:
    """The occasion's code in rule packs; none where it says something else."""
    return next((code for code, said in _OCCASIONS.items() if text.strip() == code or re.search(said, text)), "")


class MakeHomeVisit(HomeVisit, ActionData, name="chengzhang.welfare.make-home-visit.v1"):
    """Record a home visit (家访); its occasion is sealed. At the union's cost no more than the pack's cap."""

    def gist(self) -> Mapping[str, str]:
        """The occasion's code, by which the pack has its cap; a festival's are those of a year together."""
        return {"occasion": "festivals" if self.class_ == "festival" else occasion_of(self.occasion)}


class HomeVisitMade(HomeVisit, EventData, name="chengzhang.welfare.home-visit-made.v1", of=MakeHomeVisit):
    """A home visit was made."""

    rule_pack: PackId = Field(
        description="the pack that was followed on the day of the occasion: its caps bind the union's fund"
    )


# --- gatherings ---


class Gathering(Fields):
    """A gathering of cadres and their families (联欢), a ball game, an evening of culture."""

    WORDS: ClassVar = Words("联欢活动", "gathering")

    gathering: Annotated[Id, New("gathering"), Words("活动", "gathering")]
    kind: Gathered
    title: Title
    on: On
    persons: Annotated[Many[Person], Words("参加人", "persons")]
    relatives: Annotated[int, Field(ge=0, le=MOST_RELATIVES), Words("家属人数", "relatives")] = Field(
        description="how many relatives came along"
    )


class HoldGathering(Gathering, ActionData, name="chengzhang.welfare.hold-gathering.v1"):
    """Record a gathering of families (联欢), a ball game (球类) or an evening of culture."""


class GatheringHeld(Gathering, EventData, name="chengzhang.welfare.gathering-held.v1", of=HoldGathering):
    """A gathering was held."""
