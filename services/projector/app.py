"""The projector, wired: one process that folds events and answers questions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import structlog
import uvloop

from services.common.collecting import collect_rarely
from services.common.http.serving import background, check_address, server
from services.common.settings import Settings
from services.common.telling import log
from services.common.telling.log import raised
from services.common.tokens.grants import Grants
from services.projector import read_models
from services.projector.api.live import Live
from services.projector.api.moves import Moves
from services.projector.api.names import Names
from services.projector.api.reading import Reading
from services.projector.api.service import create
from services.projector.following.engine import Engine
from services.projector.following.fetch import Consumer
from services.projector.following.progress import Progress
from services.projector.following.topic import login
from services.projector.read_models import ReadModel
from services.projector.settings import consumer_name

_RETRY_SECONDS: Final = 1.0
_log = structlog.get_logger(__name__)


def serve(settings: Settings, *, only_check: bool = False) -> None:
    """Run until SIGINT or SIGTERM; or only see whether it could. Raises GrantsError, NoSuchAddress, NoLogin."""
    log.configure(settings.log_level, settings.log_file)
    grants = Grants.load(settings.tokens, settings.token_uses_of("projector"))
    check_address(settings)
    login(settings)
    if not only_check:
        collect_rarely()
        uvloop.run(_serve(settings, grants))


async def _serve(settings: Settings, grants: Grants) -> None:
    progress, models = Progress(), read_models.load()
    async with _reading(settings, models) as reading, background(_consume(settings, models, progress)):
        await server(settings, create(reading, grants, progress, settings)).serve()


@asynccontextmanager
async def _reading(settings: Settings, models: tuple[ReadModel, ...]) -> AsyncIterator[Reading]:
    """What the API reads from; opened without a database, which may come later."""
    live = Live(settings.database_url)
    moves = Moves(settings.database_url, live, consumer_name(settings))
    client = httpx.AsyncClient(base_url=settings.recorder_url, timeout=3, trust_env=False)
    try:
        async with client, background(moves.listen()):
            by_name = {model.name: model for model in models}
            yield Reading(live, moves, Names(client), by_name, consumer_name(settings), settings.shards)
    finally:
        live.terminate()


async def _consume(settings: Settings, models: tuple[ReadModel, ...], progress: Progress) -> None:
    """Consume for as long as the process lives: whatever ended it, begin again from the cursor."""
    while True:
        engine = Engine(settings.database_url, consumer_name(settings), models)
        try:
            await engine.open(settings.shards)
            await Consumer(settings, engine, progress).run()
        except Exception as error:  # noqa: BLE001  # logged and tried again, never forgotten
            _log.error("consuming-interrupted", raised=raised(error), reason=_reason(error))
        await engine.close()
        await asyncio.sleep(_RETRY_SECONDS)


def _reason(error: Exception) -> str | None:
    """Our own errors' words; others' may repeat contents."""
    return str(error) if type(error).__module__.startswith("services.") else None
