"""The named queries of verifying, and a connection for one part of the work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiosql
import asyncpg

from services.recorder.errors import Unavailable
from services.recorder.ledger.database import TRANSIENT

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("verify.sql"), "asyncpg", mandatory_parameters=False)
_SESSION: Final = {"application_name": "chengzhang-verify", "jit": "off"}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that waits for nobody's locks and holds none. Raises Unavailable."""
    try:
        connection = await asyncpg.connect(url, timeout=10, server_settings=_SESSION)
        try:
            yield connection
        finally:
            connection.terminate()
    except asyncpg.UndefinedTableError as error:
        raise Unavailable("no recorder has founded a ledger here yet.") from error
    except TRANSIENT as error:
        raise Unavailable(f"the ledger's database can't be reached ({type(error).__name__}).") from error
