"""What the topic says of erasures, of events that a read-only shard's ledger lacks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.recorder.ledger.database import Ledger
from services.recorder.vault.ahead import Ahead, _fact
from services.recorder.vault.vault import Owner

LEDGER = Ledger(UUID("6f1c9c2e-6c0f-5b1a-9d0e-0123456789ab"), 8)


def _record(type_: str, **changed: object) -> Any:  # noqa: ANN401  # as Kafka gives it
    event = {
        "type": f"chengzhang.people.{type_}.v1", "source": LEDGER.source, "id": "e-1", "office": "o-2",
        "sequence": f"{7:019d}", "data": {"person": "p-1"},
    }  # fmt: skip
    return SimpleNamespace(partition=3, value=orjson.dumps(event | changed))


def test_erasures_count() -> None:
    assert _fact(_record("person-erased"), LEDGER) == Ahead(3, 7, Owner("o-2", "p-1"))


@pytest.mark.parametrize(
    "record",
    [
        _record("hold-placed"),
        _record("person-erased", source="urn:chengzhang:ledger:another"),
        _record("person-erased", data="none"),
        _record("person-erased", sequence="none"),
        SimpleNamespace(partition=3, value=b"chengzhang.people.person-erased.v1"),
        SimpleNamespace(partition=3, value=None),
    ],
)
def test_nothing_else_does(record: Any) -> None:  # noqa: ANN401  # as Kafka gives it
    assert _fact(record, LEDGER) is None
