"""Talks, work, teams, goals in any order: no rule is ever broken, and nothing is left of what is revoked."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from schemas.catalogue import EVENTS
from services.recorder.domain.deciding.core import Event, Rejection
from tests.unit.machine import Life
from tests.unit.office import Office, checked, founded, post

Json = dict[str, Any]
PERSONS = st.sampled_from(("p-1", "p-2", "p-3"))
SECTIONS = st.sampled_from(("s-1", "s-2"))
IDS = st.sampled_from(("1", "2", "3"))
DAYS = st.sampled_from(("2026-03-02", "2026-06-30", "2026-07-01", "2026-12-30"))
EFFECTS = st.sampled_from(("adopted", "in-force", "pending"))
# What is recorded once: by type, the members that make its key.
ONCE = {
    "work.duty-report-delivered": ("person", "half"),
    "work.duty-report-assessed": ("person", "half"),
    "work.standing-recorded": ("line", "period", "scope"),
    "team.star-named": ("team", "period"),
}
# What names what: by type, the member, and which type makes it under which member.
NAMES = {
    "work.effect-settled": (("output", "work.output-filed"),),
    "work.research-adopted": (("outputs", "work.output-filed"),),
    "team.team-joined": (("team", "team.team-formed"),),
    "team.team-left": (("team", "team.team-formed"),),
    "team.star-named": (("team", "team.team-formed"),),
    "people.goal-reported": (("goal", "people.goal-set"),),
    "talk.talk-held": (("duty", "talk.talk-required"),),
    "talk.follow-up-promised": (("talk", "talk.talk-held"),),
    "talk.follow-up-closed": (("follow_up", "talk.follow-up-promised"),),
}
MADE = {
    "work.output-filed": "output", "team.team-formed": "team", "people.goal-set": "goal",
    "talk.talk-required": "duty", "talk.talk-held": "talk", "talk.follow-up-promised": "follow_up",
}  # fmt: skip


def _begun() -> Office:
    """Three cadres; p-1 heads a section until the end of June, p-2 from July on."""
    office = founded()
    office.did("people.define-section", {"section": "s-2", "name": "信息科"}, "2020-01-01T08:00:00+08:00")
    office.did("people.assume-post", post("p-1", "section-head", post="head", from_on="2026-01-01"))
    office.did("people.end-post", {"person": "p-1", "post": "head", "on": "2026-07-01"})
    office.did("people.assume-post", post("p-2", "section-head", post="next", from_on="2026-07-01"))
    return office


class Working(Life):
    """Whatever people send: what is accepted holds together."""

    def begun(self) -> Office:
        """Three cadres, and who heads a section when."""
        return _begun()

    def _send(self, name: str, data: Json, day: str = "2026-12-30") -> None:
        self.send(name, data, f"{day}T23:30:00+08:00")

    def _standing(self) -> list[tuple[str, Event]]:
        return [(_short(event), event) for event in self.told]

    @rule(who=PERSONS, half=st.sampled_from(("2026H1", "2026H2")), on=DAYS)
    def deliver(self, who: str, half: str, on: str) -> None:
        self._send("work.deliver-duty-report", {"person": who, "half": half, "on": on, "heard_by": ["s-1"]})

    @rule(who=PERSONS, by=PERSONS)
    def assess(self, who: str, by: str) -> None:
        self._send("work.assess-duty-report", {"person": who, "half": "2026H1", "by": by, "comment": "好"})

    @rule(ident=IDS, lead=PERSONS, helper=PERSONS, effect=EFFECTS, day=DAYS)
    def file(self, ident: str, lead: str, helper: str, effect: str, day: str) -> None:
        data = {"output": ident, "lead": lead, "participants": [helper], "line": "inspection", "title": "通报"}
        self._send("work.file-output", data | {"level": "city", "effect": effect}, day)

    @rule(ident=IDS, effect=EFFECTS, day=DAYS)
    def settle(self, ident: str, effect: str, day: str) -> None:
        self._send("work.settle-effect", {"output": ident, "effect": effect, "on": day}, day)

    @rule(ident=IDS, outputs=st.lists(IDS, max_size=2, unique=True), day=DAYS)
    def adopt(self, ident: str, outputs: list[str], day: str) -> None:
        self._send("work.adopt-research", {"decision": ident, "title": "意见", "by": "区委", "outputs": outputs}, day)

    @rule(period=st.sampled_from(("2026H1", "2026-03")), place=st.integers(1, 9))
    def stand(self, period: str, place: int) -> None:
        self._send(
            "work.record-standing",
            {"line": "information", "period": period, "scope": "city", "place": place, "by": "市"},
        )

    @rule(ident=IDS, from_on=DAYS)
    def form(self, ident: str, from_on: str) -> None:
        self._send(
            "team.form-team", {"team": ident, "kind": "chess", "name": "棋", "owner": "office", "from_on": from_on}
        )

    @rule(ident=IDS, who=PERSONS, day=DAYS, word=st.sampled_from(("join", "leave")))
    def change(self, ident: str, who: str, day: str, word: str) -> None:
        self._send(f"team.{word}-team", {"team": ident, "person": who, "on": day}, day)

    @rule(ident=IDS, who=PERSONS)
    def star(self, ident: str, who: str) -> None:
        self._send("team.name-star", {"team": ident, "person": who, "period": "2026Q2"})

    @rule(ident=IDS, who=st.one_of(PERSONS.map(lambda p: {"person": p}), SECTIONS.map(lambda s: {"section": s})))
    def aim(self, ident: str, who: Json) -> None:
        self._send("people.set-goal", {"goal": ident, "year": 2026, "title": "提速", **who}, "2026-03-02")

    @rule(ident=IDS, state=st.sampled_from(("met", "open")), day=DAYS)
    def report(self, ident: str, state: str, day: str) -> None:
        self._send("people.report-goal", {"goal": ident, "state": state, "on": day}, day)

    @rule(ident=IDS, who=PERSONS, other=PERSONS.filter(lambda who: who != "p-1"))
    def require(self, ident: str, who: str, other: str) -> None:
        if who != other:
            data = {"duty": ident, "person": who, "with": other, "trigger": "岗位变动", "due_on": "2026-06-30"}
            self._send("talk.require-talk", data, "2026-03-02")

    @rule(
        ident=IDS,
        duty=st.none() | IDS,
        members=st.permutations(("p-1", "p-2", "p-3")),
        several=st.integers(1, 3),
        day=DAYS,
    )
    def talk(self, ident: str, duty: str | None, members: list[str], several: int, day: str) -> None:
        mode = "group" if several == 3 else "one-to-one"
        data = {"talk": ident, "initiator": members[0], "participants": members[:several], "mode": mode}
        self._send("talk.hold-talk", data | ({"duty": duty} if duty else {}), day)

    @rule(ident=IDS, talk=IDS, who=PERSONS)
    def promise(self, ident: str, talk: str, who: str) -> None:
        data = {"follow_up": ident, "talk": talk, "owner": who, "due_on": "2026-06-30", "what": "培训"}
        self._send("talk.promise-follow-up", data)

    @rule(ident=IDS)
    def close(self, ident: str) -> None:
        self._send("talk.close-follow-up", {"follow_up": ident, "on": "2026-12-30"})

    @invariant()
    def what_is_recorded_once_stands_once(self) -> None:
        keys = [(name, *(getattr(e.data, m) for m in ONCE[name])) for name, e in self._standing() if name in ONCE]
        assert len(keys) == len(set(keys))

    @invariant()
    def what_is_named_is_there(self) -> None:
        standing = self._standing()
        there = {(name, getattr(event.data, MADE[name])) for name, event in standing if name in MADE}
        for name, event in standing:
            for member, maker in NAMES.get(name, ()):
                value = getattr(event.data, member)
                for ident in (value,) if isinstance(value, str) else value or ():
                    assert (maker, ident) in there, (name, ident)

    @invariant()
    def only_heads_have_reported(self) -> None:
        for name, event in self._standing():
            if name == "work.duty-report-delivered":
                day = str(event.data.on)  # type: ignore[attr-defined]  # a report's
                assert event.data.person == ("p-1" if day < "2026-07-01" else "p-2")  # type: ignore[attr-defined]

    @invariant()
    def talks_are_between_two_or_more_than_two(self) -> None:
        for name, event in self._standing():
            if name == "talk.talk-held":
                members = {stamp.person for stamp in event.data.stamps}
                assert (len(members) == 2) == (event.data.mode == "one-to-one")  # type: ignore[attr-defined]


def _short(event: Event) -> str:
    return event.data.TYPE.removeprefix("chengzhang.").removesuffix(".v1")


TestWorking = Working.TestCase
TestWorking.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)

INDEPENDENT: list[tuple[str, Json]] = [
    ("work.record-standing", {"line": "information", "period": "2026H1", "scope": "city", "by": "市委办"}),
    ("work.assess-duty-report", {"person": "p-1", "half": "2026H1", "by": "p-2", "comment": "好"}),
    ("work.deliver-duty-report", {"person": "p-1", "half": "2026H1", "on": "2026-06-29", "heard_by": ["s-2"]}),
    ("team.form-team", {"team": "t", "kind": "other", "name": "队", "owner": "district", "from_on": "2026-01-01"}),
    ("people.set-goal", {"goal": "g", "person": "p-3", "year": 2026, "title": "提速"}),
    ("people.state-strength", {"person": "p-3", "strength": "文稿", "by": "p-1"}),
    ("talk.require-talk", {"duty": "d", "person": "p-2", "trigger": "岗位变动", "due_on": "2026-06-30"}),
    ("work.open-research", {"research": "r", "question": "?", "commissioned_by": "区委", "members": ["p-1"]}),
    ("team.pair-up", {"pairing": "p", "mentor": "p-1", "learner": "p-2", "for": "公文", "from_on": "2026-03-01"}),
]


@settings(max_examples=20)
@given(st.permutations(range(len(INDEPENDENT))))
def test_what_is_independent_comes_to_the_same_in_any_order(order: list[int]) -> None:
    def states(numbers: list[int]) -> Any:  # noqa: ANN401  # states by key
        office = _begun()
        for number in numbers:
            name, data = INDEPENDENT[number]
            decided = office.decide(checked(name, data, "2026-12-30T09:00:00+08:00", f"independent-{number}"))
            assert not isinstance(decided, Rejection), (name, decided)
        return office.states

    assert states(order) == states(sorted(order))


def test_the_tables_of_this_test_name_types_that_there_are() -> None:
    names = {*ONCE, *NAMES, *MADE} | {maker for pairs in NAMES.values() for _, maker in pairs}
    assert {f"chengzhang.{name}.v1" for name in names} <= set(EVENTS)
