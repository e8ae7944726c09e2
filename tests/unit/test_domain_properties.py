"""What holds of every action in any order: no second fact, nothing left behind, all that is decided on was loaded."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.catalogue import ACTIONS, BECOMES
from services.recorder.domain import decider
from services.recorder.domain.deciding.core import Event, Key, Rejection, State
from tests.support import drawn
from tests.unit.office import Office, correction, founded, line, post, roll, session

Draft = tuple[str, dict[str, Any], str]

# Few ids, so that actions meet; one of each kind that nobody has made.
POOL = {
    "person": ["p-1", "p-2", "p-3", "p-1", "p-2", "p-3", "p-9"],
    "section": ["s-1", "s-2"],
    "session": ["m-1", "m-2", "m-3"],
    "post": ["post-p-1", "post-p-2", "post-a", "post-b"],
}
PERSONS, SESSIONS = st.sampled_from(POOL["person"]), st.sampled_from(POOL["session"])
DAYS = st.sampled_from(["2026-02-01", "2026-03-01", "2026-03-02", "2026-03-03"])
STARTS = st.builds("{}T{:02}:30:00+08:00".format, DAYS, st.integers(8, 11))
EVENING = "2026-03-03T18:00:00+08:00"
TIMES = st.one_of(st.just(EVENING), st.just(EVENING), st.just(EVENING), STARTS)
LINES = st.one_of(
    st.builds(line, PERSONS, st.sampled_from(["present", "partial"]), st.sampled_from([30, 60, 60, 120])),
    st.builds(line, PERSONS, st.sampled_from(["leave", "absent"]), st.just(0)),
)
# What is decided by lengths and days: drawn at random these would seldom meet.
MEETING = {
    "learning.convene-session": st.builds(
        session, SESSIONS, starts_at=STARTS, minutes=st.sampled_from([60, 90, 180]), chair=PERSONS
    ),
    "learning.record-attendance": st.fixed_dictionaries(
        {"session": SESSIONS, "roll": st.lists(LINES, min_size=1, max_size=3)}
    ),
}


def _drafts(type_: str) -> st.SearchStrategy[Draft]:
    """Any action of that type, as it is declared."""
    name = type_.removeprefix("chengzhang.").removesuffix(".v1")
    if name in MEETING:
        return st.tuples(st.just(name), MEETING[name], TIMES)
    drawing = drawn.data(ACTIONS[type_], POOL, DAYS).filter(lambda data: _valid(type_, data))
    return st.tuples(st.just(name), drawing, TIMES)


def _valid(type_: str, data: dict[str, Any]) -> bool:
    try:
        ACTIONS[type_].model_validate(data)
    except ValidationError:
        return False
    return True


FACTS = st.one_of(*(_drafts(type_) for type_ in ACTIONS if not type_.startswith("chengzhang.any.")))
# A fact; or which event to take back; or a fact in the place of one of its kind, and of which.
NEW = st.tuples(st.none(), FACTS)
STEPS = st.one_of(NEW, NEW, NEW, NEW, st.integers(0, 50), st.tuples(st.integers(0, 50), FACTS))
# A transfer or a party role has no id of its own: as a new action it may be said twice, and changes nothing the second
# time. A hold may be placed twice, and then lifted twice; a procedure may be revised as often as one likes.
REPEATABLE = {
    "people.transfer-person", "people.set-party-role", "people.request-erasure", "people.place-hold",
    "people.lift-hold", "work.revise-procedure",
    "welfare.approve-visit", "welfare.meet-need",
    "people.state-strength", "people.report-goal", "talk.close-follow-up", "work.settle-effect", "team.join-team",
    "team.leave-team", "team.end-pairing", "team.dissolve-team",
    "people.name-office", "people.set-rank", "people.open-file", "learning.join-carrier", "learning.revise-plan",
    "learning.reschedule-session", "learning.observe-session", "learning.waive-requirement", "any.follow-pack",
    "appraisal.admit-evidence", "appraisal.record-special-appraisal", "appraisal.propose-grade",
    "appraisal.post-excellent-list", "selection.record-opinion", "selection.post-candidates",
    "selection.decide-selection",
}  # fmt: skip
FOR_EVER = {
    "people.erase-person", "people.place-hold", "people.lift-hold", "any.revoke-entry", "any.correct-entry",
}  # fmt: skip


def _draft_of(step: Any, office: Office) -> Draft:  # noqa: ANN401 - a step
    if isinstance(step, int):
        event = list(office.events.values())[step % len(office.events)]
        return "any.revoke-entry", {"event": event.id, "reason": "mistake"}, EVENING
    index, (name, data, time) = step
    wrong = [event for event in office.events.values() if BECOMES[f"chengzhang.{name}.v1"] == event.data.TYPE]
    if index is None or not wrong:
        return name, data, time
    one = data | {"roll": data["roll"][:1]} if "roll" in data else data
    return "any.correct-entry", correction(wrong[index % len(wrong)], name, one, time), EVENING


def _begun() -> Office:
    office = founded("p-1", "p-2", "p-3")
    office.did("people.assume-post", post("p-1", "leadership", post="post-a", from_on="2026-02-01"))
    for ident in ("m-1", "m-2"):
        office.did("learning.convene-session", session(ident))
        office.did(
            "learning.record-attendance", roll(line("p-1", "partial", 40), line("p-2", "leave", 0), session=ident)
        )
    return office


def _run(steps: list[Any]) -> list[tuple[Office, Draft, list[Event] | Rejection]]:
    """Each step with the office as it was before it."""
    office = _begun()
    told = []
    for step in steps:
        draft = _draft_of(step, office)
        before = Office(dict(office.states), dict(office.events), office.count)
        told.append((before, draft, office.submit(*draft)))
    return told


def _standing(states: dict[Key, State]) -> dict[Key, State]:
    """The states without marks of the past and without what equals never having been written."""
    return {key: state for key, state in states.items() if key[0] != "revocation" and state != type(state)()}


@settings(max_examples=150)
@given(st.lists(STEPS, min_size=5, max_size=30))
def test_an_accepted_action_said_again_is_no_second_fact(steps: list[Any]) -> None:
    for before, draft, decided in _run(steps):
        if isinstance(decided, Rejection) or draft[0] in REPEATABLE:
            continue
        assert not isinstance(before.submit(*draft), Rejection)
        assert before.refused(*draft)


@settings(max_examples=150)
@given(st.lists(STEPS, min_size=5, max_size=30))
def test_recorded_and_revoked_leaves_the_states_as_they_were(steps: list[Any]) -> None:
    for before, draft, decided in _run(steps):
        if isinstance(decided, Rejection) or draft[0] in FOR_EVER:
            continue
        was = _standing(before.states)
        now = Office(dict(before.states), dict(before.events), before.count)
        again = now.submit(*draft)
        assert not isinstance(again, Rejection)
        for event in again:
            now.revoke(now.events[event.id])
        assert _standing(now.states) == was


@settings(max_examples=150)
@given(st.lists(STEPS, min_size=5, max_size=30))
def test_what_an_event_touches_was_loaded_for_its_action(steps: list[Any]) -> None:
    for before, draft, decided in _run(steps):
        if isinstance(decided, Rejection):
            continue
        loaded = before.loaded(before.action(*draft))
        for event in decided:
            assert set(decider.touched(event)) <= loaded.keys


@settings(max_examples=100)
@given(st.lists(STEPS, min_size=5, max_size=30))
def test_the_same_actions_give_the_same_events(steps: list[Any]) -> None:
    first, second = _run(steps), _run(steps)
    assert [_facts(decided) for *_, decided in first] == [_facts(decided) for *_, decided in second]


def _facts(decided: list[Event] | Rejection) -> object:
    if isinstance(decided, Rejection):
        return decided
    # A seal differs each time, by its iv; everything else is the same.
    return [(e.id, e.stream, e.time, {n: v for n, v in vars(e.data).items() if "ct" not in repr(v)}) for e in decided]
