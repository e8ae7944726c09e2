"""Connections. Each sees the tables of one version of the read models, by default the live one's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import aiosql
import asyncpg
import orjson

from services.common.acting import act_as

FOLDER: Final = Path(__file__).parent
ROLE: Final = "projector"  # of the database: it owns the read models
FIRST: Final = "office_v1"  # the schema of the first version
CHANNEL: Final = "office_moved"
CURSOR: Final[Any] = aiosql.from_path(FOLDER / "cursor.sql", "asyncpg")
VERSIONS: Final[Any] = aiosql.from_path(FOLDER / "versions.sql", "asyncpg")
_SESSION: Final = {
    "application_name": "chengzhang-projector",
    "search_path": FIRST,
    "timezone": "UTC",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    # What the server does where a projector vanishes without a word, so that its locks don't outlive it for hours.
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
}
FOLDING_SECONDS: Final = 300.0  # the most that one statement of a batch may take; then its connection is given up
# The same on this side; by name, since not every system has all of them: the first is macOS's for the second.
_KEPT: Final = (("TCP_KEEPALIVE", 60), ("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6))

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

# The connection is gone, refused or useless, or the server is short of something: the same again may well pass.
TRANSIENT: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)


class _Kept(asyncpg.Connection):
    """A connection that is found dead within minutes where its server vanishes without a word, also while it waits."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:  # noqa: ANN401  # asyncpg's own
        """As asyncpg makes it."""
        super().__init__(protocol, transport, *rest)
        _keep(transport.get_extra_info("socket"))


def _keep(connected: socket.socket) -> None:
    if connected.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEPT:
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def connect(
    url: str,
    schema: str | None = None,
    session: Mapping[str, str] = MappingProxyType({}),
    command_timeout: float | None = None,
) -> Connection:
    """A connection of its own, such as the one that folds; without a schema, on the live version.

    Without a ``command_timeout`` a statement may take as long as it takes: comparing whole versions, waiting for locks.
    """
    settings = _SESSION | dict(session) | ({"search_path": schema} if schema else {})
    connection: Connection = await asyncpg.connect(
        url, server_settings=settings, timeout=10, command_timeout=command_timeout, connection_class=_Kept
    )
    await act_as(connection, ROLE)
    if schema is None:
        with suppress(asyncpg.UndefinedTableError):  # nothing has run here yet
            number = await VERSIONS.live_number(connection)
            await connection.execute(f"SET search_path TO {schema_of(number)}")
    return connection


@asynccontextmanager
async def connected(
    url: str, schema: str | None = None, session: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Connection]:
    """The same for as long as it is needed; then it is given up, in whatever state it is."""
    connection = await connect(url, schema, session)
    try:
        yield connection
    finally:
        connection.terminate()


def schema_of(number: int | None) -> str:
    """Where a version has its tables; 0 is the one that `projector verify` makes for itself."""
    return FIRST if number is None else f"office_v{number}" if number else "office_check"


async def pool(url: str, schema: str, largest: int) -> Pool:
    """A pool for reading one version. It connects when used: without a database, the service starts all the same."""
    made: Pool = await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=largest,
        server_settings=_SESSION | {"default_transaction_read_only": "on", "search_path": schema},
        command_timeout=30,
        timeout=10,
        connection_class=_Kept,
        init=_read_json,
    )
    return made


async def _read_json(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
