"""Whatever is done in whatever order, study stays as its rules want it, and goes back to nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.base import instant
from services.recorder.domain.deciding.core import Event, Rejection
from tests.unit.office import correction, credit, founded, line, roll, session

_SESSIONS, _PERSONS = st.sampled_from(("m-1", "m-2")), st.sampled_from(("p-1", "p-2"))
_STARTS = st.sampled_from(
    ("2026-03-02T09:00:00+08:00", "2026-03-02T10:00:00+08:00", "2026-03-02T23:30:00+08:00", "2025-12-31T16:00:00Z")
)
_MINUTES = st.sampled_from((45, 90, 240))
_STATES = st.sampled_from(("present", "partial", "leave", "absent"))
_EARLY, _LATE = "2025-12-01T09:00:00+08:00", "2026-06-01T09:00:00+08:00"


class Study(RuleBasedStateMachine):
    """Sessions, rolls, make-up and credit, with moves, cancellations, corrections and revocations in between."""

    def __init__(self) -> None:
        super().__init__()
        self.office = founded("p-1", "p-2")
        self.told: list[Event] = []  # what stands, in the order of its recording
        for ident in ("m-1", "m-2"):
            self.convene_at(ident, "2026-03-02T09:00:00+08:00", 90)

    def _do(self, name: str, data: dict[str, Any], at: str) -> None:
        decided = self.office.submit(f"learning.{name}", data, at)
        if not isinstance(decided, Rejection):
            self.told += decided

    def convene_at(self, ident: str, starts_at: str, minutes: int) -> None:
        self._do("convene-session", session(ident, starts_at=starts_at, minutes=minutes), _EARLY)

    @rule(ident=_SESSIONS, starts_at=_STARTS, minutes=_MINUTES)
    def convene(self, ident: str, starts_at: str, minutes: int) -> None:
        self.convene_at(ident, starts_at, minutes)

    @rule(ident=_SESSIONS, starts_at=_STARTS, minutes=_MINUTES)
    def move(self, ident: str, starts_at: str, minutes: int) -> None:
        self._do("reschedule-session", {"session": ident, "starts_at": starts_at, "minutes": minutes}, _LATE)

    @rule(ident=_SESSIONS)
    def cancel(self, ident: str) -> None:
        self._do("cancel-session", {"session": ident, "reason": "other"}, _LATE)

    @rule(ident=_SESSIONS, who=_PERSONS, state=_STATES, minutes=_MINUTES)
    def attend(self, ident: str, who: str, state: str, minutes: int) -> None:
        there = minutes if state in {"present", "partial"} else 0
        self._do("record-attendance", roll(line(who, state, there), session=ident), _LATE)

    @rule(ident=_SESSIONS, who=_PERSONS)
    def make_up(self, ident: str, who: str) -> None:
        data = {"session": ident, "person": who, "on": "2026-06-01", "form": "reading"}
        self._do("complete-make-up", data, _LATE)

    @rule(ident=_SESSIONS, who=_PERSONS, centi_xueshi=st.sampled_from((100, 200, 500)))
    def give_credit(self, ident: str, who: str, centi_xueshi: int) -> None:
        self._do("credit-hours", credit(who, session=ident, centi_xueshi=centi_xueshi), _LATE)

    @rule(place=st.integers(0, 50), state=_STATES, minutes=_MINUTES)
    def correct_a_line(self, place: int, state: str, minutes: int) -> None:
        lines = [event for event in self.told if event.data.TYPE.endswith("attendance-recorded.v1")]
        if lines:
            old: Any = lines[place % len(lines)]
            there = minutes if state in {"present", "partial"} else 0
            data = roll(line(old.data.person, state, there), session=old.data.session)
            decided = self.office.submit(
                "any.correct-entry", correction(old, "learning.record-attendance", data, _LATE)
            )
            if not isinstance(decided, Rejection):
                self.told.remove(old)
                self.told.append(decided[-1])

    @rule(place=st.integers(0, 50))
    def revoke(self, place: int) -> None:
        if self.told:
            self._take_back(self.told[place % len(self.told)])

    def _take_back(self, event: Event) -> bool:
        decided = self.office.submit("any.revoke-entry", {"event": event.id, "reason": "mistake"})
        if isinstance(decided, Rejection):
            return False
        self.told.remove(event)
        return True

    def _of(self, name: str) -> list[Any]:
        wanted = f"chengzhang.learning.{name}.v1"
        return [event.data for event in self.told if wanted == event.data.TYPE]

    def _times(self) -> dict[str, tuple[float, int]]:
        """By the events alone: when each session begins and how long it is."""
        found = {data.session: data for data in self._of("session-convened")}
        for data in self._of("session-rescheduled"):  # all at one time: the one recorded last
            found[data.session] = data
        return {ident: (instant(data.starts_at).timestamp(), data.minutes) for ident, data in found.items()}

    @invariant()
    def what_happened_happened_in_a_session_that_took_place(self) -> None:
        times, off = self._times(), {data.session for data in self._of("session-cancelled")}
        for data in (*self._of("attendance-recorded"), *self._of("make-up-completed"), *self._of("hours-credited")):
            assert data.session in times
            assert times[data.session][0] <= instant(_LATE).timestamp()
        assert not off & {data.session for data in self._of("attendance-recorded")}

    @invariant()
    def nobody_is_in_two_places_or_longer_than_there_is_time(self) -> None:
        times, by_person = self._times(), defaultdict(list)
        for data in self._of("attendance-recorded"):
            if data.state in {"present", "partial"}:
                by_person[data.person].append(data)
                assert data.minutes <= times[data.session][1]
        for lines in by_person.values():
            assert len({data.session for data in lines}) == len(lines)
            if len(lines) == 2:  # two sessions at most
                (one, long), (other, longer) = (times[data.session] for data in lines)
                if one < other + 60 * longer and other < one + 60 * long:
                    together = (max(one + 60 * long, other + 60 * longer) - min(one, other)) / 60
                    assert sum(data.minutes for data in lines) <= together
                    assert [data.state for data in lines].count("present") < 2

    @invariant()
    def credit_rests_on_having_been_there_or_made_it_up(self) -> None:
        there = {(d.session, d.person) for d in self._of("attendance-recorded") if d.state in {"present", "partial"}}
        away = {(d.session, d.person) for d in self._of("attendance-recorded")} - there
        made_up = {(d.session, d.person) for d in self._of("make-up-completed")}
        assert made_up <= away
        assert {(d.session, d.person) for d in self._of("hours-credited")} <= there | made_up

    def teardown(self) -> None:
        """Newest first, all of it can be taken back, and then nothing is held."""
        while self.told:
            assert any(self._take_back(event) for event in reversed(list(self.told))), self.told
        for (kind, _), state in self.office.states.items():
            if kind in {"session", "agenda", "make-up-completed"}:
                assert state == type(state)()


Study.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestStudy = Study.TestCase
