"""Random years: the recorder accepts and refuses as the model of the rules does, and no forbidden state is reached."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.recorder.domain.deciding.core import Event, Rejection
from tests.unit.appraisal.model import GRADES, NONE, Model, Person
from tests.unit.appraisal.year import Year, enter, staffed
from tests.unit.office import Office, checked

BARS = {"not-excellent": "警告", "no-grade": "记过", "incompetent": "撤销党内职务"}
PERSONS = st.builds(
    Person, heads=st.booleans(), institution=st.booleans(), leadership=st.sampled_from([False] * 7 + [True]),
    gone=st.sampled_from([False] * 7 + [True]), probation=st.sampled_from([False] * 5 + [True]),
    bar=st.sampled_from([None] * 5 + list(BARS)), case=st.sampled_from([False] * 6 + [True]),
    posted_out=st.sampled_from([False] * 7 + [True]),
)  # fmt: skip
WHO = st.sampled_from([f"q-{n}" for n in range(6)])
STEPS = ("self-review", "democratic", "findings", "propose", "decide", "post", "object", "settle", "notice", "sign",
         "archive", "ask", "review", "supplement")  # fmt: skip
NAMED = {
    "self-review": "submit-self-review", "democratic": "hold-democratic-assessment", "findings": "verify-findings",
    "propose": "propose-grade", "decide": "decide-grade", "post": "post-excellent-list", "object": "raise-objection",
    "settle": "settle-objection", "notice": "give-notice", "sign": "sign-notice", "archive": "archive-file",
    "ask": "request-review", "review": "decide-review", "supplement": "supplement-grade",
}  # fmt: skip


USUALLY = ("self-review", "democratic", "findings", "propose", "decide", "post", "notice", "sign", "archive", "ask")
LAST_DAY = date(2026, 6, 8)


def office_of(people: dict[str, Person]) -> Office:
    """An office of these cadres beside four others: two heads' worth of civil servants and nobody excellent."""
    office = staffed(4)
    for who, of in people.items():
        tier = "leadership" if of.leadership else "section-head" if of.heads else "staff"
        more: dict[str, Any] = {"establishment": "institution"} if of.institution else {}
        more |= {"probation_until": "2026-03-01"} if of.probation else {}
        enter(office, who, tier=tier, **more)
        if of.gone:
            office.did("people.record-leaving", {"person": who, "on": "2025-12-31", "reason": "retired"})
        measure = {"measure": f"d-{who}", "person": who, "case": "decided", "decided_on": "2025-04-01"}
        if of.bar:
            office.did("people.record-discipline", measure | {"measure_kind": BARS[of.bar]}, "2025-04-01T09:00:00Z")
        if of.case:
            case = {"measure": f"c-{who}", "person": who, "case": "open", "measure_kind": "立案"}
            office.did("people.record-discipline", case, "2025-11-01T09:00:00Z")
        if of.posted_out:
            out = {"secondment": f"s-{who}", "person": who, "kind": "posted", "direction": "out", "unit": "乡镇"}
            office.did("people.start-secondment", out | {"from_on": "2025-02-01"}, "2025-02-01T09:00:00Z")
    return office


class Cycle(RuleBasedStateMachine):
    """A cycle in any order of its steps, on days that mostly go forward."""

    @initialize(people=st.lists(PERSONS, min_size=6, max_size=6))
    def begin(self, people: list[Person]) -> None:
        named = {f"q-{number}": of for number, of in enumerate(people)}
        self.year = Year(office_of(named))
        others = {f"p-{n}": Person(heads=n == 1) for n in range(1, 5)}
        self.model = Model({**others, **named})
        self.day = date(2026, 1, 4)
        self.objections = 0
        self.judged: list[tuple[str, str, str]] = []

    @rule(days=st.integers(0, 9))
    def goes_by(self, days: int) -> None:
        self.day = min(self.day + timedelta(days=days), LAST_DAY)

    @rule(pool=st.sampled_from(("civil-service", "institution")), percent=st.sampled_from((15, 25)))
    def approve(self, pool: str, percent: int) -> None:
        said = self.year.said("approve-seats", None, str(self.day), pool=pool, rate_percent=percent, approval_no="1")
        expected = self.model.raise_to(pool, percent)
        assert (said.code if isinstance(said, Rejection) else None) == expected
        if expected is None:
            self.model.raised[pool] = percent

    @rule(who=WHO, grade=st.sampled_from(("excellent", "excellent", *GRADES, *NONE)), far=st.integers(3, 10))
    def goes_through(self, who: str, grade: str, far: int) -> None:
        """The usual way, so that far stages are reached as well."""
        for what in USUALLY[:far]:
            if what == "notice":
                self.goes_by(8)
            self.step(what, who, grade, again=False)

    @rule(what=st.sampled_from(STEPS), who=WHO, grade=st.sampled_from((*GRADES, "excellent", "excellent", *NONE)))
    def try_a_step(self, what: str, who: str, grade: str) -> None:
        self.step(what, who, grade, again=True)

    def step(self, what: str, who: str, grade: str, *, again: bool) -> None:
        detail, more = self.saying(what, who, grade)
        if more is None or (not again and self.model.details(what, who)):
            return
        expected = self.model.verdict(what, who, self.day, detail)
        person = None if what in {"post", "settle"} else who
        said = self.year.said(NAMED[what], person, str(self.day), **more)
        found = said.code if isinstance(said, Rejection) else None
        assert found == expected, (what, who, detail, self.day, said, self.model.done)
        if expected is None:
            self.model.take(what, who, self.day, detail)

    def saying(self, what: str, who: str, grade: str) -> tuple[str, dict[str, Any] | None]:
        """What a step says beyond whom it is about, for the model and the recorder; None where it can't be said."""
        on, model = {"on": str(self.day)}, self.model
        settled, raised = len(model.details("settle", who)), len(model.details("object", who))
        reason = {"reason": "investigation"} if grade in NONE and what == "propose" else {}
        changed = grade in GRADES
        said: dict[str, tuple[str, dict[str, Any] | None]] = {
            "propose": (grade, {"grade": grade, **reason}),
            "decide": (grade, {"grade": grade}),
            "supplement": (grade, {"grade": grade} if changed else None),
            "review": (grade, on | {"outcome": "changed", "grade": grade}) if changed else (
                "upheld", on | {"outcome": "upheld"}),
            "post": ("", {"persons": [who], "from_on": str(self.day), "workdays": 5}),
            "object": ("", {"objection": f"ob-{who}-{raised}"} if model.details("post", who) else None),
            "settle": ("", {"objection": f"ob-{who}-{settled}", "upheld": False} if settled < raised else None),
        }  # fmt: skip
        return said.get(what, ("", on if what in {"notice", "sign", "ask"} else {}))

    @invariant()
    def seats_are_never_exceeded(self) -> None:
        if not hasattr(self, "year"):
            return
        grades = {who: self.model.grade(who) for who in self.model.people}
        for pool in ("civil-service", "institution"):
            assert self.model.over(pool, grades, self.model.raised.get(pool, 20)) <= 0

    @invariant()
    def nothing_stands_without_what_it_needs(self) -> None:
        if not hasattr(self, "year"):
            return
        for what, before in {"archive": "sign", "sign": "notice", "notice": "decide", "decide": "propose"}.items():
            for who in self.model.people:
                assert len(self.model.details(what, who)) <= min(1, len(self.model.details(before, who)))


Cycle.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCycle = Cycle.TestCase


# --- the same independent actions in any order end alike ---


def _independent() -> list[tuple[str, dict[str, Any]]]:
    steps = [(f"p-{n}", "submit-self-review") for n in (2, 3)] + [(f"p-{n}", "verify-findings") for n in (2, 3)]
    steps += [("p-1", "hold-democratic-assessment")]
    year = Year(staffed())
    said = [(name, year.data(name, who, {})) for who, name in steps]
    said += [("propose-grade", year.data("propose-grade", who, {"grade": "undetermined", "reason": "investigation"}))
             for who in ("p-4", "p-5")]  # fmt: skip
    said.append(("give-routine-grade", {"person": "p-2", "period": "2025Q1", "grade": "good"}))
    said.append(("approve-seats", {"cycle": "cy-2025", "pool": "institution", "rate_percent": 25, "approval_no": "1"}))
    return said


INDEPENDENT = _independent()


@settings(max_examples=30)
@given(st.permutations(range(len(INDEPENDENT))))
def test_what_is_independent_comes_to_the_same_in_any_order(order: list[int]) -> None:
    def states(numbers: list[int]) -> dict[Any, set[str]]:
        office = Year(staffed()).office
        for number in numbers:
            name, data = INDEPENDENT[number]
            decided = office.decide(checked(f"appraisal.{name}", data, "2026-01-08T09:00:00+08:00", f"i-{number}"))
            assert not isinstance(decided, Rejection), (name, decided)
        return {key: set(getattr(state, "facts", ())) for key, state in office.states.items()}

    assert states(order) == states(sorted(order))


# --- all of it can be taken back ---

WAYS = st.lists(st.tuples(WHO, st.sampled_from(("excellent", *GRADES, *NONE)), st.integers(3, 10)), max_size=8)


@settings(max_examples=25, deadline=None)
@given(WAYS, st.randoms())
def test_all_of_a_cycle_can_be_taken_back_in_some_order_and_nothing_is_left_of_it(
    ways: list[tuple[str, str, int]],
    random: Any,  # noqa: ANN401
) -> None:
    cycle = Cycle()
    cycle.begin([Person() for _ in range(6)])
    office = cycle.year.office
    before, seen = {key: state for key, state in office.states.items() if state != type(state)()}, set(office.events)
    for who, grade, far in ways:
        cycle.goes_through(who, grade, far)
    standing = [event for ident, event in office.events.items() if ident not in seen]
    while standing:
        random.shuffle(standing)
        gone = _one_taken_back(office, standing)
        assert gone
        standing = [event for event in standing if event.id not in gone]
    left = {key: state for key, state in office.states.items() if key[0] != "revocation" and state != type(state)()}
    assert left == before


def _one_taken_back(office: Office, standing: list[Event]) -> set[str]:
    for event in standing:
        seen = set(office.events)
        if not isinstance(office.submit("any.revoke-entry", {"event": event.id, "reason": "mistake"}), Rejection):
            made: list[Any] = [e.data for ident, e in office.events.items() if ident not in seen]
            return {data.event for data in made}
    return set()
