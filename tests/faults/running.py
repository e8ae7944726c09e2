"""Commands of the recorder as processes of their own, which may be told to kill themselves at a step."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from services.common.settings import Settings
from tests.faults.installation import PATIENCE, service
from tests.faults.load import Json


def command(settings: Settings, *arguments: str, fault: str = "") -> subprocess.CompletedProcess[bytes]:
    """``recorder …`` as a process of its own."""
    environment = service("recorder", settings)._env | {"CHENGZHANG_FAULT": fault}
    line = [sys.executable, "-m", "services.recorder.cli", *arguments]
    return subprocess.run(line, env=environment, capture_output=True, check=False, timeout=PATIENCE)


async def succeeds(settings: Settings, *arguments: str) -> Json:
    """Run it; what it says with ``--json``. AssertionError where it fails."""
    ended = await asyncio.to_thread(command, settings, *arguments, "--json")
    assert ended.returncode == 0, (ended.stdout.decode(), ended.stderr.decode())
    told: Json = json.loads(ended.stdout)
    return told


async def dies(settings: Settings, *arguments: str, at: str) -> None:
    """Run it; it must kill itself at that step."""
    ended = await asyncio.to_thread(command, settings, *arguments, fault=at)
    assert ended.returncode == -9, (at, ended.stdout.decode(), ended.stderr.decode())
