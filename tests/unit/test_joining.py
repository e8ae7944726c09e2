"""Files join where both offices say so: whatever else anybody claims."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.common.joining import Place, files

_OFFICES = ("a", "b", "c", "d")
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def _place(office: str, day: int, previous: str | None = None, *went_to: str) -> Place:
    return Place(office, _BEGUN + timedelta(days=day), previous, went_to)


def test_a_move_that_both_recorded_joins_in_its_order() -> None:
    places = [_place("b", 2, None, "a"), _place("a", 1, "b", "c"), _place("c", 3, "a")]
    assert files(places) == [["b", "a", "c"]]


def test_neither_word_alone_joins() -> None:
    assert files([_place("a", 1), _place("b", 2, "a")]) == [["a"], ["b"]]
    assert files([_place("a", 1, None, "b"), _place("b", 2)]) == [["a"], ["b"]]
    assert files([_place("a", 1, None, "b"), _place("b", 2, "c")]) == [["a"], ["b"]]


def test_the_file_begun_first_comes_first_whatever_the_ids() -> None:
    assert files([_place("a", 5), _place("z", 1), _place("b", 3)]) == [["z"], ["b"], ["a"]]


def test_a_circle_is_one_file() -> None:
    places = [_place("b", 1, "a", "a", "c"), _place("a", 2, "b", "b"), _place("c", 3, "b")]
    assert sorted(files(places)[0]) == ["a", "b", "c"]
    assert len(files(places)) == 1


def test_nobody_knows_the_person() -> None:
    assert files([]) == []


@given(
    st.dictionaries(
        st.sampled_from(_OFFICES),
        st.tuples(st.none() | st.sampled_from(_OFFICES), st.sets(st.sampled_from(_OFFICES))),
    )
)
def test_two_are_in_one_file_exactly_where_moves_lead_from_one_to_the_other(
    said: dict[str, tuple[str | None, set[str]]],
) -> None:
    linked = {frozenset((new, old)) for new, (old, _) in said.items() if old in said and new in said[old][1]}
    reached = {office: {office} for office in said}
    for _ in said:
        for one in said:
            reached[one] |= {b for a in reached[one] for b in said if frozenset((a, b)) in linked}
    found = files([_place(office, 1, old, *new) for office, (old, new) in said.items()])
    assert sorted(office for file in found for office in file) == sorted(said)
    assert all(set(file) == reached[office] for file in found for office in file)
