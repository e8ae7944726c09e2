"""Needs, visits, gatherings, phrases, the spirit, the pack that is followed, in any order: every rule holds."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from services.recorder.domain.deciding.core import Rejection
from tests.unit.machine import LATE, Life
from tests.unit.office import Office, founded

WHO = st.sampled_from(("p-1", "p-2", "p-3"))
IDS = st.sampled_from(("1", "2", "3"))
DAYS = st.sampled_from(("2025-03-02", "2025-12-30", "2026-02-16", "2026-10-01"))
PACKS = st.sampled_from(("anhui-2025", "anhui-2026", "guangdong-2026", "national-2026"))
OCCASIONS = st.sampled_from(("结婚", "春节慰问", "看望"))
CLASSES, FUNDS = st.sampled_from(("festival", "event")), st.sampled_from(("union", "welfare", "none"))
FEN = st.sampled_from((0, 60_000, 100_000, 100_001, 200_000, 200_001))
# domain.md 5, in fen: a wedding each, festivals of a calendar year together.
WEDDING = {"anhui": 200_000, "guangdong": 100_000}
FESTIVALS = {"anhui": 200_000}
GUIDES = st.sampled_from(("people", "harmony"))


class Care(Life):
    """Needs and visits of three people, while the office follows now this pack and now that."""

    def begun(self) -> Office:
        """Three cadres."""
        return founded()

    # --- the pack ---

    @rule(pack=PACKS, from_on=DAYS)
    def follow(self, pack: str, from_on: str) -> None:
        self.send("any.follow-pack", {"pack": pack, "from_on": from_on})

    @rule(place=st.integers(0, 9), pack=PACKS, from_on=DAYS)
    def mend_what_is_followed(self, place: int, pack: str, from_on: str) -> None:
        said = self.events("any.pack-followed")
        if said:
            self.replace(said[place % len(said)], "any.follow-pack", {"pack": pack, "from_on": from_on})

    def _pack(self, day: str) -> str:
        """The one followed last from then or before, of one day as recorded last; else the nation's of the year."""
        said = [(str(data.from_on), place, data.pack) for place, data in enumerate(self.of("any.pack-followed"))]
        begun = sorted(each for each in said if each[0] <= day)
        return str(begun[-1][2]) if begun else f"national-{day[:4]}"

    # --- needs ---

    @rule(ident=IDS, who=WHO)
    def need(self, ident: str, who: str) -> None:
        self.send("welfare.raise-need", {"need": ident, "person": who, "kind": "入园", "what": "证明"})

    @rule(ident=IDS, on=DAYS)
    def meet(self, ident: str, on: str) -> None:
        there = {data.need for data in self.of("welfare.need-raised")}
        decided = self.send("welfare.meet-need", {"need": ident, "on": on, "how": "已办"})
        assert isinstance(decided, Rejection) == (ident not in there)

    # --- visits ---

    @rule(ident=IDS, who=WHO, occasion=OCCASIONS, class_=CLASSES, fund=FUNDS, fen=FEN)
    def propose(self, ident: str, who: str, occasion: str, class_: str, fund: str, fen: int) -> None:  # noqa: PLR0917
        data = {"visit": ident, "person": who, "occasion": occasion, "class": class_, "fund": fund, "fen": fen}
        self.send("welfare.propose-visit", data)

    @rule(ident=IDS, who=WHO)
    def approve(self, ident: str, who: str) -> None:
        self.send("welfare.approve-visit", {"visit": ident, "approver": who})

    @rule(ident=IDS, who=WHO, occasion=OCCASIONS, class_=CLASSES, fund=FUNDS, fen=FEN, on=DAYS)
    def visit(self, ident: str, who: str, occasion: str, class_: str, fund: str, fen: int, on: str) -> None:  # noqa: PLR0917
        self._visited(ident, {"person": who, "occasion": occasion, "class": class_, "fund": fund, "fen": fen}, on)

    @rule(place=st.integers(0, 9), occasion=OCCASIONS, on=DAYS)
    def visit_as_proposed(self, place: int, occasion: str, on: str) -> None:
        proposed = self.of("welfare.visit-proposed")
        if proposed:
            one = proposed[place % len(proposed)]
            said = {"person": one.person, "class": one.class_, "fund": one.fund, "fen": one.fen}
            self._visited(one.visit, said | {"occasion": occasion}, on)

    def _visited(self, ident: str, said: dict[str, Any], on: str) -> None:
        """Accepted only within the cap of the pack of that day, which is told with it."""
        pack = self._pack(on)
        cost, cap = said["fen"], self._cap(said, pack)
        if said["class"] == "festival":
            cost += self._festivals(said["person"], on[:4])
        decided = self.send("welfare.make-home-visit", {"visit": ident, "event_on": on, **said})
        if isinstance(decided, Rejection):
            assert decided.code in {"id-reused", "not-as-approved"} or (decided.code == "over-cap" and cost > cap)
            return
        assert cost <= cap
        assert decided[0].data.rule_pack == pack

    def _cap(self, said: dict[str, Any], pack: str) -> float:
        """Caps bind the union's fund only."""
        if said["fund"] != "union":
            return float("inf")
        caps = {"结婚": WEDDING, "春节慰问": FESTIVALS}.get(said["occasion"], {})
        if said["class"] == "festival":
            caps = FESTIVALS
        return caps.get(pack.partition("-")[0], float("inf"))

    def _festivals(self, who: str, year: str) -> int:
        """What somebody's festivals of a year have cost the union so far."""
        made = self.of("welfare.home-visit-made")
        mine = [each for each in made if each.person == who and str(each.event_on)[:4] == year]
        return sum(each.fen for each in mine if each.class_ == "festival" and each.fund == "union")

    @invariant()
    def a_visit_is_proposed_once_and_made_once(self) -> None:
        for type_ in ("welfare.visit-proposed", "welfare.home-visit-made"):
            idents = [data.visit for data in self.of(type_)]
            assert len(idents) == len(set(idents))

    @invariant()
    def what_was_proposed_is_approved_before_it_is_made_and_made_as_it_was(self) -> None:
        proposed = {data.visit: data for data in self.of("welfare.visit-proposed")}
        approved = {data.visit for data in self.of("welfare.visit-approved")}
        assert approved <= proposed.keys()
        for made in self.of("welfare.home-visit-made"):
            if (agreed := proposed.get(made.visit)) is not None:
                assert made.visit in approved
                assert (made.person, made.class_, made.fund, made.fen) == (
                    agreed.person, agreed.class_, agreed.fund, agreed.fen,
                )  # fmt: skip

    @invariant()
    def a_need_is_met_that_was_raised(self) -> None:
        raised = {data.need for data in self.of("welfare.need-raised")}
        assert {data.need for data in self.of("welfare.need-met")} <= raised
        assert len(raised) == len(self.of("welfare.need-raised"))


class Spirit(Life):
    """Phrases that people propose, what is adopted of them, and conduct that lives it."""

    def begun(self) -> Office:
        """Three cadres in a section."""
        return founded()

    @rule(ident=IDS, who=WHO, day=DAYS)
    def propose(self, ident: str, who: str, day: str) -> None:
        self.send("spirit.propose-phrase", {"phrase": ident, "person": who, "text": "求实"}, f"{day}T09:00:00+08:00")

    @rule(ident=IDS, made_from=st.lists(IDS, max_size=2, unique=True), day=DAYS)
    def adopt(self, ident: str, made_from: list[str], day: str) -> None:
        phrases = [{"text": "求实创新", "from": made_from}, {"text": "为民"}]
        data = {"spirit": ident, "phrases": phrases, "guides": [{"guide": "people", "text": "知人善任"}], "on": day}
        there = {data.phrase: event.time for event, data in self._phrases()}
        taken = {data.spirit for data in self.of("spirit.spirit-adopted")}
        known = all(there.get(phrase, LATE) <= f"{day}T09:00:00+08:00" for phrase in made_from)
        decided = self.send("spirit.adopt-spirit", data, f"{day}T09:00:00+08:00")
        assert isinstance(decided, Rejection) == (not known or ident in taken)

    @rule(ident=IDS, whose=st.sampled_from(({"person": "p-1"}, {"section": "s-1"})), guide=GUIDES, by=WHO)
    def recognise(self, ident: str, whose: dict[str, str], guide: str, by: str) -> None:
        data = {"recognition": ident, "guide": guide, "for_what": "蹲点", "by": by, **whose}
        taken = {data.recognition for data in self.of("spirit.conduct-recognised")}
        assert isinstance(self.send("spirit.recognise-conduct", data), Rejection) == (ident in taken)

    def _phrases(self) -> list[tuple[Any, Any]]:
        return [(event, event.data) for event in self.events("spirit.phrase-proposed")]

    @invariant()
    def what_was_adopted_is_made_of_phrases_that_stand(self) -> None:
        proposed = {data.phrase for _, data in self._phrases()}
        adopted = self.of("spirit.spirit-adopted")
        assert {phrase for spirit in adopted for made in spirit.phrases for phrase in made.from_} <= proposed
        assert len({spirit.spirit for spirit in adopted}) == len(adopted)

    @invariant()
    def a_recognition_of_a_person_is_stamped_and_of_a_section_it_is_nobodys(self) -> None:
        for data in self.of("spirit.conduct-recognised"):
            assert [stamp.person for stamp in data.stamps] == ([data.person] if data.person else [])


for machine in (Care, Spirit):
    machine.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestCare, TestSpirit = Care.TestCase, Spirit.TestCase
