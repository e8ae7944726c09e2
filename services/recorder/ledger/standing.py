"""Where the ledger and its shards stand."""

from typing import Any, Final

import aiosql

from services.recorder.ledger.database import FOLDER

QUERIES: Final[Any] = aiosql.from_path(FOLDER / "standing.sql", "asyncpg", mandatory_parameters=False)
