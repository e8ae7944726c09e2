"""The bytes that are put together from parts are the canonical ones of the whole object."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas.base import Stamp
from schemas.envelope import EventEnvelope
from schemas.life.work import OutputFiled
from schemas.receipt import Receipt
from schemas.trust.canonical import canonical
from services.recorder.domain.deciding.core import Event
from services.recorder.ledger.appending.bodies import Address, accepted, frame
from tests.unit.office import MONDAY, checked

SOURCE = "urn:chengzhang:ledger:00000000-0000-4000-8000-000000000000"
RECORDED = "2026-03-02T01:00:00.000000Z"
tokens = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
numbers = st.integers(0, 2**53 - 1)


def _filed(title: str) -> OutputFiled:
    return OutputFiled(
        output="u-1", lead="p-1", participants=("p-2",), line="information", title=title, level="office",
        effect="adopted", stamps=(Stamp(person="p-1", section="s-1", tier="staff"), Stamp(person="p-2")),
    )  # fmt: skip


@given(tokens, tokens, st.sampled_from([None, "hand", "machine"]), st.sampled_from([None, "00-" + "0" * 51]), numbers)
def test_an_event_is_written_as_its_envelope_would_be(
    actor: str, ident: str, entry: str | None, trace: str | None, position: int
) -> None:
    data = {"output": "u-1", "lead": "p-1", "line": "information", "title": "t", "level": "office", "effect": "adopted"}
    action = checked("work.file-output", data, MONDAY, "a-1")
    action = action._replace(
        actor=actor, id=ident, source=actor, entry=entry, typed=7 if entry else None, traceparent=trace
    )
    event = Event(action.event_id(0), "o-1", "output/u-1", action.time, _filed(actor))
    written = frame(SOURCE, 7, RECORDED, "study-app", action, event).written(event, position, 3)
    fields = orjson.loads(written)
    assert written == canonical(fields)
    assert (fields["actor"], fields["by"]) == (actor, "study-app")
    assert (fields["causationsource"], fields["causationid"]) == (actor, ident)
    assert (fields.get("entry"), fields.get("traceparent")) == (entry, trace)
    assert fields.get("typed") == (7 if entry else None)
    later = frame(SOURCE, 7, RECORDED, "study-app", action, event, first=False).written(event, position, 3)
    assert orjson.loads(later) == {name: value for name, value in fields.items() if name != "typed"}
    assert (fields["sequence"], fields["streamversion"], fields["shard"]) == (f"{position:019d}", 3, 7)
    assert EventEnvelope.model_validate(fields).source == SOURCE
    assert OutputFiled.model_validate(fields["data"]) == event.data


@given(tokens, tokens, st.lists(numbers, max_size=3))
def test_a_receipt_is_written_as_its_fields_would_be(source: str, ident: str, positions: list[int]) -> None:
    to = Address(3, 41, RECORDED, "o-1", source, ident, "chengzhang.work.file-output.v1", "study-app")
    written = accepted(to, [("e", "chengzhang.work.output-filed.v1", "output/u-1", 1, at) for at in positions])
    assert written == canonical(orjson.loads(written))
    receipt = Receipt.model_validate_json(written)
    assert (receipt.source, receipt.id, receipt.outcome, receipt.final) == (source, ident, "accepted", True)
    assert receipt.by == "study-app"
    assert receipt.at_least == (f"3:{positions[-1]}" if positions else None)
    assert [event.position for event in receipt.events] == positions
