"""What the parts of a shard's check share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from services.recorder.archive.held import Archive
from services.recorder.audit.verifying.problems import Findings
from services.recorder.audit.verifying.rows import Rows

ROWS: Final = 1000  # a statement, and a portion of the fold

Tick = Callable[[int], None]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """A shard to check; ``source`` is its ledger's, of ``shards``; ``archive`` has what left it.

    ``states``: whether they are of this code's fold.
    """

    url: str
    shard: int
    shards: int
    source: str
    archive: Archive | None = None
    states: bool = True


@dataclass(frozen=True, slots=True)
class Work:
    """One shard's check: a snapshot to read in, where to note what is found, whom to tell of every row."""

    connection: asyncpg.Connection[asyncpg.Record]
    rows: Rows
    part: Whole
    findings: Findings
    tick: Tick
