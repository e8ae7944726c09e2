"""How far the read models have come: the projector is asked as a command, for it is another service."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import orjson

from services.common.settings import Settings
from services.recorder.errors import Unavailable


class Standing(NamedTuple):
    """A shard of the read models: ``next`` is the position that comes next; ``error`` says why it is halted."""

    next: int
    error: str | None


async def standing(settings: Settings) -> dict[int, Standing]:
    """Each shard's, by ``projector status --json``. Raises Unavailable."""
    try:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("projector"),
            "status",
            "--json",
            env={**os.environ, **settings.environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise Unavailable(
            "there is no command projector here, and it knows how far the read models are.",
            "此处没有 projector 命令，无从得知读模型的进度。",
        ) from error
    out, said = await process.communicate()
    try:
        shards = orjson.loads(out)["shards"]
        return {shard["shard"]: Standing(shard["next"], shard["error"]) for shard in shards}
    except (ValueError, KeyError, TypeError):
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise Unavailable(
            f"how far the read models are is not known: {last}", f"无从得知读模型的进度：{last}"
        ) from None
