"""How far the read models have come."""

import asyncio
from typing import NamedTuple

from services.common.settings import Settings
from services.recorder.audit.projector import asking
from services.recorder.errors import Unavailable


class Standing(NamedTuple):
    """A shard of the read models: ``next`` is the position that comes next; ``error`` says why it is halted."""

    next: int
    error: str | None


async def standing(settings: Settings) -> dict[int, Standing]:
    """Each shard's, by ``projector status --json``. Raises Unavailable."""
    with asking(settings, "status") as answer:
        code, told, said = await asyncio.to_thread(answer)
    if code is None:
        raise Unavailable(
            "there is no command projector here, and it knows how far the read models are.",
            "此处没有 projector 命令，无从得知读模型的进度。",
        )
    try:
        return {shard["shard"]: Standing(shard["next"], shard["error"]) for shard in told["shards"]}
    except (KeyError, TypeError):
        raise Unavailable(
            f"how far the read models are is not known: {said}", f"无从得知读模型的进度：{said}"
        ) from None
