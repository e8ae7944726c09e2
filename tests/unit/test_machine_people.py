"""Posts, moves, ranks, party roles, secondments, leaves, leavings, cases in any order: people are where they were."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from services.recorder.domain.deciding.core import Rejection
from services.recorder.domain.deciding.timeline import Person
from tests.unit.machine import Json, Life
from tests.unit.office import Office, founded, person, post

WHO = st.sampled_from(("p-1", "p-2", "p-4"))  # p-4 is registered on the way
IDS = st.sampled_from(("a", "b"))
SECTIONS = st.sampled_from(("s-1", "s-2"))
TIERS = st.sampled_from(("leadership", "section-head", "staff"))
EVERY_DAY = ("2026-01-01", "2026-03-01", "2026-06-30", "2026-07-01", "2026-12-31")
DAYS = st.sampled_from(EVERY_DAY)
ROLES = st.sampled_from(("secretary", "committee", "member", "none"))
# What begins under an id, what ends it, and under which member.
SPANS = (
    ("people.secondment-started", "people.secondment-ended", "secondment"),
    ("people.long-leave-started", "people.long-leave-ended", "leave"),
)
NAMED_PAIRS = {"leadership-leadership", "leadership-section-head", "leadership-staff", "section-head-staff"}
COUNTS_AS = {"secretary": "committee", "committee": "committee", "member": "member", None: None}
NEVER = "9999-12-31"


class People(Life):
    """Whatever is recorded of three people: forwards and backdated, corrected and revoked."""

    def begun(self) -> Office:
        """Two cadres, each in a first post, and two sections."""
        office = founded("p-1", "p-2")
        office.did("people.define-section", {"section": "s-2", "name": "二科"}, "2020-01-01T08:00:00+08:00")
        return office

    @rule(joined=DAYS)
    def register(self, joined: str) -> None:
        self.send("people.register-person", person("p-4", joined_on=joined), f"{joined}T08:00:00+08:00")

    @rule(who=WHO, ident=IDS, tier=TIERS, section=SECTIONS, concurrent=st.booleans(), on=DAYS)
    def assume(self, who: str, ident: str, tier: str, section: str, on: str, *, concurrent: bool) -> None:
        self.send("people.assume-post", self._post(who, ident, tier, section, on, concurrent=concurrent))

    @rule(place=st.integers(0, 9), tier=TIERS, section=SECTIONS, on=DAYS)
    def mend_a_post(self, place: int, tier: str, section: str, on: str) -> None:
        """A post that was recorded otherwise, or of another day."""
        posts = self.events("people.post-assumed")
        if posts:
            old: Any = posts[place % len(posts)]
            data = self._post(old.data.person, old.data.post, tier, section, on, concurrent=old.data.concurrent)
            self.replace(old, "people.assume-post", data)

    def _post(self, who: str, ident: str, tier: str, section: str, on: str, *, concurrent: bool) -> Json:
        return post(who, tier, post=ident, section=section, from_on=on, concurrent=concurrent)

    @rule(who=WHO, ident=st.sampled_from(("a", "b", "post-p-1", "post-p-2")), on=DAYS)
    def end(self, who: str, ident: str, on: str) -> None:
        self.send("people.end-post", {"person": who, "post": ident, "on": on})

    @rule(who=WHO, section=SECTIONS, on=DAYS)
    def transfer(self, who: str, section: str, on: str) -> None:
        self.send("people.transfer-person", {"person": who, "to_section": section, "on": on})

    @rule(who=WHO, role=ROLES, branch=IDS, on=DAYS)
    def set_party_role(self, who: str, role: str, branch: str, on: str) -> None:
        self.send("people.set-party-role", {"person": who, "branch": branch, "role": role, "from_on": on})

    @rule(who=WHO, on=DAYS)
    def set_rank_and_open_the_file(self, who: str, on: str) -> None:
        self.send("people.set-rank", {"person": who, "rank": "一级科员", "from_on": on})
        self.send("people.open-file", {"person": who, "branch": "b"})

    @rule(who=WHO, ident=IDS, on=DAYS)
    def go_away(self, who: str, ident: str, on: str) -> None:
        data = {
            "secondment": ident,
            "person": who,
            "kind": "borrowed",
            "direction": "out",
            "unit": "某局",
            "from_on": on,
        }
        self.send("people.start-secondment", data)
        self.send("people.start-long-leave", {"leave": ident, "person": who, "reason": "病假", "from_on": on})

    @rule(ident=IDS, on=DAYS, which=st.sampled_from((("secondment", "secondment"), ("long-leave", "leave"))))
    def come_back(self, ident: str, on: str, which: tuple[str, str]) -> None:
        self.send(f"people.end-{which[0]}", {which[1]: ident, "on": on})

    @rule(who=st.sampled_from(("p-1", "p-2")), on=DAYS)
    def leave(self, who: str, on: str) -> None:
        """Whoever left leaves again only after a post that began later."""
        before = [str(data.on) for data in self.of("people.person-left") if data.person == who]
        begun = [begins for begins, *_ in self._posts(who)]
        may = all(any(left < begins <= on for begins in begun) for left in before)
        decided = self.send("people.record-leaving", {"person": who, "on": on, "reason": "transferred"})
        assert isinstance(decided, Rejection) != may

    @rule(who=WHO, ident=IDS, case=st.sampled_from(("open", "decided")))
    def discipline(self, who: str, ident: str, case: str) -> None:
        data = {"measure": ident, "person": who, "measure_kind": "记过", "case": case}
        self.send("people.record-discipline", data | ({"decided_on": "2026-02-01"} if case == "decided" else {}))

    @rule(ident=IDS, on=DAYS, outcome=st.sampled_from(("decided", "cleared")))
    def close(self, ident: str, on: str, outcome: str) -> None:
        self.send("people.close-discipline", {"measure": ident, "on": on, "outcome": outcome})

    # --- what is recorded of people on a day bears where they sat on that day, whatever was recorded when ---

    @invariant()
    def people_sit_where_what_stands_says(self) -> None:
        for who, on in product(("p-1", "p-2"), EVERY_DAY):
            state = self.office.states["person", f"o-1/{who}"]
            assert isinstance(state, Person)
            stamp = state.placed(who, on)
            assert (stamp.section, stamp.tier) == self._sat(who, on)
            assert self._role(who, on) == COUNTS_AS[state.party_role(on)]

    @rule(who=st.sampled_from(("p-1", "p-2")), on=DAYS)
    def a_fact_of_a_day_says_where_people_sat_on_it(self, who: str, on: str) -> None:
        told = {"person": who, "strength": "文稿", "by": "p-1"}
        decided = self.send("people.state-strength", told, f"{on}T12:00:00+08:00")
        assert not isinstance(decided, Rejection)
        (stamp,) = decided[0].data.stamps
        assert (stamp.section, stamp.tier) == self._sat(who, on)

    @rule(ident=st.integers(0, 10**9), on=DAYS)
    def a_talks_pair_is_by_what_each_held_on_its_day(self, ident: int, on: str) -> None:
        data = {"talk": f"t-{ident}", "initiator": "p-1", "participants": ["p-2"], "mode": "one-to-one"}
        decided = self.send("talk.hold-talk", data, f"{on}T12:00:00+08:00")
        if isinstance(decided, Rejection):
            assert decided.code == "id-reused"
            return
        told = decided[0].data
        assert (told.pair, told.party_pair) == self._pairs(on)

    def _posts(self, who: str) -> list[tuple[str, str, Any]]:
        """Each post of somebody with its first day, and the day from which it is no longer held."""
        first = [_Post(post(who))] if who in {"p-1", "p-2"} else []
        found = []
        for each in (*first, *self.of("people.post-assumed")):
            if each.person == who:
                ends = [d.on for d in self.of("people.post-ended") if (d.person, d.post) == (who, each.post)]
                left = [d.on for d in self.of("people.person-left") if d.person == who and d.on >= each.from_on]
                found.append((str(each.from_on), min(map(str, (*ends, *left)), default=NEVER), each))
        return found

    def _held(self, who: str, on: str) -> list[tuple[str, str, Any]]:
        return [each for each in self._posts(who) if each[0] <= on < each[1]]

    def _sat(self, who: str, on: str) -> tuple[str | None, str | None]:
        """The main post that began last; of one day the one recorded last. Its section is the last move's."""
        main = None
        for begins, _, each in self._held(who, on):
            if not each.concurrent and (main is None or begins >= main[0]):
                main = begins, each
        if main is None:
            return None, None
        section, moved = main[1].section, ""
        for move in self.of("people.person-transferred"):
            if (move.person, move.post) == (who, main[1].post) and moved <= str(move.on) <= on:
                section, moved = move.to_section, str(move.on)
        return section, main[1].tier

    def _pairs(self, on: str) -> tuple[str, str | None]:
        """By the highest tier of each, concurrent posts too; and by party role, a secretary being of the committee."""
        order = ["leadership", "section-head", "staff"]
        highest = [sorted((post.tier for *_, post in self._held(who, on)), key=order.index) for who in ("p-1", "p-2")]
        pair = "peer"
        if all(highest):
            named = "-".join(sorted((tiers[0] for tiers in highest), key=order.index))
            pair = named if named in NAMED_PAIRS else "peer"
        roles = sorted(filter(None, (self._role(who, on) for who in ("p-1", "p-2"))))
        return pair, "-".join(roles) if len(roles) == 2 else None

    def _role(self, who: str, on: str) -> str | None:
        """The highest of the latest of each branch; nobody who left has the roles of before."""
        of_branch: dict[str, tuple[str, str]] = {}
        for said in self.of("people.party-role-set"):
            begins = str(said.from_on)
            left = [d.on for d in self.of("people.person-left") if d.person == who and str(d.on) >= begins]
            holds = said.person == who and begins <= on < min(map(str, left), default=NEVER)
            if holds and begins >= of_branch.get(said.branch, ("", ""))[0]:
                of_branch[said.branch] = begins, said.role
        roles = {role for _, role in of_branch.values()}
        return "committee" if roles & {"secretary", "committee"} else "member" if "member" in roles else None

    # --- no sequence reaches what a rule forbids ---

    @invariant()
    def what_ends_began_before_and_ends_once(self) -> None:
        for begins, ends, name in SPANS:
            begun = {getattr(data, name): data.from_on for data in self.of(begins)}
            ended = [(getattr(data, name), data.on) for data in self.of(ends)]
            assert len({ident for ident, _ in ended}) == len(ended)
            assert all(begun[ident] <= on for ident, on in ended)

    @invariant()
    def a_post_ends_once_and_moves_while_it_is_there(self) -> None:
        posts = {("p-1", "post-p-1"): "2020-01-01", ("p-2", "post-p-2"): "2020-01-01"}
        posts |= {(data.person, data.post): str(data.from_on) for data in self.of("people.post-assumed")}
        ended = [(data.person, data.post) for data in self.of("people.post-ended")]
        assert len(ended) == len(set(ended))
        for data in self.of("people.post-ended", "people.person-transferred"):
            assert posts[data.person, data.post] <= str(data.on)

    @invariant()
    def an_id_is_of_one_thing(self) -> None:
        for type_, idents in (
            ("people.post-assumed", ("person", "post")), ("people.secondment-started", ("secondment",)),
            ("people.long-leave-started", ("leave",)), ("people.discipline-recorded", ("measure",)),
            ("people.person-registered", ("person",)),
        ):  # fmt: skip
            made = [tuple(getattr(data, name) for name in idents) for data in self.of(type_)]
            assert len(made) == len(set(made)), type_

    @invariant()
    def nobody_is_anywhere_before_being_registered(self) -> None:
        known = {"p-1", "p-2"} | {data.person for data in self.of("people.person-registered")}
        assert all(data.person in known for data in (event.data for event in self.told) if hasattr(data, "person"))

    @invariant()
    def only_an_open_case_is_closed_and_once(self) -> None:
        cases = {data.measure: data.case for data in self.of("people.discipline-recorded")}
        closed = [data.measure for data in self.of("people.discipline-closed")]
        assert len(closed) == len(set(closed))
        assert all(cases.get(measure) == "open" for measure in closed)


class _Post:
    """A post that the office began with."""

    def __init__(self, said: Json) -> None:
        self.person, self.post, self.tier, self.section = said["person"], said["post"], said["tier"], said["section"]
        self.from_on, self.concurrent = said["from_on"], False


People.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestPeople = People.TestCase
