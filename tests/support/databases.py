"""An empty database for each test. To make one costs PostgreSQL many times what it costs to empty one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import pytest

from tests.support.patience import PATIENCE
from tests.support.servers import Servers

_OTHERS: Final = """SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_SCHEMAS: Final = r"""SELECT string_agg(quote_ident(nspname), ', ') FROM pg_namespace
  WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'"""
_PUBLIC: Final = """CREATE SCHEMA public AUTHORIZATION pg_database_owner;
  COMMENT ON SCHEMA public IS 'standard public schema';
  GRANT USAGE ON SCHEMA public TO PUBLIC"""
# All that can be set or left behind outside schemas, settings and rights on what PostgreSQL brings included.
_STANDS: Final = r"""SELECT
  (SELECT (datdba, datacl, datconnlimit)::text FROM pg_database WHERE datname = current_database()),
  (SELECT string_agg((nspname, nspowner, nspacl)::text, '' ORDER BY nspname) FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_t%'),
  (SELECT string_agg((oid, proacl)::text, '' ORDER BY oid) FROM pg_proc WHERE proacl IS NOT NULL OR oid >= 16384),
  (SELECT string_agg((oid, relacl)::text, '' ORDER BY oid) FROM pg_class WHERE relacl IS NOT NULL OR oid >= 16384),
  (SELECT string_agg((oid, typacl)::text, '' ORDER BY oid) FROM pg_type WHERE typacl IS NOT NULL OR oid >= 16384),
  (SELECT string_agg((lanname, lanacl)::text, '' ORDER BY lanname) FROM pg_language),
  (SELECT count(*) FROM pg_largeobject_metadata),
  (SELECT count(*) FROM pg_default_acl),
  (SELECT count(*) FROM pg_extension),
  (SELECT count(*) FROM pg_event_trigger),
  (SELECT count(*) FROM pg_publication),
  (SELECT string_agg(setconfig::text, '') FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))"""
_empty: Final[dict[str, Any]] = {}  # of this process, by name: how each stood when it was new


@pytest.fixture
async def database(database_server: Servers) -> AsyncIterator[str]:
    """The URL of an empty database: one that was emptied after another test, or a new one."""
    name, new = _empty.popitem() if _empty else await made(database_server)
    yield database_server.database_url(name)
    if await emptied(database_server, name) == new:
        _empty[name] = new
    else:
        await dropped(database_server, name)


async def made(servers: Servers) -> tuple[str, Any]:
    """Make one; its name, and how it stands."""
    name = f"test_{uuid.uuid4().hex}"
    await _administer(servers, f"CREATE DATABASE {name}")
    async with _connected(servers, name) as connection:
        return name, await connection.fetchrow(_STANDS)


async def emptied(servers: Servers, name: str) -> Any:  # noqa: ANN401  # a record
    """Empty it, and say how it stands; None where a test took it away or closed it."""
    try:
        async with _connected(servers, name) as connection:
            await connection.execute(_OTHERS)
            await connection.execute(f"DROP SCHEMA {await connection.fetchval(_SCHEMAS)} CASCADE; {_PUBLIC}")
            return await connection.fetchrow(_STANDS)
    except asyncpg.PostgresError:
        return None


async def dropped(servers: Servers, name: str) -> None:
    """Drop it, whoever is in it."""
    await _administer(servers, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _administer(servers: Servers, statement: str) -> None:
    async with _connected(servers, "postgres") as connection:
        await connection.execute(statement)


@asynccontextmanager
async def _connected(servers: Servers, name: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(servers.database_url(name))
    try:
        async with asyncio.timeout(PATIENCE):
            yield connection
    finally:
        await connection.close()
