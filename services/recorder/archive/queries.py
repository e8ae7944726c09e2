"""The named queries of archiving."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import aiosql

QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_name("archive.sql"), "asyncpg", mandatory_parameters=False)
