"""What machines of the domain's subjects share: an office, what of it stands, and that all of it can be taken back."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from services.recorder.domain.deciding.core import Event, Key, Rejection, State
from tests.unit.office import Office, correction

Json = dict[str, Any]
LATE = "2026-12-31T18:00:00+08:00"


class Life(RuleBasedStateMachine):
    """Whatever people send, correct and revoke. ``told``: the events that stand, in the order of their recording."""

    def __init__(self) -> None:
        super().__init__()
        self.office = self.begun()
        self.before = held(self.office.states)
        self.told: list[Event] = []

    def begun(self) -> Office:
        """The office before anything of the subject is recorded."""
        raise NotImplementedError

    def send(self, name: str, data: Json, at: str = LATE) -> list[Any] | Rejection:
        """An action: accepted or not."""
        decided = self.office.submit(name, data, at)
        if not isinstance(decided, Rejection):
            self.told += decided
        return decided

    def replace(self, old: Event, name: str, data: Json, at: str = LATE) -> bool:
        """A correction of something that stands: whether it was accepted."""
        decided = self.office.submit("any.correct-entry", correction(old, name, data, at))
        if isinstance(decided, Rejection):
            return False
        self.told = [event for event in self.told if event is not old] + decided[1:]
        return True

    def take_back(self, event: Event) -> bool:
        """A revocation: whether it was accepted."""
        decided = self.office.submit("any.revoke-entry", {"event": event.id, "reason": "mistake"})
        if isinstance(decided, Rejection):
            assert decided.code == "rests-on-it"
            return False
        self.told = [each for each in self.told if each is not event]
        return True

    def events(self, *names: str) -> list[Event]:
        """Those of a type that stand."""
        types = {f"chengzhang.{name}.v1" for name in names}
        return [event for event in self.told if event.data.TYPE in types]

    def of(self, *names: str) -> list[Any]:
        """What they say."""
        return [event.data for event in self.events(*names)]

    @rule(place=st.integers(0, 50))
    def revoke(self, place: int) -> None:
        """Anything that stands, whether others rest on it or not."""
        if self.told:
            self.take_back(self.told[place % len(self.told)])

    def teardown(self) -> None:
        """All of it can be taken back, what rests on others first; then the office is as it was."""
        while self.told:
            taken = [self.take_back(event) for event in reversed(self.told)]
            assert any(taken), self.told
        assert held(self.office.states) == self.before


def held(states: dict[Key, State]) -> dict[Key, State]:
    """The states without marks of the past and without what equals never having been written."""
    return {key: state for key, state in states.items() if key[0] != "revocation" and state != type(state)()}
