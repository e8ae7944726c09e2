"""The first version of the read models, and the live one's views, at a projector's start."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from services.projector import database
from services.projector.database import VERSIONS, Connection
from services.projector.interpreting import view
from services.projector.read_models import ReadModel
from services.projector.versioning import versions
from services.projector.versioning.versions import Version

_log = structlog.get_logger(__name__)


async def create(url: str, models: Sequence[ReadModel]) -> None:
    """Create what is missing: the first version, or new columns of the live one's views."""
    connection = await database.connect(url, database.FIRST)
    try:
        async with versions.alone(connection), connection.transaction():
            await connection.execute(versions.BASE.control.sql)
            await _first(connection, models)
            found = await versions.live(connection)
            if found.digest == versions.digest(models):
                await _show_changed(connection, found, models)
            else:
                _log.warning("live-built-by-other-folds", version=found.number, remedy="projector rebuild")
    finally:
        connection.terminate()


async def _first(connection: Connection, models: Sequence[ReadModel]) -> None:
    if await VERSIONS.live_number(connection) is not None:
        return
    await versions.make(connection, Version.of(1 + await VERSIONS.highest(connection), models), models, "live")


async def _show_changed(connection: Connection, version: Version, models: Sequence[ReadModel]) -> None:
    """Leave readers of the views alone where they need not change."""
    views = versions.digest_of(map(view.view, models))
    if await VERSIONS.views(connection, number=version.number) != views:
        await versions.show(connection, version, models)
