"""Whoever reads Kafka here reads others' batches within bounds: no consumer is made without saying so."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

_SERVICES: Final = Path(__file__).parents[2] / "services"
_READING: Final = (" = AIOKafkaConsumer(", "_subscriber = ")
_READERS: Final = sorted(
    path for path in _SERVICES.rglob("*.py") if any(made in path.read_text(encoding="utf-8") for made in _READING)
)


def test_there_are_some() -> None:
    assert len(_READERS) >= 5


@pytest.mark.parametrize("path", _READERS, ids=lambda path: path.relative_to(_SERVICES).as_posix())
def test_a_module_that_makes_a_consumer_bounds_what_it_reads(path: Path) -> None:
    assert "patch.install()" in path.read_text(encoding="utf-8")
