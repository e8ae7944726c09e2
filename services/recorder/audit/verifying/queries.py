"""The named queries of verifying, and a connection for one part of the work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiosql
import asyncpg

from services.recorder.ledger.database import reached

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("verify.sql"), "asyncpg", mandatory_parameters=False)
_SESSION: Final = {"application_name": "chengzhang-verify", "jit": "off"}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that waits for nobody's locks and holds none. Raises Unavailable."""
    with reached():
        connection = await asyncpg.connect(url, timeout=10, server_settings=_SESSION)
        try:
            yield connection
        finally:
            connection.terminate()
