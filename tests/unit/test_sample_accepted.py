"""The sample against the rules: the recorder's domain has nothing to say against any of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import orjson
import pytest

from deploy.local.sample import year
from deploy.local.sample.draft import refusal_of
from schemas.base import Sealed
from services.recorder.domain import decider
from services.recorder.domain.deciding.core import Action, Event, Key, Rejection, S, State
from services.recorder.intake.reading import Readable, read

NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
SEAL = Sealed(alg="A256GCM", kid="k", aad="00000000-0000-5000-8000-000000000000", iv="AA", ct="AA")


class World:
    """Every state that was ever written; any other is empty."""

    def __init__(self) -> None:
        self.states: dict[Key, State] = {}
        self.events: dict[str, Event] = {}

    def of(self, kind: type[S], key: Key) -> S:
        state = self.states.get(key) or kind()
        assert isinstance(state, kind)
        return state

    def take(self, line: bytes) -> Rejection | None:
        found = read(orjson.loads(line), line)
        assert isinstance(found, Readable)
        if found.action is None:
            return found.refusal
        decided = decider.decide(self, self._prepared(found.action), NEXT_YEAR)
        if isinstance(decided, Rejection):
            return decided
        for event in decided:
            self.events[event.id] = event
            self.states |= decider.evolve(self, event)
        return None

    def _prepared(self, action: Action) -> Action:
        if decider.aims(action.data) and (target := self.events.get(action.data.event)):
            action = decider.aimed(action, target)
        action = decider.citing(action, self.events)
        if action.replacement:
            action = action._replace(replacement=self._prepared(action.replacement))
        return action._replace(sealed=dict.fromkeys(action.data.SEALED, SEAL), gist=action.data.gist())


TRIED = ("barred-grade", "over-quota", "not-eligible")


@pytest.mark.parametrize(
    ("size", "tried"),
    [
        (year.Size(2026, 1, 24, 7), TRIED),
        (year.Size(2026, 2, 60, 3), TRIED),
        (year.Size(2025, 1, 7, 5), TRIED),
        (year.Size(2004, 1, 6, 1), TRIED[1:]),  # who is warned is the recruit, too, and has no grade anyway
    ],
)
def test_the_recorder_accepts_all_but_what_is_only_tried(size: year.Size, tried: tuple[str, ...]) -> None:
    world, known = World(), Counter[str]()
    for line in year.lines(size):
        why, code = world.take(line), refusal_of(orjson.loads(line))
        assert (why.code if why else None) == code, (line, why)
        known.update([code] if code else [])
    assert known == dict.fromkeys(tried, size.offices)
