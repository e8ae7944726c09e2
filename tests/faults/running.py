"""Commands of the recorder as processes of their own, which may be told to kill themselves at a step."""

from __future__ import annotations

import asyncio
import json

from services.common.settings import Settings
from tests.faults.load import Json
from tests.support.service import ran


async def succeeds(settings: Settings, *arguments: str) -> Json:
    """Run it; what it says with ``--json``. AssertionError where it fails."""
    ended = await asyncio.to_thread(ran, settings, "recorder", *arguments, "--json")
    assert ended.returncode == 0, (ended.stdout.decode(), ended.stderr.decode())
    told: Json = json.loads(ended.stdout)
    return told


async def dies(settings: Settings, *arguments: str, at: str) -> None:
    """Run it; it must kill itself at that step."""
    ended = await asyncio.to_thread(ran, settings, "recorder", *arguments, fault=at)
    assert ended.returncode == -9, (at, ended.stdout.decode(), ended.stderr.decode())
