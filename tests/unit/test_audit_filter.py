"""Which events a replay is about, days and instants, and an event's position in its bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trust.canonical import canonical
from schemas.trust.mac import sequence
from services.common.telling.moments import first_of, last_of
from services.recorder.audit.replaying.filters import Filter, about


def test_a_day_is_shanghais_from_its_start_to_its_end() -> None:
    assert first_of("2026-06-30") == datetime(2026, 6, 29, 16, tzinfo=UTC)
    assert last_of("2026-06-30") == datetime(2026, 6, 30, 15, 59, 59, 999_999, tzinfo=UTC)
    assert first_of("2026-06-30T12:00:00Z") == last_of("2026-06-30T20:00:00+08:00")
    assert first_of("2026-07-01") - last_of("2026-06-30") == timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-06-30T12:00:00", "2026-06-30 12:00:00+08:00", ""])
def test_what_is_neither_is_refused(text: str) -> None:
    for read in (first_of, last_of):
        with pytest.raises(ValueError, match=r".*"):
            read(text)


@pytest.mark.parametrize(
    ("data", "stream", "said"),
    [
        ({"person": "p-1"}, "session/s-1", True),
        ({"stamps": [{"person": "p-1", "section": None}]}, "session/s-1", True),
        ({"fact": {"data": {"participants": ["p-2", "p-1"]}}}, "talk/t-1", True),
        ({}, "person/p-1", True),
        ({"person": "p-12"}, "session/p-1", False),
        ({"title": "about p-1"}, "person/p-12", False),
    ],
)
def test_who_an_event_is_about(data: dict[str, object], stream: str, said: bool) -> None:
    event = {"data": data, "partitionkey": stream}
    assert about(event, "p-1") is said
    assert Filter(person="p-1").kept([canonical(event)]) == ([canonical(event)] if said else [])


def test_who_sent_an_event() -> None:
    ours, theirs = ({"by": by, "data": {"by": "study", "person": "study"}} for by in ("study", "study-2"))
    assert Filter(by="study").kept([canonical(ours), canonical(theirs)]) == [canonical(ours)]


texts = st.text(max_size=30)


@given(position=st.integers(0, 10**19 - 1), title=texts, ident=texts, time=texts.filter(lambda t: "sequence" not in t))
def test_the_position_is_found_whatever_stands_before_it(position: int, title: str, ident: str, time: str) -> None:
    """A text of an app's may look like a position; those come before the recorder's own in the order of the keys."""
    lying = f'{title}"sequence":"{"7" * 19}'
    fields = {"causationid": ident, "data": {"sequence": "1", "title": lying}, "sequence": f"{position:019d}"}
    assert sequence(canonical({**fields, "shard": 3, "time": time})) == position


@pytest.mark.parametrize("body", [None, b"", b"{}", b'{"sequence":"12"}', b'{"sequence":"000000000000000000x"}'])
def test_what_is_no_event_has_no_position(body: bytes | None) -> None:
    assert sequence(body) is None
