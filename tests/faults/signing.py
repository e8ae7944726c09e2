"""The recorder's checkpointer alone, until all it signed is delivered."""

from __future__ import annotations

import asyncio

from services.common.settings import Settings
from services.recorder.ledger import database, founding
from services.recorder.status.figures import status
from services.recorder.trust.schedule import Checkpointer


async def _run(settings: Settings) -> None:
    pool = await database.connect(settings.database_url)
    checkpointer = Checkpointer(pool, await founding.found(pool, settings.shards), settings)
    await checkpointer.start()
    done = False
    while not done:
        await asyncio.sleep(0.05)
        done = await _done(settings)
    await checkpointer.stop()
    pool.terminate()


async def _done(settings: Settings) -> bool:
    found = await status(settings)
    return not found.checkpoints_waiting and all((each.checkpoint or 0) == each.next for each in found.shards)


def main() -> None:
    """Run it, with the settings of the environment."""
    asyncio.run(_run(Settings.load()))
