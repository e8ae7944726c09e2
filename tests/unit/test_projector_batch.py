"""From records to a slice that follows on the cursor: gaps, repeats, broken records, another history."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.trust.canonical import canonical, leaf_hash
from services.projector.errors import Behind, Forked, Unfoldable
from services.projector.following.batch import Cursor, Slice, by_shard
from services.projector.following.stage import COLUMNS, stage
from tests.integration.projector_world import LEDGER, Record, World


def _records(count: int = 6) -> list[Record]:
    world = World()
    for number in range(count):
        world.register(f"p-{number}")
    return world.records


def _slice(records: list[Record], first: int = 0, before: Record | None = None) -> Slice:
    return Slice(World().shard, first, before).take(records)


def _cursor(records: list[Record], position: int) -> Cursor:
    leaf = leaf_hash(records[position - 1].value or b"") if position else None
    return Cursor(World().shard, position, LEDGER, leaf)


def test_repeats_are_dropped_and_the_event_before_is_kept_to_be_compared() -> None:
    records = _records()
    taken = _slice([*records[2:4], *records[1:], *records], first=3)
    assert (taken.first, taken.end, taken.before) == (3, 6, records[2])


def test_a_slice_ends_at_a_gap() -> None:
    records = _records()
    taken = _slice([*records[:2], *records[3:]])
    assert (taken.end, taken.gap) == (2, True)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b'{"sequence":"x"}',
        b'{"id":"e","type":"t","time":7,"data":{},"sequence":"2"}',
    ],
)
def test_a_slice_ends_before_a_record_that_is_no_event(value: bytes | None) -> None:
    records = _records()
    taken = _slice([*records[:2], Record(records[0].partition, 2, value), *records[2:]])
    assert taken.end == 2
    assert taken.broken is not None
    assert "position 2, offset 2" in taken.broken


def test_an_unknown_type_is_named_and_ends_the_slice() -> None:
    world = World()
    event = world.record("learning.feast-held", "2026-01-01T00:00:00Z", {}, "feast/1")
    taken = _slice(world.records)
    assert taken.broken is not None
    assert event in taken.broken
    assert "chengzhang.learning.feast-held.v1" in taken.broken


def test_an_event_of_another_shard_or_ledger_ends_the_slice() -> None:
    other = World(office="o-3")
    other.register("p-1")
    assert other.shard != World().shard
    assert "partition of shard" in str(_slice([Record(World().shard, 0, other.records[0].value)]).broken)
    foreign = World(ledger="urn:chengzhang:ledger:another")
    for number in range(3):
        foreign.register(f"p-{number}")
    assert "another ledger" in str(_slice([*_records(2), *foreign.records[2:]]).broken)


def test_what_another_projector_applied_is_not_applied_again() -> None:
    records = _records()
    rest = _slice(records).after(_cursor(records, 4))
    assert (rest.first, rest.end, rest.before) == (4, 6, records[3])
    assert _slice(records[:3]).after(_cursor(records, 5)).facts == []


def test_a_batch_that_begins_after_the_cursor_is_refused() -> None:
    records = _records()
    with pytest.raises(Behind):
        _slice(records[3:], first=3, before=records[2]).after(_cursor(records, 2))


def test_another_event_before_the_cursor_is_another_history() -> None:
    records = _records()
    cursor = Cursor(World().shard, 3, LEDGER, leaf_hash(b"something else"))
    with pytest.raises(Forked, match="another event"):
        _slice(records[3:], first=3, before=records[2]).after(cursor)
    with pytest.raises(Forked, match="doesn't hold"):
        _slice(records[3:], first=3).after(cursor)


def test_a_revocation_is_staged_as_the_fact_it_takes_back() -> None:
    world = World()
    event = world.talk("p-1", "p-2")
    world.revoke(event)
    staged = stage(world.records[1].value or b"")
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in staged.care]
    assert [(row["person"], row["nth"], row["sign"], row["position"]) for row in rows] == [
        ("p-1", 1, -1, 1),
        ("p-2", 2, -1, 1),
    ]
    assert (rows[0]["event_id"], rows[0]["type"]) == (event, "chengzhang.talk.talk-held.v1")
    assert rows[0]["occurred_at"] == datetime(2026, 3, 5, 3, tzinfo=UTC)
    assert [row[COLUMNS.index("event_id")] for row in staged.fact] == [world.events[1]["id"]]  # and is a fact itself


def test_sealed_text_is_left_out_but_for_names() -> None:
    world = World()
    world.register("p-1")
    world.talk("p-1", "p-2")
    registered, held = (stage(record.value or b"") for record in world.records)
    assert '"ct"' in registered.fact[0][-1]
    assert '"ct"' not in held.care[0][-1]


def test_unknown_members_are_ignored() -> None:
    world = World()
    world.register("p-1")
    assert stage(canonical({**world.events[0], "added": "later"})).ledger == LEDGER


def test_no_content_is_repeated_in_an_error() -> None:
    with pytest.raises(Unfoldable) as caught:
        stage(b'{"type":"secret words"}')
    assert "secret words" not in str(caught.value)


def test_a_batch_mixes_partitions() -> None:
    assert {
        shard: len(part) for shard, part in by_shard([Record(1, 0, b""), Record(2, 0, b""), Record(1, 1, b"")]).items()
    } == {
        1: 2,
        2: 1,
    }
