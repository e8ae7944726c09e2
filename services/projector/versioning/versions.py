"""Versions of the read models: each in a schema of its own, with its cursors and the SQL that folds it.

One is live: the public views in ``office`` show it. One may be building beside it. Old ones are kept until dropped.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Self

import aiosql
import asyncpg
import orjson

from services.projector import database
from services.projector.database import CURSOR, VERSIONS, Connection
from services.projector.errors import Lost, NotRunning
from services.projector.interpreting import figures, fold
from services.projector.read_models import ReadModel
from services.projector.relations import TABLES

CHECK: Final = 0  # the number of the one that `projector verify` makes for itself
BASE: Final[Any] = aiosql.from_path(database.FOLDER / "base.sql", "asyncpg")
# What each version begins with in its schema: tables of facts, then what views ask, by the rule packs of this code.
_FIGURES: Final = {
    "{study}": figures.study_figures,
    "{talks}": figures.talk_figures,
    "{sessions}": figures.session_figures,
    "{appraisals}": figures.appraisal_figures,
    "{conditions}": figures.condition_figures,
    "{caps}": figures.cap_figures,
}
FOUNDATION: Final[str] = BASE.version.sql + reduce(
    lambda asked, told: asked.replace(told[0], told[1]()),
    _FIGURES.items(),
    (database.FOLDER / "asked.sql").read_text(encoding="utf-8"),
)
BASE_TABLES: Final = (*TABLES, "office_month")
_COMMENT: Final = re.compile(r"(^|\s)--[^\n]*")


@dataclass(frozen=True, slots=True)
class Version:
    """One version. ``digest`` tells which tables and folds made it, ``compared`` how it differed from the live one.

    ``views`` is the digest of the public ones that show it; ``missing`` are tables that somebody has dropped.
    """

    number: int
    digest: str
    staging: str
    steps: tuple[fold.Step, ...]
    tables: tuple[str, ...]
    compared: Mapping[str, Any] | None = None
    views: str | None = None
    missing: tuple[str, ...] = ()

    @classmethod
    def of(cls, number: int, models: Sequence[ReadModel]) -> Self:
        """The version that these read models make."""
        steps = tuple(fold.batch(models))
        tables = (*BASE_TABLES, *(model.name for model in models if model.stored))
        return cls(number, digest(models), BASE.staging.sql, steps, tables)

    @classmethod
    def read(cls, row: asyncpg.Record) -> Self:
        """As it was entered."""
        compared = None if row["compared"] is None else orjson.loads(row["compared"])
        steps = tuple(fold.Step(sql, frozenset(types), revoking) for sql, types, revoking in orjson.loads(row["steps"]))
        tables, missing = tuple(row["tables"]), tuple(row["missing"])
        return cls(row["number"], row["digest"], row["staging"], steps, tables, compared, row["views"], missing)

    @property
    def schema(self) -> str:
        """Where its tables are."""
        return database.schema_of(self.number)


def digest(models: Sequence[ReadModel]) -> str:
    """SHA-256 of all that makes rows, whatever the comments and spaces in it: not of views and queries."""
    tables = [fold.table(model) for model in models if model.stored]
    return digest_of([FOUNDATION, BASE.staging.sql, *tables, *(step.sql for step in fold.batch(models))])


def digest_of(texts: Iterable[str]) -> str:
    """SHA-256 of these statements, whatever the comments and spaces in them."""
    plain = (" ".join(_COMMENT.sub(" ", text).split()) for text in texts)
    return hashlib.sha256("\0".join(plain).encode()).hexdigest()


async def live(connection: Connection) -> Version:
    """The one that answers. Raises NotRunning where nothing has ever been made, Lost where it was dropped by hand."""
    found = await entered(connection)
    if not found.missing:
        return found
    names = ", ".join(found.missing)
    raise Lost(
        f"{found.schema} holds the live read models, and these tables are gone from it: {names}. Were they dropped by "
        "hand? Events make them again: `projector rebuild --start-over` begins with empty ones, which the running "
        "projector fills. More in docs/how-to/recover.md, “The read models are lost”.",
        f"现用的读模型在 {found.schema} 中，但其中缺少这些表：{names}。是否被手工删除？它们可由事件重新生成："
        "`projector rebuild --start-over` 从空的读模型开始，由运行中的投影服务重新填入。"
        "详见 docs/how-to/recover.zh-CN.md 的“读模型丢失”一节。",
    )


async def entered(connection: Connection) -> Version:
    """The one that should answer, whatever is left of it. Raises NotRunning where nothing has ever been made."""
    try:
        row = await VERSIONS.in_state(connection, state="live")
    except asyncpg.UndefinedTableError:
        row = None
    if row is None:
        raise NotRunning("No projector has run on this database yet.", "该数据库上尚未运行过投影服务。")
    return Version.read(row)


async def building(connection: Connection) -> Version | None:
    """The one that is being built, if any."""
    row = await VERSIONS.in_state(connection, state="building")
    return None if row is None else Version.read(row)


async def positions(connection: Connection, consumer: str, version: Version) -> dict[int, int]:
    """Where each shard of a version comes next."""
    await connection.execute(f"SET search_path TO {version.schema}")
    rows = [row async for row in CURSOR.read_cursors(connection, consumer=consumer)]
    return {row["shard"]: row["next"] for row in rows}
