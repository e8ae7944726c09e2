"""Whose the last batches were: what a recorder may keep of what it knows, and when it knows nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.recorder.domain.deciding.core import Key, Thing
from services.recorder.ledger.appending import recent
from services.recorder.ledger.appending.working import Working

batches = st.lists(st.tuples(st.integers(1, 5), st.sets(st.sampled_from("abc"), min_size=1)), max_size=8)


@given(batches, st.integers(-1, 45))
def test_what_is_told_is_all_that_happened_since(made: list[tuple[int, set[str]]], at: int) -> None:
    text, ends, following = recent.NOTHING, [0], 0
    for count, offices in made:
        text = recent.noted(text, following, following + count, offices)
        following += count
        ends.append(following)
    told = recent.since(text, at, following)
    if at in ends[-5:-1]:  # four batches are kept
        assert told == frozenset().union(*(offices for _, offices in made[ends.index(at) :]))
    else:
        assert told is None


def test_a_hole_or_many_offices_tell_nothing() -> None:
    text = recent.noted(recent.NOTHING, 0, 3, {"a"})
    assert recent.since(text, 0, 3) == frozenset({"a"})
    assert recent.since(text, 0, 5) is None, "something else moved the shard to 5"
    assert recent.since(recent.noted(text, 5, 6, {"b"}), 0, 6) is None, "and from 3 to 5"
    many = recent.noted(text, 3, 99, {f"o-{number}" for number in range(33)})
    assert recent.since(many, 0, 99) is None
    assert len(many) < 100


def test_only_the_states_of_those_offices_are_forgotten() -> None:
    keys: list[Key] = [("talk", "a/t-1"), ("talk", "b/t-1"), ("talk", "ab/t-1")]
    working = Working()
    working.begin(0)
    working.load(keys, [])
    working.apply({key: Thing(event="e") for key in keys})
    working.commit(3)
    working.begin(5, recent.noted(recent.noted(recent.NOTHING, 0, 3, {"a", "b", "ab"}), 3, 5, {"a"}))
    assert working.missing(keys) == [keys[0]]
    working.begin(6, recent.NOTHING)  # the batch before was given up
    assert working.missing(keys) == keys
