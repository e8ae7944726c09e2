"""Foreign records, behind the last of ours on the topics: logged, counted, and noted for ``recorder status``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import aiosql
import structlog

from services.common.kafka.macs import Strangers
from services.recorder.ledger.database import Connection
from services.recorder.metrics import FOREIGN

_QUERIES: Final[Any] = aiosql.from_path(Path(__file__).with_suffix(".sql"), "asyncpg", mandatory_parameters=False)
Log: Final = structlog.get_logger("strangers")


async def note(connection: Connection, topic: str, found: Mapping[int, Strangers]) -> None:
    """Tell those that nobody has told yet."""
    for shard, seen in found.items():
        if seen.last is None:
            continue
        before = await _QUERIES.last(connection, topic=topic, shard=shard)
        if new := seen.after(-1 if before is None else before):
            told, at = str(seen.last), seen.last.offset
            await _QUERIES.note(connection, topic=topic, shard=shard, count=new, offset=at, told=told)
            FOREIGN.labels(topic).inc(new)
            Log.warning("foreign-records", count=new, last=str(seen.last))


async def cleared(connection: Connection, topic: str, shard: int) -> None:
    """The partition was emptied: they are gone with it."""
    await _QUERIES.clear(connection, topic=topic, shard=shard)
