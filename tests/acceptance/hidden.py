"""Looking for a planted text wherever it could have come to lie."""

from __future__ import annotations

import base64
import io
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.acceptance.pair import Pair


def disguises(text: bytes) -> tuple[bytes, ...]:
    """An ASCII text as it is, in hexadecimal, and in base64 at each of its three alignments."""
    return tuple(_disguises(text))


def _disguises(text: bytes) -> Iterator[bytes]:
    yield text
    yield text.hex().encode()
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + text)
        yield encoded[4 if shift else 0 : -4]


def files_with(patterns: Sequence[bytes], *folders: Path) -> list[str]:
    """The files below these folders that hold one of the patterns."""
    told = [argument for pattern in patterns for argument in ("-e", pattern.decode())]
    command = ["grep", "-rlaF", *told, *map(str, folders)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout.splitlines()


def tables(pair: Pair) -> set[str]:
    """Every table of the installation."""
    rows = pair.sql(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname NOT LIKE 'pg\\_temp%'"
    )
    return {row["name"] for row in rows}


def copied(pair: Pair, table: str) -> bytes:
    """A table's rows as PostgreSQL sends them: nothing compressed."""
    return pair.run(_copied(pair, table))


async def _copied(pair: Pair, table: str) -> bytes:
    out = io.BytesIO()
    async with pair.pool.acquire() as connection:
        await connection.copy_from_query(f"SELECT * FROM {table}", output=out, format="binary")
    return out.getvalue()
