"""The roles of the database on the stack's own PostgreSQL: what each does, and with psql what each must not."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.servers import postgres
from services.projector import read_models
from services.projector.versioning import making
from services.recorder.vault.vault import Owner
from tests.integration.projector_world import World, engine_on, fold
from tests.support.ledger import bench, section
from tests.support.stack import OwnServers

_SERVICES: Final = ("recorder", "projector")
_READERS: Final = ("reporter", "auditor")
_EVERYBODY: Final = ("owner", *_SERVICES, *_READERS)
_READS: Final = {
    "the ledger": "SELECT body FROM ledger.event",
    "its states": "SELECT state FROM ledger.state",
    "receipts": "SELECT receipt FROM ledger.receipt",
    "quarantine": "SELECT raw FROM ledger.quarantine",
    "keys": "SELECT wrapped FROM vault.data_key",
    "facts": "SELECT data FROM office_v1.fact",
    "cursors": "SELECT next FROM office_v1.cursor",
    "views": "SELECT office FROM office.growth_entry",
    "how far the ledger is": "SELECT shard, size FROM ledger.shard",
    "hashes": "SELECT shard, position, leaf_hash FROM ledger.event",
    "hashes in tiles": "SELECT hashes FROM ledger.tile",
    "versions": "SELECT number FROM projector.version",
}
_MAY_READ: Final = {
    "owner": set(_READS),
    "recorder": {
        "the ledger",
        "its states",
        "receipts",
        "quarantine",
        "keys",
        "how far the ledger is",
        "hashes",
        "hashes in tiles",
        "views",
    },
    "projector": {"facts", "cursors", "views", "versions", "how far the ledger is", "hashes", "hashes in tiles"},
    "reporter": {"views"},
    "auditor": {"the ledger", "receipts", "how far the ledger is", "hashes", "hashes in tiles"},
}
_WRITES: Final = {
    "an event": "UPDATE ledger.event SET body = body WHERE false",
    "no event": "DELETE FROM ledger.event WHERE false",
    "a receipt": "UPDATE ledger.receipt SET receipt = receipt WHERE false",
    "a checkpoint": "DELETE FROM ledger.checkpoint WHERE false",
    "a key": "UPDATE vault.data_key SET wrapped = NULL WHERE false",
    "a fact": "DELETE FROM office_v1.fact WHERE false",
    "a cursor": "UPDATE office_v1.cursor SET next = 0 WHERE false",
    "a version": "UPDATE projector.version SET state = 'old' WHERE false",
    "the ledger's tables": "ALTER TABLE ledger.event ADD COLUMN more text",
    "a view": "CREATE VIEW office.more_of_it AS SELECT 1 AS one",
    "an office's view": "DROP VIEW office.work_output",
    "a table in office": "CREATE TABLE office.more ()",
    "a table in ledger": "CREATE TABLE ledger.more ()",
    "a table in vault": "CREATE TABLE vault.more ()",
}
_LEDGER: Final = {
    "an event", "no event", "a receipt", "a checkpoint", "a key", "the ledger's tables", "a table in ledger",
    "a table in vault",
}  # fmt: skip
_MAY_WRITE: Final = {"recorder": _LEDGER, "projector": set(_WRITES) - _LEDGER, "reporter": set(), "auditor": set()}
_NOBODY: Final = {
    "a role": "CREATE ROLE another",
    "a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "another's password": "ALTER ROLE postgres PASSWORD 'known'",
    "a database": "CREATE DATABASE another",
    "a file": "SELECT pg_read_file('/etc/hostname')",
    "a folder": "SELECT pg_ls_dir('/')",
    "a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a file to write": "COPY (SELECT 1) TO '/tmp/never'",
    "settings": "ALTER SYSTEM SET log_statement = 'all'",
    "an extension": "CREATE EXTENSION file_fdw",
    "the superuser": "SET ROLE postgres",
}
_READERS_NEVER: Final = {
    "a shard's lease": "SELECT pg_try_advisory_lock(0, 0)",
    "what a new year waits for": "SELECT pg_advisory_xact_lock(x'79656172'::bigint)",
    "the log": "SELECT pg_logical_emit_message(false, 'x', 'y')",
    "more on the disk": "SET temp_file_limit = -1",
    "a large object": "SELECT lo_create(0)",
    "a large object's content": "SELECT lo_from_bytea(0, 'x')",
}


@pytest.fixture
async def database(process_servers: OwnServers) -> AsyncIterator[dict[str, str]]:
    """A database as the stack makes its own: each role's URL. Filled by the services' own code, as their roles."""
    name, url = f"roles_{secrets.token_hex(6)}", process_servers.database_url
    async with postgres._connected(url("postgres")) as admin:
        await admin.execute(f"CREATE DATABASE {name} OWNER {postgres.OWNER}")
        async with postgres._connected(url(name)) as inside:
            await inside.execute(postgres._ROLES_SQL.read_text())
            await inside.execute(postgres._ROLES_SQL.read_text())  # it may be run again
        try:
            yield {role: _url(process_servers, name, role) for role in _EVERYBODY}
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _url(servers: OwnServers, name: str, role: str) -> str:
    role = postgres.OWNER if role == "owner" else role
    password, port = postgres.password_of(role, servers.state.password), servers.state.ports.postgres
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{name}"


def _psql(url: str, statement: str) -> str:
    """What psql says against it; nothing where it may. Nothing is done for good."""
    password = str(urlsplit(url).password)
    bare = url.replace(f":{password}@", "@")
    script = statement if statement.startswith(("CREATE DATABASE", "ALTER SYSTEM")) else f"BEGIN; {statement}; ROLLBACK"
    ended = subprocess.run(
        [postgres.programs() / "bin" / "psql", bare, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", script],
        env={"PATH": os.defpath, "PGPASSWORD": password},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if ended.returncode == 0 else ended.stderr


async def _filled(database: dict[str, str]) -> None:
    """Both services begin, each as its own role, and do their work."""
    async with bench(database["recorder"]) as ledger:
        await ledger.accepted(section())
        assert await ledger.vault.keys([Owner("o-1", "p-1")])
        assert await ledger.pool.fetchval("SELECT current_user") == "recorder"
    await making.found(database["projector"], read_models.load())
    world = World()
    world.register("p-1")
    world.output("p-1")
    async with engine_on(database["projector"]) as engine:
        await fold(engine, world.records)


async def test_each_does_its_own_and_no_more(database: dict[str, str]) -> None:
    await _filled(database)
    for role, may in _MAY_READ.items():
        found = {name for name, statement in _READS.items() if not _psql(database[role], statement)}
        assert found == may, role
    for role, may in _MAY_WRITE.items():
        found = {name for name, statement in _WRITES.items() if not _psql(database[role], statement)}
        assert found == may, role
    for role in _EVERYBODY:
        for name, statement in _NOBODY.items():
            refused = _psql(database[role], statement)
            assert any(word in refused for word in ("permission denied", "must be", "Only roles")), (
                role,
                name,
                refused,
            )


def test_nobody_of_them_comes_into_another_database(process_servers: OwnServers) -> None:
    for role in _EVERYBODY:
        for other in ("postgres", "template1"):
            assert "permission denied" in _psql(_url(process_servers, other, role), "SELECT 1"), (role, other)


async def _connections(url: str, most: int) -> int:
    """How many there can be at once."""
    held: list[asyncpg.Connection[asyncpg.Record]] = []
    try:
        while len(held) < most:
            held.append(await asyncpg.connect(url))
    except asyncpg.TooManyConnectionsError:
        pass
    finally:
        for connection in held:
            await connection.close()
    return len(held)


async def test_who_only_reads_holds_up_nobody(database: dict[str, str]) -> None:
    """A lock by its number is a service's lease, and connections are everybody's."""
    lease = _READERS_NEVER["a shard's lease"]
    for role in _READERS:
        for name, statement in _READERS_NEVER.items():
            assert "permission denied" in _psql(database[role], statement), (role, name)
        assert 0 < await _connections(database[role], 40) < 40, role
    for role in ("owner", *_SERVICES):
        assert not _psql(database[role], lease), role


async def test_a_command_of_the_owner_makes_what_the_services_go_on_with(database: dict[str, str]) -> None:
    """The commands are run with the owner's URL: what they make belongs to the service."""
    async with bench(database["owner"]) as ledger:
        await ledger.accepted(section("s-1"))
    await making.found(database["owner"], read_models.load())
    owners = (
        "SELECT DISTINCT n.nspname, pg_get_userbyid(c.relowner) AS owner FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('ledger', 'vault', 'office', 'office_v1', 'projector')"
    )
    connection = await asyncpg.connect(database["owner"])
    try:
        found = {(row["nspname"], row["owner"]) for row in await connection.fetch(owners)}
    finally:
        await connection.close()
    ours = {("ledger", "recorder"), ("vault", "recorder")}
    assert found == ours | {(name, "projector") for name in ("office", "office_v1", "projector")}
    await _filled(database)


async def test_one_user_for_all_needs_none_of_them(process_servers: OwnServers) -> None:
    """As in somebody's own PostgreSQL: the user owns the database, and that is all."""
    name, role, password = f"one_{secrets.token_hex(6)}", f"one_{secrets.token_hex(6)}", secrets.token_hex(8)
    async with postgres._connected(process_servers.database_url("postgres")) as admin:
        await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        await admin.execute(f"CREATE DATABASE {name} OWNER {role}")
        url = f"postgresql://{role}:{password}@127.0.0.1:{process_servers.state.ports.postgres}/{name}"
        try:
            async with bench(url) as ledger:
                await ledger.accepted(section("s-1"))
            await making.found(url, read_models.load())
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            await admin.execute(f"DROP ROLE {role}")
