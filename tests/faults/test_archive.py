"""``recorder archive``, killed at every step: the next run goes on; what leaves and comes back is what was there."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg

from services.common.settings import Settings
from tests.support.history import copied
from tests.support.servers import Servers
from tests.support.service import ran

LEAVING = ["archive-written", "archive-manifest", "archive-noted", "archive-leaving", "archive-left"]
EVENTS = "SELECT e.* FROM ledger.event AS e ORDER BY shard, position"


async def test_archiving_survives_a_kill_at_every_step(servers: Servers, aged: Settings, tmp_path: Path) -> None:
    async with copied(servers, aged) as settings:
        before = await _rows(settings, EVENTS)
        for step in LEAVING:
            assert _run(settings, step, "--before", "2025", "--out", str(tmp_path), "--yes") == -9, step
            assert _whole(await _rows(settings, EVENTS), tmp_path, len(before)), step
        assert _run(settings, "", "--before", "2025", "--out", str(tmp_path), "--yes") == 0
        left = await _rows(settings, EVENTS)
        assert {row["recorded_at"].year for row in left}.isdisjoint({2023, 2024})
        assert _run(settings, "archive-returning:2", "--bring-back", str(tmp_path)) == -9
        assert _run(settings, "", "--bring-back", str(tmp_path)) == 0
        assert await _rows(settings, EVENTS) == before


def _run(settings: Settings, step: str, *arguments: str) -> int:
    return ran(settings, "recorder", "archive", *arguments, fault=step).returncode


def _whole(rows: list[asyncpg.Record], folder: Path, events: int) -> bool:
    """Whether ledger and folder hold every position, however far it came."""
    held = {(row["shard"], row["position"]) for row in rows}
    for path in folder.glob("*/*/manifest.json"):
        manifest = json.loads(path.read_bytes())
        held |= {(manifest["shard"], at) for at in range(manifest["first"], manifest["last"] + 1)}
    return len(held) == events


async def _rows(settings: Settings, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()
