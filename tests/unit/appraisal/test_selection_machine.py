"""Random selections: in whatever order, nobody is chosen whom a rule keeps out, and all of it can be taken back."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.recorder.domain.deciding.core import Event, Rejection
from tests.unit.appraisal.year import enter, staffed
from tests.unit.office import Office, checked

Json = dict[str, Any]
WHO = st.sampled_from(("p-1", "p-2", "p-3", "p-4"))
SEATS = 2
# p-3 is barred this year, p-4 new: neither may be a candidate.
INELIGIBLE = {"p-3", "p-4"}


def _begun() -> Office:
    office = staffed(3)
    enter(office, "p-4", held={"from_on": "2026-01-01"})
    measure = {"measure": "d", "person": "p-3", "measure_kind": "警告", "case": "decided", "decided_on": "2026-01-05"}
    office.did("people.record-discipline", measure, "2026-01-05T09:00:00+08:00")
    opened = {"selection": "sel", "honour": "先进", "seats": SEATS, "for": "persons"}
    conditions = ["no-bar", "months-served", "no-opinion-against"]
    office.did("selection.open-selection", opened | {"conditions": conditions}, "2026-03-02T09:00:00+08:00")
    return office


class Choosing(RuleBasedStateMachine):
    """Days from 3 March on; everything happens on its day."""

    def __init__(self) -> None:
        super().__init__()
        self.office, self.day, self.number = _begun(), 3, 0
        self.before = set(self.office.events)
        self.gone: set[str] = set()

    def _send(self, name: str, data: Json) -> None:
        self.number += 1
        at = f"2026-03-{self.day:02}T12:{self.number % 60:02}:00+08:00"
        self.office.submit(name, {"selection": "sel", **data}, at)

    def _standing(self, name: str) -> list[Any]:
        found = [e for ident, e in self.office.events.items() if ident not in self.before | self.gone]
        return [e.data for e in found if e.data.TYPE.split(".")[2] == name]

    @rule(days=st.integers(1, 6))
    def goes_by(self, days: int) -> None:
        self.day = min(self.day + days, 30)

    @rule(who=WHO, by=st.sampled_from(("section", "branch")))
    def recommend(self, who: str, by: str) -> None:
        self._send("selection.recommend-candidate", {"person": who, "by": by})

    @rule(who=WHO)
    def withdraw(self, who: str) -> None:
        self._send("selection.withdraw-candidate", {"person": who})

    @rule(who=WHO, against=st.booleans())
    def ask(self, who: str, against: bool) -> None:
        self._send("selection.record-opinion", {"person": who, "of": "discipline", "against": against})

    @rule(who=WHO)
    def vote(self, who: str) -> None:
        self._send("selection.hold-vote", {"ballots": 3, "counts": {who: 3}})

    @rule(who=st.lists(WHO, min_size=1, max_size=3, unique=True))
    def post(self, who: list[str]) -> None:
        posting = {"candidates": who, "from_on": f"2026-03-{self.day:02}", "workdays": 5}
        self._send("selection.post-candidates", posting)

    @rule(who=WHO)
    def object(self, who: str) -> None:
        self._send("appraisal.raise-objection", {"objection": f"ob-{self.number}", "person": who, "what": "不实"})

    @rule(upheld=st.booleans())
    def settle(self, upheld: bool) -> None:
        raised = self._standing("objection-raised")
        if raised:
            self._send("appraisal.settle-objection", {"objection": raised[-1].objection, "upheld": upheld})

    @rule(who=st.lists(WHO, max_size=3, unique=True))
    def decide(self, who: list[str]) -> None:
        against = {d.person: d.against for d in self._standing("opinion-recorded")}
        before = len(self.office.events)
        self._send("selection.decide-selection", {"chosen": who})
        if len(self.office.events) > before:
            settled = {d.objection: d.upheld for d in self._standing("objection-settled")}
            stopped = {d.person for d in self._standing("objection-raised") if settled.get(d.objection, True)}
            assert not set(who) & ({p for p, no in against.items() if no} | stopped)

    @rule(who=WHO)
    def award(self, who: str) -> None:
        self._send("selection.award-honour", {"award": f"aw-{self.number}", "honour": "先进", "person": who,
                                              "on": f"2026-03-{self.day:02}"})  # fmt: skip

    @rule(number=st.integers(0, 60))
    def revoke(self, number: int) -> None:
        standing = [e for ident, e in self.office.events.items() if ident not in self.before | self.gone
                    and not e.data.TYPE.startswith("chengzhang.any.")]  # fmt: skip
        if standing:
            event = standing[number % len(standing)]
            if self._taken_back(event):
                self.gone.add(event.id)

    @invariant()
    def no_more_are_chosen_than_there_are_seats(self) -> None:
        assert len({who for data in self._standing("selection-decided") for who in data.chosen}) <= SEATS

    @invariant()
    def who_is_chosen_was_recommended_and_posted_to_the_end_and_meets_every_condition(self) -> None:
        recommended = {data.person for data in self._standing("candidate-recommended")}
        posted = {who for data in self._standing("candidates-posted") for who in data.candidates}
        for data in self._standing("selection-decided"):
            assert set(data.chosen) <= recommended & posted - INELIGIBLE
        assert not recommended & INELIGIBLE

    @invariant()
    def an_honour_is_of_whom_was_chosen(self) -> None:
        chosen = {who for data in self._standing("selection-decided") for who in data.chosen}
        assert {data.person for data in self._standing("honour-awarded")} <= chosen

    @invariant()
    def it_is_recommended_once_by_each_and_voted_once(self) -> None:
        by = Counter((data.person, data.by) for data in self._standing("candidate-recommended"))
        assert all(times == 1 for times in by.values())
        assert len(self._standing("selection-voted")) <= 1

    def teardown(self) -> None:
        """All of it can be taken back, what rests on others first; then nothing is left of it."""
        while standing := [e for ident, e in self.office.events.items() if ident not in self.before | self.gone
                           and not e.data.TYPE.startswith("chengzhang.any.")]:  # fmt: skip
            gone = {event.id for event in reversed(standing) if self._taken_back(event)}
            assert gone
            self.gone |= gone
        fresh = {key: state for key, state in _begun().states.items() if state != type(state)()}
        left = {k: s for k, s in self.office.states.items() if k[0] != "revocation" and s != type(s)()}
        assert left == fresh

    def _taken_back(self, event: Event) -> bool:
        said = self.office.submit("any.revoke-entry", {"event": event.id, "reason": "mistake"})
        return not isinstance(said, Rejection)


Choosing.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestChoosing = Choosing.TestCase

INDEPENDENT: list[tuple[str, Json]] = [
    ("selection.recommend-candidate", {"person": "p-1", "by": "section"}),
    ("selection.recommend-candidate", {"person": "p-2", "by": "branch"}),
    ("selection.record-opinion", {"person": "p-0", "of": "other", "against": False}),
    ("selection.hold-vote", {"ballots": 3, "counts": {"p-0": 3}}),
    ("selection.post-candidates", {"candidates": ["p-0"], "from_on": "2026-03-09", "workdays": 5}),
]


@settings(max_examples=20)
@given(st.permutations(range(len(INDEPENDENT))))
def test_what_is_independent_comes_to_the_same_in_any_order(order: list[int]) -> None:
    def facts(numbers: list[int]) -> dict[Any, set[str]]:
        office = _begun()
        enter(office, "p-0")
        at = "2026-03-04T09:00:00+08:00"
        office.did("selection.recommend-candidate", {"selection": "sel", "person": "p-0", "by": "section"}, at)
        for number in numbers:
            name, data = INDEPENDENT[number]
            decided = office.decide(checked(name, {"selection": "sel", **data}, at, f"i-{number}"))
            assert not isinstance(decided, Rejection), (name, decided)
        return {key: set(getattr(state, "facts", ())) for key, state in office.states.items()}

    assert facts(order) == facts(sorted(order))
