"""The connection pool, the named queries, and which ledger it is."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

import aiosql
import asyncpg

from services.common.acting import act_as
from services.recorder.errors import NotAllowed, Unavailable

# Generic in the type checker's eyes only.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
ROLE: Final = "recorder"  # of the database: it owns ledger and vault
FOLDER: Final = Path(__file__).parent
QUERIES: Final[Any] = aiosql.from_path(FOLDER / "queries.sql", "asyncpg", mandatory_parameters=False)

# What a broken or restarting server raises, and what trying again cures: deadlock, lock timeout, idle timeout.
TRANSIENT: Final = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says of a connection that was cut at the wrong moment
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
# Another server answers there: it knows no such user or database.
NOT_OURS: Final = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)

# A lock that isn't had in 10 s, or a transaction left open for 30 s, is given up: the batch is tried again.
SESSION: Final = {
    "application_name": "chengzhang-recorder",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "synchronous_commit": "on",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger's identity: its id is part of every event, its shard count is for ever."""

    id: UUID
    shards: int

    @property
    def source(self) -> str:
        """The CloudEvents source of its events."""
        return f"urn:chengzhang:ledger:{self.id}"


# What is asked many times a second is planned once: its plans don't depend on how much is asked for.
KEPT_PLANS: Final = {"plan_cache_mode": "force_generic_plan"}


async def connect(url: str, *, largest: int = 12, serving: bool = False) -> Pool:
    """A pool of connections to the ledger's database; none is made before it is used. ``serving``: plans are kept."""
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=largest,
        server_settings=SESSION | (KEPT_PLANS if serving else {}),
        command_timeout=60,
        timeout=10,
        init=_act,
        reset=_keep,
    )


async def _act(connection: Connection) -> None:
    await act_as(connection, ROLE)


@contextmanager
def allowed() -> Iterator[None]:
    """What the database's user has no right to: NotAllowed, which says what."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotAllowed(
            f"the database's user may not do this ({error}). Use the installation's own, as in stack.env.",
            f"数据库用户无权执行此操作（{error}）。请使用本安装自己的用户，见 stack.env。",
        ) from error


@contextmanager
def reached() -> Iterator[None]:
    """What a command or a request can't be answered for: Unavailable or NotAllowed. Programming errors pass."""
    try:
        with allowed():
            yield
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise Unavailable(
            "no recorder of this version has been started on this database yet.",
            "该数据库上尚未启动过此版本的记录服务。",
        ) from error
    except (*TRANSIENT, *NOT_OURS) as error:
        why = type(error).__name__
        raise Unavailable(
            f"the ledger's database can't be reached ({why}).", f"无法连接账本数据库（{why}）。"
        ) from error


async def _keep(connection: Connection) -> None:
    """Reset nothing when a connection is given back: nobody here changes its session, and it costs a round trip."""


async def founded(connection: Connection) -> Ledger:
    """The ledger that was founded here. Raises Unavailable where none was, or not to its end."""
    row = await QUERIES.installation(connection)
    if row is None:
        raise Unavailable(
            "this ledger has no identity: the table ledger.installation is empty.",
            "账本没有标识：表 ledger.installation 是空的。",
        )
    return Ledger(row["ledger"], row["shards"])


async def ledger_of(pool: Pool) -> Ledger:
    """The same, over a pool. Raises Unavailable, NotAllowed."""
    with reached():
        async with pool.acquire(timeout=10) as connection:
            return await founded(connection)
