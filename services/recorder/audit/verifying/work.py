"""What the parts of a shard's check share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.recorder.audit.verifying.problems import Findings

ROWS: Final = 1000  # a statement, and a portion of the fold

Tick = Callable[[int], None]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """A shard to check, of a ledger with so many. ``archived`` are first and last of what lies in ``archive``."""

    url: str
    ledger: UUID
    shard: int
    shards: int
    archive: Path | None = None
    archived: tuple[tuple[int, int], ...] = ()

    @property
    def source(self) -> str:
        """What the ledger's events say that they are of."""
        return f"urn:chengzhang:ledger:{self.ledger}"


@dataclass(frozen=True, slots=True)
class Work:
    """One shard's check: a snapshot to read in, where to note what is found, whom to tell of every row."""

    connection: asyncpg.Connection[asyncpg.Record]
    part: Whole
    findings: Findings
    tick: Tick
