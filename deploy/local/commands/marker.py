"""``HOME/sample.json``: which sample this stack was given, so that a second start does not publish it again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Marker:
    """The sample's size and, once it is recorded, how far a reader has to have read. ``until``: an instant."""

    office: str
    year: int
    until: str
    at_least: str | None = None
    rejected: int = 0


def load(home: Path) -> Marker | None:
    """The marker; None where there is none that can be read."""
    try:
        fields: dict[str, Any] = json.loads(_path(home).read_text(encoding="utf-8"))
        return Marker(**fields)
    except (OSError, ValueError, TypeError):
        return None


def save(home: Path, marker: Marker) -> None:
    """Write the marker, whole or not at all."""
    draft = _path(home).with_suffix(".new")
    draft.write_text(json.dumps(asdict(marker)), encoding="utf-8")
    draft.replace(_path(home))


def _path(home: Path) -> Path:
    return home / "sample.json"
